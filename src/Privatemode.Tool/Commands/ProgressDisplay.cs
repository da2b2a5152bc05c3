using System.Globalization;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Spectre.Console;

namespace Privatemode.Tool.Commands;

/// <summary>Shows on stderr that something takes time.</summary>
internal static class ProgressDisplay
{
    /// <summary>Shows a spinner with the elapsed time while a task runs, if a person reads stderr.</summary>
    public static async Task<T> WhileAsync<T>(ToolContext context, Output output, string what, Task<T> work)
    {
        if (output.HasErrorColor)
        {
            long start = context.Time.GetTimestamp();
            await output.ErrorConsole.Status().StartAsync(Markup.Escape(what), async status =>
            {
                while (!work.IsCompleted)
                {
                    _ = await Task.WhenAny(work, Task.Delay(TimeSpan.FromMilliseconds(500), context.Time));
                    double seconds = context.Time.GetElapsedTime(start).TotalSeconds;
                    status.Status = Markup.Escape(string.Create(CultureInfo.InvariantCulture, $"{what} {seconds:0} s"));
                }
            });
        }

        return await work;
    }

    /// <summary>Verifies the deployment, and writes what was verified.</summary>
    /// <exception cref="PrivatemodeVerificationException">The deployment was refused.</exception>
    public static async Task<VerifiedDeployment> VerifyAsync(ToolContext context, Output output, PrivatemodeClient client, CancellationToken stop)
    {
        VerifiedDeployment verified = await WhileAsync(context, output, "Verifying the deployment…", client.VerifyAsync(stop));
        output.Hint($"verified: {verified.Tee}, manifest {verified.ManifestSha256[..8]}…, just now");
        return verified;
    }
}
