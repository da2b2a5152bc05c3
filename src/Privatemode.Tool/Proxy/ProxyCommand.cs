using System.CommandLine;
using Microsoft.Extensions.Logging;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Logging;

namespace Privatemode.Tool.Proxy;

/// <summary><c>privatemode proxy</c>: replaces the service's own proxy (<c>privatemode-proxy</c>), with the same flags.</summary>
internal static class ProxyCommand
{
    public static Command Create(ToolContext context)
    {
        ProxyFlags flags = new();
        Command command = new("proxy", "Run a proxy on this machine for clients of OpenAI's or Anthropic's API");
        flags.AddTo(command);
        command.SetRun(flags.Common, context, async (result, output, stop) =>
        {
            ProxyFlagReader reader = new(flags, result, context);
            ProxySettings settings = reader.Read();
            await using ProxyHost host = await ProxyHost.StartAsync(settings, context);
            Announce(host, settings, output);
            WriteNotes(host.Log, settings, reader.Notes, context);
            return await WaitAsync(host, flags.ExitIfRefused.Read(result), stop);
        });
        return command;
    }

    /// <summary>Writes the address as soon as the proxy listens, because programs that start the proxy wait for this line.</summary>
    private static void Announce(ProxyHost host, ProxySettings settings, Output output)
    {
        if (!output.IsJson)
        {
            output.Line($"Privatemode proxy {Root.Version} listens on {string.Join(", ", host.Urls.Select(Show))}");
            return;
        }

        output.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("schema", "privatemode.proxy/1");
            json.WriteTexts("urls", host.Urls.Select(Show));
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteBoolean("demo", settings.Service.IsDemo);
            json.WriteString("workspace", host.Workspace);
            json.WriteString("logDirectory", host.LogDirectory);
            json.WriteEndObject();
        });
    }

    private static void WriteNotes(ILogger log, ProxySettings settings, List<(LogLevel Level, string Text)> notes, ToolContext context)
    {
        foreach ((LogLevel level, string text) in notes)
        {
            ToolLog.Note(log, level, text);
        }

        if (settings.UsesCallerKeyAsApiKey)
        {
            ToolLog.Keyless(log);
            if (context.Variable(PrivatemodeOptions.ApiKeyEnvironmentVariable) is not null)
            {
                ToolLog.VariableNotRead(log, PrivatemodeOptions.ApiKeyEnvironmentVariable);
            }
        }

        if (settings.Listen.All(System.Net.IPAddress.IsLoopback))
        {
            ToolLog.LoopbackOnly(log);
            if (!settings.UsesCallerKeyAsApiKey && !settings.Service.IsDemo && settings.CallerKeys.Count + settings.CallerKeyFiles.Count == 0)
            {
                ToolLog.OpenToAllUsers(log);
            }
        }

        GpuRevocationPolicy gpu = settings.GpuRevocation;
        string policy = gpu == GpuRevocationPolicy.Strict
            ? "NVIDIA revocation: only a good status is accepted."
            : $"NVIDIA revocation: unknown status accepted, grace period {gpu.RevocationGracePeriod.TotalHours:0} h" +
                (gpu.RevocationGracePeriod == TimeSpan.FromHours(48) ? " (the default of Privatemode's own proxy)" : "") +
                ". For the strict policy use --nvidiaOCSPAllowUnknown=false --nvidiaOCSPRevokedGracePeriod=0.";
        ToolLog.Note(log, LogLevel.Information, policy);
    }

    /// <summary>Waits for Ctrl+C or SIGTERM, which end a proxy with success, or for a refused deployment.</summary>
    private static async Task<int> WaitAsync(ProxyHost host, bool exitsIfRefused, CancellationToken stop)
    {
        try
        {
            if (exitsIfRefused)
            {
                await WaitForFailureAsync(host, stop);
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            ToolLog.Stopping(host.Log, (int)ProxyHost.ShutdownTimeout.TotalSeconds);
        }

        return ExitCodes.Success;
    }

    private static async Task WaitForFailureAsync(ProxyHost host, CancellationToken stop)
    {
        try
        {
            await host.Client.ConnectAsync(stop);
        }
        catch (PrivatemodeException exception)
            when (exception is not (PrivatemodeVerificationException or PrivatemodeIntegrityException or PrivatemodeWouldLeakException))
        {
            // The result could not be determined: the proxy tries again with each request.
            ToolLog.NotVerifiedYet(host.Log, exception.Message);
        }
    }

    private static string Show(Uri url) => url.GetLeftPart(UriPartial.Authority);
}
