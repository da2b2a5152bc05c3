using System.Globalization;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Soak.Scenarios;

/// <summary>A day in fake time: a client and a proxy are called about every minute, while the clock jumps, the machine sleeps and secrets are lost.</summary>
internal sealed class DayScenario(SoakOptions options, Tally tally)
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(4);

    // 45 minutes, the tolerance of one minute for a clock that goes back, and the time that passes while a call waits.
    private static readonly TimeSpan MaxSecretAge = TimeSpan.FromMinutes(47);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(options.Seed);
    private readonly TravelClock _clock = new();
    private readonly Dictionary<DateTimeOffset, TimeSpan> _verifiedAt = []; // by the receipts, and when the first answer with it ended
    private readonly SortedDictionary<string, int> _events = new(StringComparer.Ordinal);
    private PrivatemodeTestDeployment _deployment = null!;
    private long _oldestUse;
    private long _reportedUse;
    private int _number;
    private int _answerable;
    private int _answered;
    private volatile TaskCompletionSource? _hold;

    public async Task<string> RunAsync()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new PrivatemodeTestDeploymentOptions
        {
            TimeProvider = _clock.True,
            RecordRequests = false,
            SecretUsed = age => _oldestUse = Math.Max(_oldestUse, age.Ticks),
            BeforeStreamEvent = async (index, cancellation) => await (index == 2 && _hold is { } hold ? hold.Task.WaitAsync(cancellation) : Task.CompletedTask),
        });
        _deployment = deployment;
        deployment.Model.SetFallback(new ModelScript(tally, options).Answer);
        await using (PrivatemodeClient client = deployment.CreateClient(Configure))
        await using (ProxyHost proxy = await ProxyHost.StartAsync(_clock, tally, _ => { }, Configure))
        {
            using HttpClient http = proxy.Connect();
            await LiveAsync(client, http);
        }

        Bound("key exchanges", deployment.KeyExchangeCount, perDay: 38);
        Bound("attestations", deployment.Evidence.GetRequestCount(EvidenceSource.Attestation), perDay: 12);
        if (_answered < _answerable / 2)
        {
            tally.Violate($"only {_answered} of {_answerable} calls were answered while the clock was right");
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"{_clock.Passed.TotalHours:F0} h, {string.Join(", ", _events.Select(entry => $"{entry.Value} {entry.Key}"))}; {deployment.KeyExchangeCount} key "
            + $"exchanges, {deployment.Evidence.GetRequestCount(EvidenceSource.Attestation)} attestations, oldest secret used "
            + $"{new TimeSpan(_oldestUse).TotalMinutes:F1} min");
    }

    private void Configure(PrivatemodeOptions client)
    {
        _deployment.ConfigureClient(client);
        client.TimeProvider = options.Breakage == Breakage.Expired ? new LeapingClock(_clock) : _clock;
        client.Verification.Lifetime = options.Breakage == Breakage.Stale ? Day : Lifetime;
    }

    private async Task LiveAsync(PrivatemodeClient client, HttpClient http)
    {
        TimeSpan step = TimeSpan.FromMinutes(options.IsLong ? 1 : 6);
        TimeSpan next = TimeSpan.FromMinutes(30);
        while (_clock.Passed < Day)
        {
            bool isEvent = _clock.Passed >= next;
            bool isHeld = isEvent && Disturb();
            Task<Outcome>[] calls = [CallClientAsync(client, isHeld), CallProxyAsync(client, http, isHeld)];
            await PassTimeAsync(Task.WhenAll(calls), isHeld);
            if (isEvent)
            {
                // Counted after a sleep in the middle of answers: a client that does not look at its clocks between that and the next jump of the wall
                // clock cannot know how much time has passed.
                next = _clock.Passed + TimeSpan.FromMinutes(_random.Next(15, 45));
            }

            tally.Add("client", await calls[0]);
            tally.Add("proxy", await calls[1]);
            if (_clock.Skew == TimeSpan.Zero)
            {
                _answerable += calls.Length;
                _answered += calls.Count(call => call.Result.Kind == OutcomeKind.Right);
            }

            if (_oldestUse > Math.Max(_reportedUse, MaxSecretAge.Ticks))
            {
                tally.Violate(string.Create(CultureInfo.InvariantCulture, $"a secret was used that was {new TimeSpan(_oldestUse).TotalMinutes:F1} min old"));
                _reportedUse = _oldestUse;
            }

            _clock.Advance(step * (0.5 + _random.NextDouble()));
        }
    }

    /// <summary>Something happens between two calls.</summary>
    /// <returns>Whether the next calls stop in the middle of their answers.</returns>
    private bool Disturb()
    {
        int kind = _random.Next(8);
        string what = ((string[])["jumps", "jumps", "jumps of a day", "sleeps", "secrets lost", "mesh CAs changed", "refusals", "answers held"])[kind];
        _events[what] = _events.GetValueOrDefault(what) + 1;
        if (_clock.Skew.Duration() > TimeSpan.FromHours(6))
        {
            _clock.Set(TimeSpan.Zero); // otherwise, most calls of the day would fail
        }

        switch (kind)
        {
            case 0 or 1:
                _clock.Set(_random.Next(3) == 0 ? TimeSpan.Zero : _clock.Skew + TimeSpan.FromMinutes(_random.Next(-150, 151)));
                break;
            case 2:
                _clock.Set(_random.Next(2) == 0 ? -Day : Day);
                break;
            case 3:
                _clock.Sleep(TimeSpan.FromMinutes(_random.Next(1, 90)));
                break;
            case 4:
                _deployment.ForgetSecrets();
                break;
            case 5:
                _deployment.RotateMeshCa();
                break;
            case 6:
                // Retried after pauses by the clock of the client.
                _deployment.Faults.Inject(Fault.UnencryptedError(503), _random.Next(1, 7));
                break;
            default:
                _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return true;
        }

        return false;
    }

    /// <summary>While the calls run, the clock goes on: slowly, so that no timeout is due that would not be, and fast if they wait for it.</summary>
    private async Task PassTimeAsync(Task calls, bool isHeld)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!calls.IsCompleted)
        {
            _ = await Task.WhenAny(calls, Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System));
            TimeSpan waited = TimeProvider.System.GetElapsedTime(began);
            _clock.Advance(TimeSpan.FromSeconds(waited.TotalSeconds > 10 ? 5 : 0.15));
            if (isHeld && waited.TotalSeconds > 0.2 && _hold is { } hold)
            {
                // The machine sleeps in the middle of the answers; afterwards they either go on, or time out first.
                _hold = null;
                _clock.Sleep(TimeSpan.FromMinutes(_random.Next(1, 180)));
                if (_random.Next(2) == 0)
                {
                    _clock.Advance(TimeSpan.FromMinutes(2));
                }

                hold.SetResult();
            }
        }

        // Calls that failed before they were held must not leave it to those that follow, which would wait for their timeouts.
        _ = _hold?.TrySetResult();
        _hold = null;
    }

    private Task<Outcome> CallClientAsync(PrivatemodeClient client, bool isStream)
    {
        string marker = NextMarker();
        return Ending.OfAsync(
            () => isStream || _random.Next(3) == 0
                ? ClientCalls.StreamAsync(new Call(null!, client, _random, marker, 0, false, 0), CancellationToken.None)
                : ChatAsync(client, marker),
            Deadline);
    }

    /// <summary>Also looks at the verification under which the call was sent.</summary>
    private async Task<Outcome> ChatAsync(PrivatemodeClient client, string marker)
    {
        TimeSpan begun = _clock.Passed;
        ChatResponse response = await client.AsIChatClient(SoakHost.ChatModel).GetResponseAsync(marker);
        if (response.Text != Marker.TextOf(marker) || response.GetPrivatemodeReceipt()?.VerifiedAt is not { } verifiedAt)
        {
            return Outcome.Violation($"{marker} got \"{response.Text}\"");
        }

        // From the end of the first call with a verification, which may have waited for it: it is at least that old.
        if (_verifiedAt.TryAdd(verifiedAt, _clock.Passed))
        {
            return Outcome.Right;
        }

        TimeSpan age = begun - _verifiedAt[verifiedAt];
        return age <= Lifetime
            ? Outcome.Right
            : Outcome.Violation(string.Create(CultureInfo.InvariantCulture, $"the verification of an answer was {age.TotalHours:F1} h old"));
    }

    private Task<Outcome> CallProxyAsync(PrivatemodeClient client, HttpClient http, bool isStream)
    {
        Call call = new(http, client, _random, NextMarker(), 100, false, _number % SoakHost.Keys);
        (string Name, Func<Call, CancellationToken, Task<Outcome>> Run)[] kinds =
            [.. ProxyCalls.All().Where(kind => isStream ? kind.Name.EndsWith("streamed", StringComparison.Ordinal) : kind.Name is not ("health" or "models"))];
        return Ending.OfAsync(() => kinds[_random.Next(kinds.Length)].Run(call, CancellationToken.None), Deadline);
    }

    private string NextMarker() => Marker.Create(0, _number++, _random.Next(1, 12), _random.Next(3) == 0);

    /// <summary>Both clients together: a number without events, and a few for each event.</summary>
    private void Bound(string what, int count, int perDay)
    {
        int limit = 2 * (perDay + (3 * _events.Values.Sum()));
        if (count > limit)
        {
            tally.Violate($"{count} {what}, more than {limit}");
        }
    }
}
