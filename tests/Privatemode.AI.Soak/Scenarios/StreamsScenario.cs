using System.Globalization;

namespace Privatemode.AI.Soak.Scenarios;

/// <summary>A thousand streams that are open at once, of one client and of the proxy, while the secret is renewed and another client is disposed.</summary>
internal sealed class StreamsScenario(SoakOptions options, Tally tally)
{
    private const int OtherStreams = 20;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(300);

    private readonly JumpingClock _clock = new();
    private readonly Random _random = new(options.Seed);
    private int _number;

    public async Task<string> RunAsync()
    {
        await using ServedDeployment deployment = await ServedDeployment.StartAsync(options, tally);
        await using PrivatemodeClient client = Create(deployment);
        string direct = await OpenAsync(deployment, client, "client", options.IsLong ? 1000 : 250, () => StreamAsync(client));
        await using ProxyHost proxy = await ProxyHost.StartAsync(_clock, tally, _ => { }, settings => Configure(settings, deployment));
        using HttpClient http = proxy.Connect();
        Func<Call, CancellationToken, Task<Outcome>> stream = ProxyCalls.All().Single(kind => kind.Name == "chat streamed").Run;
        string proxied = await OpenAsync(deployment, proxy.Client, "proxy", options.IsLong ? 1000 : 100, () =>
            stream(new Call(http, proxy.Client, new Random(_random.Next()), NextMarker(), 100, false, _number % SoakHost.Keys), CancellationToken.None));
        return $"{direct}; {proxied}";
    }

    /// <summary>Opens streams, waits until all have stopped in the middle, and lets them go on.</summary>
    private async Task<string> OpenAsync(ServedDeployment deployment, PrivatemodeClient client, string name, int count, Func<Task<Outcome>> stream)
    {
        tally.Add(name, await Ending.OfAsync(stream, Deadline)); // the secret, and the code that is compiled
        long before = GC.GetTotalMemory(forceFullCollection: true);
        _ = await deployment.AskAsync("hold");
        Task<Outcome>[] streams = [.. Enumerable.Range(0, count).Select(_ => Task.Run(() => Ending.OfAsync(stream, Deadline)))];
        await WaitAsync(deployment, name, count, streams);
        double kibibytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1024.0 / count;

        // In the last five minutes of the secret, the next call renews it; another client comes and goes.
        int exchanges = (await deployment.AskAsync()).KeyExchanges;
        _clock.Jump(TimeSpan.FromMinutes(41));
        Task<Outcome> late = Ending.OfAsync(() => ClientCalls.EmbeddingsAsync(NewCall(client), CancellationToken.None), Deadline);
        Task<Outcome>[] others = await DisposeOtherAsync(deployment, count);
        tally.Add("embeddings meanwhile", await late);
        int renewed = await ExchangesAsync(deployment, exchanges + 2);
        _ = await deployment.AskAsync("release");
        foreach (Outcome outcome in await Task.WhenAll([.. streams, .. others]))
        {
            tally.Add(name, outcome.Kind == OutcomeKind.Right ? outcome : Outcome.Violation($"an open stream ended with {outcome.Kind} {outcome.Detail}"));
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"{count} open streams of the {name}, {kibibytes:F0} KiB each, {renewed - exchanges} key exchanges meanwhile");
    }

    /// <summary>Opens streams of another client, and disposes it: they go on, as its documentation says.</summary>
    private async Task<Task<Outcome>[]> DisposeOtherAsync(ServedDeployment deployment, int count)
    {
        await using PrivatemodeClient other = Create(deployment);
        Task<Outcome>[] streams = [.. Enumerable.Range(0, OtherStreams).Select(_ => Ending.OfAsync(() => StreamAsync(other), Deadline))];
        await WaitAsync(deployment, "other client", count + OtherStreams, streams);
        return streams;
    }

    private PrivatemodeClient Create(ServedDeployment deployment)
    {
        PrivatemodeOptions settings = new();
        Configure(settings, deployment);
        return new PrivatemodeClient(settings);
    }

    private void Configure(PrivatemodeOptions settings, ServedDeployment deployment)
    {
        deployment.ConfigureClient(settings);
        settings.TimeProvider = _clock;
        settings.Transport.IdleTimeout = Deadline;
    }

    private async Task WaitAsync(ServedDeployment deployment, string name, int count, Task<Outcome>[] streams)
    {
        long began = TimeProvider.System.GetTimestamp();
        while ((await deployment.AskAsync()).Held is var held && held < count)
        {
            if (streams.FirstOrDefault(stream => stream.IsCompleted) is { } ended)
            {
                tally.Violate($"a stream of the {name} ended before all were open: {await ended}");
                return;
            }

            if (TimeProvider.System.GetElapsedTime(began) > Deadline / 2)
            {
                tally.Violate($"only {held} of {count} streams are open");
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    /// <summary>Waits until so many keys were exchanged: the renewal is in the background.</summary>
    private async Task<int> ExchangesAsync(ServedDeployment deployment, int expected)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            int exchanges = (await deployment.AskAsync()).KeyExchanges;
            if (exchanges >= expected)
            {
                return exchanges;
            }

            if (TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(30))
            {
                tally.Violate("the secret was not renewed while streams were open");
                return exchanges;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private Task<Outcome> StreamAsync(PrivatemodeClient client) => ClientCalls.StreamAsync(NewCall(client), CancellationToken.None);

    private Call NewCall(PrivatemodeClient client) => new(null!, client, _random, NextMarker(), 0, false, 0);

    private string NextMarker()
    {
        int number = Interlocked.Increment(ref _number);
        return Marker.Create(number % 1000, number, 12 + (number % 9), number % 3 == 0);
    }
}
