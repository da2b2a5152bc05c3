using System.Globalization;

namespace Privatemode.AI.Soak.Scenarios;

/// <summary>Synchronous callers on all threads of a small thread pool, beside asynchronous ones. The deployment has a process of its own.</summary>
internal sealed class StarvedScenario(SoakOptions options, Tally tally)
{
    private const int AsyncCallers = 8;
    private const int CallersOfThread = 2;
    private const int MaxRoundsUntilRight = 10;
    private static readonly TimeSpan WarmTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ColdTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SlowMachine = TimeSpan.FromSeconds(2);

    private readonly Random _random = new(options.Seed);
    private int _number;
    private long _longest;
    private TimeSpan _timeout = WarmTimeout;

    /// <summary>One timeout for the session, and one for the answer.</summary>
    private TimeSpan MaxBlocked => (_timeout * 2) + SlowMachine;

    public async Task<string> RunAsync()
    {
        await using ServedDeployment deployment = await ServedDeployment.StartAsync(options, tally);
        ThreadPool.GetMinThreads(out int min, out int minPorts);
        ThreadPool.GetMaxThreads(out int max, out int maxPorts);
        int threads = Math.Max(Environment.ProcessorCount, _random.Next(2, 5));
        int rounds = 0;
        if (!ThreadPool.SetMinThreads(Math.Min(min, threads), minPorts) || !ThreadPool.SetMaxThreads(threads, maxPorts))
        {
            tally.Violate($"the thread pool cannot be limited to {threads} threads");
        }

        try
        {
            // A thread of its own: this must not wait for the pool.
            TimeSpan time = options.IsLong ? TimeSpan.FromSeconds(120) : TimeSpan.FromSeconds(4);
            rounds = await Task.Factory.StartNew(
                () => Rounds(deployment, threads, time), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            _ = ThreadPool.SetMaxThreads(max, maxPorts);
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"{rounds} rounds with {CallersOfThread * threads} synchronous callers on {threads} threads and {AsyncCallers} asynchronous ones, "
            + $"longest blocked {new TimeSpan(_longest).TotalSeconds:F1} s");
    }

    private int Rounds(ServedDeployment deployment, int threads, TimeSpan time)
    {
        long began = TimeProvider.System.GetTimestamp();
        int rounds = 0;
        for (int clients = 0; (clients < 2 || TimeProvider.System.GetElapsedTime(began) < time) && tally.Violations == 0; clients++)
        {
            // Every other client has neither a session nor connections when the threads are taken. The platform opens connections and reports the end of
            // reads on the pool, so that such calls can only time out.
            bool isWarm = clients % 2 == 0;
            _timeout = isWarm ? WarmTimeout : ColdTimeout;
            PrivatemodeOptions settings = new();
            deployment.ConfigureClient(settings);
            settings.Transport.ResponseTimeout = _timeout;
            using PrivatemodeClient client = new(settings);
            using HttpClient http = HandlerCalls.Connect(client, deployment.Endpoint);
            if (isWarm)
            {
                _ = Round(client, http, 0, threads * 2);
            }

            _ = Round(client, http, threads * CallersOfThread, AsyncCallers);
            GoOn(deployment, client, http);
            rounds++;
        }

        return rounds;
    }

    /// <summary>Afterwards, all calls are answered. On a slow machine, those of the first rounds may still be late.</summary>
    private void GoOn(ServedDeployment deployment, PrivatemodeClient client, HttpClient http)
    {
        if (options.Breakage is Breakage.Tampered or Breakage.Refused)
        {
            _ = deployment.AskAsync(options.Breakage == Breakage.Tampered ? "tamper" : "refuse").GetAwaiter().GetResult();
        }

        // Synchronous calls one after the other, so that threads stay free: a whole answer and a stream, or the other way round.
        foreach ((int synchronous, int asynchronous) in ((int, int)[])[(0, AsyncCallers), (1, 0), (1, 0)])
        {
            bool areRight = false;
            for (int rest = MaxRoundsUntilRight - 1; !areRight && rest >= 0; rest--)
            {
                areRight = Round(client, http, synchronous, asynchronous, mustBeRight: rest == 0);
            }
        }
    }

    /// <returns>Whether all calls got the right answer.</returns>
    private bool Round(PrivatemodeClient client, HttpClient http, int synchronous, int asynchronous, bool mustBeRight = false)
    {
        List<(string Name, Task<Outcome> Task)> calls = [];
        for (int i = 0; i < synchronous; i++)
        {
            bool isStream = _number % 2 == 0;
            string marker = NextMarker();
            calls.Add((isStream ? "synchronous streamed" : "synchronous", Task.Run(() => Block(() => HandlerCalls.Send(http, marker, isStream)))));
        }

        for (int i = 0; i < asynchronous; i++)
        {
            bool isStream = _number % 2 == 0;
            Call call = new(null!, client, _random, NextMarker(), 0, false, 0);
            Task<Outcome> running = isStream ? ClientCalls.StreamAsync(call, CancellationToken.None) : ClientCalls.ChatAsync(call, CancellationToken.None);
            calls.Add((isStream ? "asynchronous streamed" : "asynchronous", EndAsync(running)));
        }

        if (options.Breakage == Breakage.Hang)
        {
            calls.Add(("asynchronous", new TaskCompletionSource<Outcome>().Task));
        }

        // Synchronous callers wait for a thread first, and asynchronous ones for all of them.
        _ = Task.WaitAll([.. calls.Select(call => (Task)call.Task)], options.Breakage == Breakage.Hang ? _timeout / 2 : MaxBlocked * 4);
        bool areRight = true;
        foreach ((string name, Task<Outcome> task) in calls)
        {
            Outcome outcome = task.IsCompletedSuccessfully ? task.Result : Outcome.Violation($"did not end: {task.Status} {task.Exception}");
            bool isBlocked = mustBeRight && outcome.Kind is not (OutcomeKind.Right or OutcomeKind.Violation);
            tally.Add(name, isBlocked ? Outcome.Violation($"although threads are free again: {outcome.Kind} {outcome.Detail}") : outcome);
            areRight &= outcome.Kind == OutcomeKind.Right;
        }

        return areRight;
    }

    private Outcome Block(Func<Outcome> call)
    {
        long began = TimeProvider.System.GetTimestamp();
        Outcome outcome;
        try
        {
            outcome = call();
        }
        catch (Exception exception)
        {
            outcome = Ending.Of(exception, Ending.IsServiceFailure);
        }

        TimeSpan blocked = TimeProvider.System.GetElapsedTime(began);
        InterlockedMax(ref _longest, blocked.Ticks);
        return blocked <= MaxBlocked
            ? outcome
            : Outcome.Violation(string.Create(CultureInfo.InvariantCulture, $"a thread was blocked for {blocked.TotalSeconds:F1} s: {outcome}"));
    }

    private static async Task<Outcome> EndAsync(Task<Outcome> call)
    {
        try
        {
            return await call;
        }
        catch (Exception exception)
        {
            return Ending.Of(exception, Ending.IsServiceFailure);
        }
    }

    private static void InterlockedMax(ref long most, long value)
    {
        long seen = Interlocked.Read(ref most);
        while (value > seen && Interlocked.CompareExchange(ref most, value, seen) is long now && now != seen)
        {
            seen = now;
        }
    }

    private string NextMarker() => Marker.Create(0, _number++, _random.Next(1, 20), _random.Next(3) == 0);
}
