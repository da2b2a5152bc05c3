using System.Globalization;

namespace Privatemode.AI.Soak;

/// <summary>One run: callers and disturbances for a while, a look at what is left, the rest of the time, and another look.</summary>
internal sealed class SoakRun(SoakOptions options)
{
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(20);

    private readonly Tally _tally = new(Provocations.Verification | Provocations.Integrity);
    private readonly List<object> _leaked = [];

    /// <returns>Whether nothing was violated.</returns>
    public async Task<bool> RunAsync()
    {
        TaskScheduler.UnobservedTaskException += (_, args) => _tally.Violate($"an exception of a task was not observed: {args.Exception}");
        if (!WireScan.FindsAllForms())
        {
            _tally.Violate("the scan of the socket does not find what it looks for");
        }

        await using SoakHost host = await SoakHost.StartAsync(_tally, new ModelScript(_tally, options));
        Disturbances disturbances = new(host, options);
        Caller[] callers = [.. Enumerable.Range(0, options.Clients).Select(number => new Caller(host, options, _tally, number))];
        long began = TimeProvider.System.GetTimestamp();
        Measurement first = await PhaseAsync(host, disturbances, callers, options.WarmUp);
        Console.WriteLine($"after {TimeProvider.System.GetElapsedTime(began):mm\\:ss}: {first}, {_tally.Calls:N0} calls");
        Measurement last = await PhaseAsync(host, disturbances, callers, options.Duration - options.WarmUp);
        Console.WriteLine($"after {TimeProvider.System.GetElapsedTime(began):mm\\:ss}: {last}, {_tally.Calls:N0} calls");
        foreach (string growth in last.GrownSince(first, options.Clients, options.IsShort))
        {
            _tally.Violate(growth);
        }

        Report(host, disturbances);
        return _tally.Violations == 0;
    }

    private async Task<Measurement> PhaseAsync(SoakHost host, Disturbances disturbances, Caller[] callers, TimeSpan time)
    {
        using CancellationTokenSource end = new(time);
        Task disturbing = disturbances.RunAsync(end.Token);
        Task breaking = BreakAsync(host, end.Token);
        await Task.WhenAll(callers.Select(caller => Task.Run(() => caller.RunAsync(end.Token))));
        await disturbing;
        await breaking;
        await QuietAsync(host);
        return Measurement.Take();
    }

    /// <summary>Waits until nothing of the calls is left.</summary>
    private async Task QuietAsync(SoakHost host)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (host.Held() is { Length: > 0 } held)
        {
            if (TimeProvider.System.GetElapsedTime(began) > QuietTime)
            {
                _tally.Violate($"left after all calls ended: {held}");
                break;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        // Connections of the callers, which are closed now, are noticed by the server a moment later, too.
        GC.Collect();
        await Task.Delay(options.Rest, TimeProvider.System);
    }

    private void Report(SoakHost host, Disturbances disturbances)
    {
        string[] kinds = [.. Caller.Kinds.Select(kind => kind.Name)];
        foreach (string kind in _tally.NeverRight(kinds))
        {
            _tally.Violate($"{kind}: not one call was answered, so this run says nothing about it");
        }

        // Each jump of the clock ends a secret, or lets it be renewed; the last ones may come after the last call.
        int jumps = disturbances.Counts.Where(entry => entry.Key.StartsWith("secret ", StringComparison.Ordinal)).Sum(entry => entry.Value);
        if (host.Deployment.KeyExchangeCount < jumps - 2)
        {
            _tally.Violate($"{jumps} renewals were due, and there were {host.Deployment.KeyExchangeCount} key exchanges");
        }

        if (host.Wire.Bytes < 1000)
        {
            _tally.Violate("the scan of the socket saw next to nothing");
        }

        Console.WriteLine();
        Console.WriteLine(_tally.ToTable(kinds));
        Console.WriteLine("disturbances: " + string.Join(", ", disturbances.Counts.Select(entry => $"{entry.Value} {entry.Key}")));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"scanned at the socket of the deployment: {host.Wire.Bytes:N0} bytes of {host.Wire.Connections:N0} connections; "
            + $"{host.Deployment.KeyExchangeCount:N0} key exchanges"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(_tally.Violations == 0 ? "PASSED" : "FAILED")}: {_tally.Calls:N0} calls, {_tally.Violations:N0} violations, seed {options.Seed}"));
    }

    /// <summary>Does what the run must notice.</summary>
    private async Task BreakAsync(SoakHost host, CancellationToken end)
    {
        using HttpClient plain = new();
        while (options.Breakage is Breakage.Plaintext or Breakage.Leak && !end.IsCancellationRequested)
        {
            if (options.Breakage == Breakage.Plaintext)
            {
                using StringContent body = new($"a{Convert.ToHexStringLower(System.Text.Encoding.ASCII.GetBytes(Marker.Sentinel))}");
                using HttpResponseMessage answer = await plain.PostAsync(new Uri(host.Deployment.Endpoint, "/elsewhere"), body, CancellationToken.None);
            }
            else
            {
                _leaked.Add(File.OpenRead(typeof(SoakRun).Assembly.Location));
                _leaked.Add(new byte[1024 * 1024]);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }
    }
}
