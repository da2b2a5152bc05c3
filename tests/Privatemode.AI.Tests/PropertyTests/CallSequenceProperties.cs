using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.PropertyTests;

/// <summary>A client and a deployment that loses secrets, is busy, and loses connections, in any order: each call has one right answer or one typed error,
/// is sent as often as a model of the retry rules says, and is generated at most as often.</summary>
public sealed partial class CallSequenceProperties : IAsyncLifetime
{
    private const int MaxSends = 4; // docs/errors.md: at most three retries

    // From here on, the client may renew its secret in the background, so that it depends on timing which secret a call has.
    private static readonly TimeSpan EarliestRenewal = TimeSpan.FromMinutes(39);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(4);

    private static readonly Gen<Command> Calls =
        from isStream in Gen.Elements(false, true)
        from faults in Gen.Elements(Enum.GetValues<CallFault>()).ListOf().Resize(5)
        select (Command)new Call(isStream, [.. faults]);

    private static readonly Gen<Command> Bursts =
        from count in Gen.Choose(2, 4) from forgets in Gen.Elements(false, true) select (Command)new Burst(count, forgets);

    private static readonly Gen<Command> Waits = Gen.Elements(1, 10, 41, 46, 61, 200).Select(minutes => (Command)new Wait(minutes));

    private static readonly Gen<Command> Commands = Gen.Frequency((6, Calls), (2, Gen.Constant((Command)new Forget())), (1, Bursts), (1, Waits));

    private static readonly Arbitrary<Command[]> Sequences = Arb.From<Command[]>(
        from commands in Commands.ListOf().Resize(8) select (Command[])[.. commands],
        commands => Properties.Smaller(commands, command => command.Smaller()));

    private readonly ConcurrentDictionary<string, int> _generations = new();
    private DeploymentScene _scene = null!;
    private int _calls;

    public async Task InitializeAsync()
    {
        _scene = await DeploymentScene.StartAsync(hasCertificates: true);
        _scene.Deployment.Model.SetFallback(request =>
        {
            string prompt = Prompt().Matches(request.DecryptedBody!)[^1].Value;
            _ = _generations.AddOrUpdate(prompt, 1, (_, count) => count + 1);
            return ScriptedAnswer.Text($"answer to {prompt}");
        });
    }

    public async Task DisposeAsync() => await _scene.DisposeAsync();

    [Fact]
    public Task Calls_AnySequenceOfFaults_HaveOneRightAnswerOrOneTypedError() => Properties.HoldAsync(Sequences, async commands =>
    {
        _scene.Deployment.Faults.Clear(); // what a failed case has left
        using PrivatemodeClient client = _scene.Deployment.CreateClient();
        using IChatClient chat = client.AsIChatClient("gpt-oss-120b");
        Model model = new();
        foreach (Command command in commands)
        {
            await RunAsync(command, chat, model);
        }
    }, 60);

    private async Task RunAsync(Command command, IChatClient chat, Model model)
    {
        switch (command)
        {
            case Forget:
                _scene.Deployment.ForgetSecrets();
                model.IsKnown = false;
                break;
            case Wait wait:
                _scene.Time.Advance(TimeSpan.FromMinutes(wait.Minutes));
                model.Elapsed += TimeSpan.FromMinutes(wait.Minutes);
                break;
            case Call call:
                Prediction predicted = model.Predict(call);
                foreach (CallFault fault in call.Faults)
                {
                    _scene.Deployment.Faults.Inject(Create(fault));
                }

                Check(await CallAsync(chat, call.IsStream), predicted, model.IsCertain);
                _scene.Deployment.Faults.Clear();
                break;
            case Burst burst:
                if (burst.Forgets)
                {
                    _scene.Deployment.ForgetSecrets();
                    model.IsKnown = false;
                }

                Outcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, burst.Count).Select(i => CallAsync(chat, i % 2 == 1)));
                Assert.All(outcomes, outcome => Check(outcome, new Prediction(true, outcome.Sends), isCertain: true));

                // A renewal in the background may have got its secret just before the deployment lost all of them.
                int most = model.Elapsed < EarliestRenewal ? 2 : 3;
                Assert.All(outcomes, outcome => Assert.InRange(outcome.Sends, 1, most));
                model.EndBurst();
                break;
        }
    }

    private static void Check(Outcome outcome, Prediction predicted, bool isCertain)
    {
        string what = $"{outcome.Prompt}: sent {outcome.Sends} times, generated {outcome.Generations} times, {outcome.Failure?.ToString() ?? "answered"}";
        Assert.True(outcome.Sends is >= 1 and <= MaxSends, what);
        Assert.True(outcome.Generations <= outcome.Sends, what);
        Assert.True(outcome.Failure is null ? outcome.Text == $"answer to {outcome.Prompt}" : outcome.Failure is PrivatemodeException, what);
        Assert.True(outcome.Failure is not null || outcome.Generations >= 1, what);
        Assert.True(!isCertain || predicted == new Prediction(outcome.Failure is null, outcome.Sends), $"{what}; expected: {predicted}");
    }

    private async Task<Outcome> CallAsync(IChatClient chat, bool isStream)
    {
        string prompt = $"prompt-{Interlocked.Increment(ref _calls)}";
        int before = _scene.Deployment.Requests.Count;
        string text = "";
        Exception? failure = null;
        try
        {
            Task<string> asking = AskAsync(chat, prompt, isStream);
            await PassPausesAsync(asking);
            text = await asking;
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        RecordedRequest[] sent = [.. _scene.Deployment.Requests.Skip(before)];
        string[] calls = [.. sent.Where(request => request.DecryptedBody?.Contains($"{prompt}\"", StringComparison.Ordinal) == true).Select(CallOf).Distinct()];
        Assert.True(calls.Length <= 1, $"{prompt} was sent as {string.Join(" and ", calls)}");

        // Requests that were refused before they were decrypted have the ID of the call only; a call alone has sent all of them.
        int sends = calls.Length == 1 ? sent.Count(request => CallOf(request) == calls[0]) : sent.Length;
        return new Outcome(prompt, text, failure, sends, _generations.GetValueOrDefault(prompt));
    }

    private static string CallOf(RecordedRequest request) => request.RequestId!.Split('_')[1];

    private static async Task<string> AskAsync(IChatClient chat, string prompt, bool isStream)
    {
        if (!isStream)
        {
            return (await chat.GetResponseAsync(prompt)).Text;
        }

        string text = "";
        await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(prompt))
        {
            text += update.Text;
        }

        return text;
    }

    /// <summary>Moves the clock over the pauses between attempts, and over nothing longer: an attempt that fails late is not repeated.</summary>
    private async Task PassPausesAsync(Task work)
    {
        while (true)
        {
            Task<TimeSpan> pause = _scene.Time.TimerAsync(due => due <= LongestPause);
            if (await Task.WhenAny(work, pause).OrTimeout() == work)
            {
                return;
            }

            _scene.Time.Advance(await pause);
        }
    }

    private static Fault Create(CallFault fault) => fault switch
    {
        CallFault.SecretLost => Fault.UnknownSecret,
        CallFault.RateLimited => Fault.UnencryptedError(429),
        CallFault.Busy => Fault.UnencryptedError(503),
        CallFault.ConnectionLost => Fault.CutConnection(0),
        CallFault.ConnectionReset => Fault.ResetConnection(0),
        _ => Fault.TamperEvent(0),
    };

    [GeneratedRegex("prompt-[0-9]+")]
    private static partial Regex Prompt();

    internal enum CallFault
    {
        SecretLost,
        RateLimited,
        Busy,
        ConnectionLost,
        ConnectionReset,
        Tampered,
    }

    internal abstract record Command
    {
        public virtual IEnumerable<Command> Smaller() => [];
    }

    /// <summary>One call, and what happens to its first, second and further attempts.</summary>
    internal sealed record Call(bool IsStream, CallFault[] Faults) : Command
    {
        public override IEnumerable<Command> Smaller() =>
        [
            .. Properties.Smaller(Faults).Select(faults => this with { Faults = faults }),
            .. IsStream ? [this with { IsStream = false }] : (Call[])[],
        ];

        public override string ToString() => $"{(IsStream ? "stream" : "call")} [{string.Join(' ', Faults)}]";
    }

    internal sealed record Forget : Command;

    /// <summary>Calls at the same time, perhaps just after the deployment has lost all secrets.</summary>
    internal sealed record Burst(int Count, bool Forgets) : Command;

    internal sealed record Wait(int Minutes) : Command;

    private sealed record Outcome(string Prompt, string Text, Exception? Failure, int Sends, int Generations);

    private sealed record Prediction(bool IsAnswered, int Sends);

    /// <summary>The rules for repeated attempts, written apart from the library.</summary>
    private sealed class Model
    {
        private bool _hasSecret;
        private bool _hasWorked;
        private bool _isUnclear;

        public bool IsKnown { get; set; }

        public TimeSpan Elapsed { get; set; }

        public bool IsCertain => !_isUnclear && Elapsed < EarliestRenewal;

        public void EndBurst() => (_hasSecret, IsKnown, _hasWorked) = (true, true, true);

        public Prediction Predict(Call call)
        {
            if (!_hasSecret)
            {
                UseNewSecret();
            }

            bool hasFreeRepeat = true;
            for (int sends = 1; ; sends++)
            {
                CallFault? fault = sends <= call.Faults.Length ? call.Faults[sends - 1] : null;
                bool isRepeated;
                switch (fault)
                {
                    case CallFault.RateLimited or CallFault.Busy:
                        isRepeated = true;
                        break;
                    case CallFault.ConnectionLost or CallFault.ConnectionReset:
                        (isRepeated, hasFreeRepeat) = (hasFreeRepeat, false);
                        break;
                    case CallFault.SecretLost:
                    case var _ when !IsKnown:
                        // A secret that has worked was lost, and is replaced; another one only once in a call.
                        IsKnown = false;
                        isRepeated = _hasWorked || hasFreeRepeat;
                        hasFreeRepeat &= _hasWorked;
                        if (isRepeated && sends < MaxSends)
                        {
                            UseNewSecret();
                        }

                        break;
                    case CallFault.Tampered:
                        // Whether a stream whose first event is refused counts as an answer that worked is not promised.
                        _isUnclear |= call.IsStream;
                        return new Prediction(false, sends);
                    default:
                        _hasWorked = true;
                        return new Prediction(true, sends);
                }

                if (!isRepeated || sends == MaxSends)
                {
                    return new Prediction(false, sends);
                }
            }
        }

        private void UseNewSecret() => (_hasSecret, IsKnown, _hasWorked) = (true, true, false);
    }
}
