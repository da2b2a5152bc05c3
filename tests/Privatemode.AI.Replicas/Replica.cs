using System.Diagnostics;
using System.Reflection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Replicas;

/// <summary>An application in a process of its own, which verifies a deployment once.</summary>
internal static class Replica
{
    public const string Verified = "verified";

    private static readonly TimeSpan MaxRunTime = TimeSpan.FromMinutes(1);

    /// <summary>Starts a replica and waits for its end.</summary>
    /// <param name="deployment">The deployment that it verifies.</param>
    /// <param name="redis">The address of the shared cache, or an empty text for none.</param>
    /// <returns>What it wrote: <see cref="Verified"/> and how long that took, or why it failed.</returns>
    public static async Task<string> StartAsync(PrivatemodeTestDeployment deployment, string redis)
    {
        string[] program = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? [Assembly.GetEntryAssembly()!.Location] : [];
        ProcessStartInfo start = new(Environment.ProcessPath!, [.. program, "replica", deployment.Endpoint.AbsoluteUri, redis])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process child = Process.Start(start)!;
        InsecureLoopbackTrust trust = deployment.InsecureLoopbackTrust;
        string amd = string.Join(',', trust.AmdRootKeySha256.Select(root => $"{root.Key.Value}={root.Value}"));
        await child.StandardInput.WriteLineAsync($"{deployment.ApiKey} {trust.ManifestEndpoint} {trust.IntelRootKeySha256} {amd}");
        await child.StandardInput.FlushAsync();
        Task<string> output = child.StandardOutput.ReadToEndAsync();
        using CancellationTokenSource limit = new(MaxRunTime);
        try
        {
            await child.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            child.Kill();
            return $"not ended within {MaxRunTime}";
        }

        return (await output).Trim();
    }

    /// <summary>What a replica does. Its trust is a line of its standard input.</summary>
    public static async Task<int> RunAsync(Uri deployment, string redis)
    {
        string[] trust = (await Console.In.ReadLineAsync() ?? "").Split(' ');
        ServiceCollection services = new();
        if (redis.Length > 0)
        {
            _ = services.AddStackExchangeRedisCache(options => options.Configuration = redis);
        }

        _ = services.AddPrivatemode((provider, options) =>
        {
            options.Endpoint = deployment;
            options.ApiKey = trust[0];
            options.WarmUp = WarmUpMode.Disabled;
            options.Verification.CollateralCache = provider.GetService<IDistributedCache>();
            options.Verification.InsecureLoopbackTrust = new InsecureLoopbackTrust
            {
                CollateralEndpoint = deployment,
                ManifestEndpoint = new Uri(trust[1]),
                IntelRootKeySha256 = trust[2],
                AmdRootKeySha256 = trust[3].Split(',').Select(root => root.Split('=')).ToDictionary(root => new AmdProduct(root[0]), root => root[1]),
            };
        });
        await using ServiceProvider provider = services.BuildServiceProvider();
        Stopwatch time = Stopwatch.StartNew();
        try
        {
            _ = await provider.GetRequiredPrivatemodeClient().VerifyAsync();
            Console.WriteLine($"{Verified} in {time.ElapsedMilliseconds} ms");
            return 0;
        }
        catch (PrivatemodeException exception)
        {
            Console.WriteLine(exception.Message);
            return 1;
        }
    }
}
