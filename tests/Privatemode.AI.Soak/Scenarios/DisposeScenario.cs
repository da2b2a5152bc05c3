using System.Diagnostics;
using System.Globalization;
using System.Threading.RateLimiting;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Soak.Scenarios;

/// <summary>Clients and proxies are disposed while calls, streams, verifications and exchanges run, at random times.</summary>
internal sealed class DisposeScenario(SoakOptions options, Tally tally)
{
    private const int Permits = 3;
    private const int WarmUp = 12;
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    private readonly Random _random = new(options.Seed);
    private readonly List<object> _leaked = [];
    private readonly JumpingClock _clock = new();
    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions { PermitLimit = Permits, QueueLimit = 100 });
    private int _number;

    private TimeSpan Deadline => options.Breakage == Breakage.Hang ? TimeSpan.FromSeconds(8) : TimeSpan.FromSeconds(30);

    public async Task<string> RunAsync()
    {
        int count = options.IsLong ? 1500 : 80;
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new PrivatemodeTestDeploymentOptions
        {
            TimeProvider = _clock,
            RecordRequests = false,
            BeforeStreamEvent = ModelScript.PauseAsync,
        });
        deployment.Model.SetFallback(new ModelScript(tally, options).Answer);
        Held before = new(0, 0, 0);
        int proxies = 0;
        for (int i = 0; i < count; i++)
        {
            if (i == WarmUp)
            {
                await RestAsync(Held.Take());
                before = Held.Take();
            }

            bool isProxy = i % 8 == 0;
            proxies += isProxy ? 1 : 0;
            await (isProxy ? DisposeProxyAsync(deployment) : DisposeClientAsync(deployment));
            Break(deployment);
        }

        await RestAsync(before);
        Held after = Held.Take();
        if (after.Exceeds(before, count - WarmUp) is { Length: > 0 } left)
        {
            tally.Violate($"left after all clients were disposed: {left}");
        }

        long permits = _limiter.GetStatistics()!.CurrentAvailablePermits;
        if (permits != Permits)
        {
            tally.Violate($"{Permits - permits} permits were not given back");
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"{count - proxies} clients and {proxies} proxies disposed; before {before}, after {after}, {Permits - permits} permits left");
    }

    /// <summary>Waits until what closes in the background has closed.</summary>
    private static async Task RestAsync(Held before)
    {
        long began = TimeProvider.System.GetTimestamp();
        do
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
        while (Held.Take().Exceeds(before, 0).Length > 0 && TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(3));
    }

    private async Task DisposeClientAsync(PrivatemodeTestDeployment deployment)
    {
        PrivatemodeClient client = deployment.CreateClient(settings =>
        {
            settings.Transport.RateLimiter = _limiter;
            settings.Transport.ResponseTimeout = ResponseTimeout;
        });
        bool isWarm = _random.Next(2) == 0;
        if (isWarm)
        {
            tally.Add("connection", await Ending.OfAsync(() => ConnectAsync(client), Deadline));
        }

        Upset(deployment);
        HttpClient http = HandlerCalls.Connect(client, deployment.Endpoint);
        (string Name, Task<Outcome> Task)[] calls = [.. Enumerable.Range(0, _random.Next(1, 7)).Select(_ => Start(client, http, _random.Next(7)))];
        await PauseAsync(_random.Next(2) == 0 ? 250 : isWarm ? 12 : 60);
        long began = TimeProvider.System.GetTimestamp();
        if (_random.Next(2) == 0)
        {
            client.Dispose();
        }
        else
        {
            await client.DisposeAsync();
        }

        foreach ((string name, Task<Outcome> task) in calls)
        {
            tally.Add(name, await task);
        }

        NoteWait("a disposed client", began);
        http.Dispose();
    }

    private static async Task<Outcome> ConnectAsync(PrivatemodeClient client)
    {
        await client.ConnectAsync();
        return Outcome.Right;
    }

    private async Task DisposeProxyAsync(PrivatemodeTestDeployment deployment)
    {
        TimeSpan shutdown = TimeSpan.FromMilliseconds(_random.Next(0, 200));
        ProxyHost proxy = await ProxyHost.StartAsync(_clock, tally, settings => settings.ShutdownTimeout = shutdown, client =>
        {
            deployment.ConfigureClient(client);
            client.Transport.RateLimiter = _limiter;
        });
        using HttpClient http = proxy.Connect();
        if (_random.Next(2) == 0)
        {
            tally.Add("proxy", await StartAsync(0));
        }

        Upset(deployment);
        Task<Outcome>[] calls = [.. Enumerable.Range(0, _random.Next(1, 7)).Select(StartAsync)];
        await PauseAsync(_random.Next(2) == 0 ? 400 : 80);
        long began = TimeProvider.System.GetTimestamp();
        await proxy.DisposeAsync();
        foreach (Outcome outcome in await Task.WhenAll(calls))
        {
            // The judge of calls under load does not know that the application may have gone.
            bool isDisposed = outcome.Kind == OutcomeKind.Violation && outcome.Detail.StartsWith("System.ObjectDisposedException", StringComparison.Ordinal);
            tally.Add("proxy", isDisposed ? new Outcome(OutcomeKind.Error, "ObjectDisposedException") : outcome);
        }

        NoteWait("a disposed proxy", began);

        Task<Outcome> StartAsync(int number)
        {
            (string Name, Func<Call, CancellationToken, Task<Outcome>> Run)[] kinds = [.. Caller.Kinds.Where(kind => kind.Name is not "health")];
            int kind = _random.Next(kinds.Length);
            Call call = new(http, proxy.Client, new Random(_random.Next()), NextMarker(), _random.Next(2000), false, number % SoakHost.Keys);
            return Ending.OfAsync(() => Task.Run(() => kinds[kind].Run(call, CancellationToken.None)), Deadline, IsEnd);
        }
    }

    private (string Name, Task<Outcome> Task) Start(PrivatemodeClient client, HttpClient http, int kind)
    {
        if (options.Breakage == Breakage.Hang && _random.Next(30) == 0)
        {
            return ("client", Ending.OfAsync(() => new TaskCompletionSource<Outcome>().Task, Deadline));
        }

        string marker = NextMarker();
        Call call = new(null!, client, _random, marker, 0, false, 0);
        (string Name, Func<Task<Outcome>> Run) chosen = kind switch
        {
            0 => ("IChatClient", () => ClientCalls.ChatAsync(call, CancellationToken.None)),
            1 => ("IChatClient streamed", () => ClientCalls.StreamAsync(call, CancellationToken.None)),
            2 => ("IEmbeddingGenerator", () => ClientCalls.EmbeddingsAsync(call, CancellationToken.None)),
            3 => ("verification", async () => (await client.VerifyAsync()).MeshCaSha256.Length > 0 ? Outcome.Right : Outcome.Violation("no mesh CA")),
            4 => ("message handler streamed", () => HandlerCalls.SendAsync(http, marker, stream: true)),
            5 => ("message handler synchronous", () => OnOwnThread(() => HandlerCalls.Send(http, marker, stream: false))),
            _ => ("message handler synchronous streamed", () => OnOwnThread(() => HandlerCalls.Send(http, marker, stream: true))),
        };
        return (chosen.Name, Ending.OfAsync(() => Task.Run(chosen.Run), Deadline, IsEnd));
    }

    /// <summary>Now and then, verifications and exchanges are under way when the client is disposed.</summary>
    private void Upset(PrivatemodeTestDeployment deployment)
    {
        switch (_random.Next(6))
        {
            case 0: deployment.ForgetSecrets(); break;
            case 1: deployment.RotateMeshCa(); break;
            case 2: _clock.Jump(TimeSpan.FromMinutes(_random.Next(2) == 0 ? 41 : 50)); break;
            case 3: deployment.Faults.InjectIntoKeyExchange(Fault.Delay(TimeSpan.FromMilliseconds(_random.Next(1, 30)))); break;
        }
    }

    private void Break(PrivatemodeTestDeployment deployment)
    {
        if (options.Breakage == Breakage.Leak)
        {
            _leaked.Add(File.OpenRead(typeof(DisposeScenario).Assembly.Location));
            _leaked.Add(new Timer(_ => { }, null, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan));
        }

        if (options.Breakage == Breakage.Tampered)
        {
            deployment.Faults.Inject(Fault.TamperEvent(0));
        }
    }

    /// <summary>The calls have ended; they must not have waited for their timeouts.</summary>
    private void NoteWait(string what, long began)
    {
        TimeSpan waited = TimeProvider.System.GetElapsedTime(began);
        if (waited > Deadline / 2 && options.Breakage == Breakage.None)
        {
            tally.Violate(string.Create(CultureInfo.InvariantCulture, $"the calls of {what} ended only after {waited.TotalSeconds:F1} s"));
        }
    }

    private Task PauseAsync(int maxMilliseconds)
    {
        int pause = _random.Next(0, maxMilliseconds + 1);
        return pause == 0 ? Task.CompletedTask : Task.Delay(TimeSpan.FromMilliseconds(pause), TimeProvider.System);
    }

    private string NextMarker() => Marker.Create(0, _number++, _random.Next(1, 30), _random.Next(3) == 0);

    private static bool IsEnd(Exception exception) => exception is ObjectDisposedException || Ending.IsServiceFailure(exception);

    private static Task<Outcome> OnOwnThread(Func<Outcome> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>What the process holds.</summary>
    private sealed record Held(int Threads, int Handles, long Timers)
    {
        // Of the thread pool, of the idle connections of the deployment, and of other parts that come and go.
        private const int Tolerance = 16;

        public static Held Take()
        {
            using Process process = Process.GetCurrentProcess();
            return new Held(process.Threads.Count, Measurement.OpenHandles(process), Timer.ActiveCount);
        }

        /// <summary>What is more than before, and cannot be explained; empty if nothing is.</summary>
        public string Exceeds(Held before, int count)
        {
            int limit = Tolerance + (count / 50);
            return Threads > before.Threads + limit || Handles > before.Handles + limit || Timers > before.Timers + limit ? $"{this}, before {before}" : "";
        }

        public override string ToString() => $"{Threads} threads, {Handles} handles, {Timers} timers";
    }
}
