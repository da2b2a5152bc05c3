using System.Diagnostics;
using System.Globalization;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;

namespace Privatemode.AI.Soak.Scenarios;

/// <summary>The deployment in a process of its own, with a model that can be made to stop in the middle of its answers.</summary>
internal static class Serving
{
    private const int HeldEvent = 3;

    public static async Task<int> RunAsync(SoakOptions options)
    {
        Tally tally = new();
        TaskCompletionSource? hold = null;
        int held = 0;
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new PrivatemodeTestDeploymentOptions
        {
            RecordRequests = false,
            BeforeStreamEvent = PauseAsync,
        });
        deployment.Model.SetFallback(new ModelScript(tally, options).Answer);
        Console.WriteLine(deployment.Endpoint);
        while (await Console.In.ReadLineAsync() is { } command)
        {
            switch (command)
            {
                case "hold":
                    Volatile.Write(ref hold, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                    break;
                case "release":
                    Interlocked.Exchange(ref hold, null)?.SetResult();
                    break;
                case "tamper":
                    deployment.Faults.Inject(Fault.TamperEvent(0));
                    break;
                case "refuse":
                    deployment.Faults.Inject(Fault.UnencryptedError(500), int.MaxValue);
                    break;
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Volatile.Read(ref held)} {deployment.KeyExchangeCount}"));
        }

        return 0;

        async ValueTask PauseAsync(int index, CancellationToken cancellationToken)
        {
            if (index == HeldEvent && Volatile.Read(ref hold) is { } waiting)
            {
                _ = Interlocked.Increment(ref held);
                try
                {
                    await waiting.Task.WaitAsync(cancellationToken);
                }
                finally
                {
                    _ = Interlocked.Decrement(ref held);
                }
            }

            await ModelScript.PauseAsync(index, cancellationToken);
        }
    }
}

/// <summary>A deployment in another process, so that its memory and its threads are not those of the clients.</summary>
internal sealed class ServedDeployment : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Tally _tally;
    private readonly SemaphoreSlim _gate = new(1);

    private ServedDeployment(Process process, Tally tally, Uri endpoint)
    {
        (_process, _tally, Endpoint) = (process, tally, endpoint);
    }

    public Uri Endpoint { get; }

    public static async Task<ServedDeployment> StartAsync(SoakOptions options, Tally tally)
    {
        string program = Environment.ProcessPath!;
        ProcessStartInfo start = new(program) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ServedDeployment).Assembly.Location);
        }

        string breakage = options.Breakage == Breakage.Short ? "short" : "none";
        foreach (string argument in (string[])["--scenario", "serve", "--break", breakage])
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start)!;
        string line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The deployment did not start.");
        return new ServedDeployment(process, tally, new Uri(line));
    }

    public void ConfigureClient(PrivatemodeOptions client)
    {
        client.ApiKey = new PrivatemodeTestDeploymentOptions().ApiKey;
        client.Endpoint = Endpoint;
        client.Verification.InsecureLoopbackTrust = TestTrustAnchors.For(Endpoint).ToTrust();
    }

    /// <summary>Gives an order, or none.</summary>
    /// <returns>How many answers have stopped, and how many keys were exchanged.</returns>
    public async Task<(int Held, int KeyExchanges)> AskAsync(string command = "count")
    {
        await _gate.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(command);
            await _process.StandardInput.FlushAsync();
            while (await _process.StandardOutput.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("VIOLATION", StringComparison.Ordinal))
                {
                    _tally.Violate(line);
                    continue;
                }

                int[] numbers = [.. line.Split(' ').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
                return (numbers[0], numbers[1]);
            }

            throw new InvalidOperationException("The deployment has ended.");
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _ = await AskAsync(); // with the violations it saw
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _gate.Dispose();
    }
}
