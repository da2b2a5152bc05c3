using System.Buffers;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Faults;

/// <summary>One fault in one call.</summary>
/// <param name="Source">The evidence source that the fault hits in the phase <see cref="FaultPhase.Attest"/>; otherwise null.</param>
internal sealed record MatrixCell(FaultRow Fault, FaultPhase Phase, MatrixCall Call, string Entry, EvidenceSource? Source = null)
{
    /// <summary>Whether the cell has a client of its own. The proxy keeps the list of models, and uses the old one when there is no newer one.</summary>
    public bool HasNoSession => this is { Call.Endpoint: MatrixCall.Models, Entry: "proxy" };

    /// <summary>How many requests of the kind that the fault hits there are without a fault. The TCB info of the platform and the newest one differ.</summary>
    public int UsualRequests => Source == EvidenceSource.IntelTcbInfo ? 2 : 1;

    public bool IsAnswer => Phase is not (FaultPhase.Attest or FaultPhase.Exchange);

    public override string ToString() => $"{Fault.Name}, {Phase.ToString().ToLowerInvariant()}{(Source is null ? "" : $" ({Source})")}, {Call}, {Entry}";
}

/// <summary>What happened in a cell.</summary>
/// <param name="Outcome">The answer or the error, as the caller sees it.</param>
/// <param name="Requests">How many requests of the kind that the fault hits arrived.</param>
/// <param name="Violation">What must never be; null if all is well.</param>
internal sealed record MatrixResult(MatrixCell Cell, string Outcome, int Requests, string? Violation);

/// <summary>A deployment with the sessions of one entry, in which cells run one after the other.</summary>
internal sealed class MatrixHost : IAsyncDisposable
{
    public const string Right = "right";

    /// <summary>The time after which a call hangs: no cell waits for anything.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan ShortestLifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AfterVerdict = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan AfterSecret = TimeSpan.FromMinutes(46);

    private readonly string _entry;
    private readonly bool _isShort;
    private readonly MatrixClock _clock = new(TimeSpan.FromSeconds(6));
    private readonly MatrixClock _proxyClock = new(TimeSpan.Zero);
    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _received = new();
    private readonly ArrayBufferWriter<byte> _sent = new();
    private readonly Dictionary<MatrixCall, string> _plain = [];
    private SemaphoreSlim _stalls = new(0);
    private PrivatemodeTestDeployment _deployment = null!;
    private MatrixEntry? _shared;

    private MatrixHost(string entry, bool isShort) => (_entry, _isShort) = (entry, isShort);

    /// <param name="entry">The name of the entry.</param>
    /// <param name="isShort">Whether a verification is valid for as short a time as possible.</param>
    /// <param name="configure">Sets the kind of evidence.</param>
    public static async Task<MatrixHost> StartAsync(string entry, bool isShort, Action<DeploymentEvidence>? configure = null)
    {
        MatrixHost host = new(entry, isShort);
        PrivatemodeTestDeploymentOptions options = new()
        {
            TimeProvider = host._clock,
            OpenWireTap = () => host.Received,
            SentTap = host.Sent,
            Stalled = () => host._stalls.Release(),
        };
        host._deployment = await PrivatemodeTestDeployment.StartAsync(options);
        MatrixCall.Script(host._deployment.Model);
        configure?.Invoke(host._deployment.Evidence);
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        if (_shared is not null)
        {
            await _shared.DisposeAsync();
        }

        await _deployment.DisposeAsync();
        _stalls.Dispose();
    }

    public async Task<MatrixResult> RunAsync(MatrixCell cell)
    {
        MatrixEntry entry = cell.HasNoSession ? await NewEntryAsync() : await SharedAsync();
        _clock.Pass(cell.Phase switch { FaultPhase.Attest => AfterVerdict, FaultPhase.Exchange => AfterSecret, _ => TimeSpan.Zero });
        try
        {
            string plain = cell.IsAnswer ? await PlainAsync(cell.Call, isNeeded: cell.Fault.Outcome is FaultOutcome.NeverKnown) : "";
            Clear();
            int before = _deployment.AllRequests.Count, asked = Asked(cell);
            Inject(cell, plain);
            using SemaphoreSlim stalls = new(0);
            _stalls = stalls;
            Task<MatrixReply> calling = entry.CallAsync(cell.Call);
            if (cell.Fault.Stalls)
            {
                await PassStallsAsync(calling, cell, stalls).WaitAsync(Limit);
            }

            MatrixReply reply = await calling.WaitAsync(Limit);
            RecordedRequest[] requests = [.. _deployment.AllRequests.Skip(before)];
            string? violation = Violation(cell, reply, requests);
            int hit = cell.Source is null ? requests.Count(request => IsHit(cell, request)) : Asked(cell) - asked;
            return new MatrixResult(cell, reply.Error ?? Right, hit, violation);
        }
        catch (TimeoutException)
        {
            await ForgetSharedAsync();
            return new MatrixResult(cell, "hang", 0, $"The call did not end within {Limit.TotalSeconds} seconds.");
        }
        catch (Exception exception)
        {
            return new MatrixResult(cell, "failure", 0, $"The reply cannot be read: {exception}");
        }
        finally
        {
            _stalls = new SemaphoreSlim(0);
            cell.Fault.Undo(_deployment);
            _deployment.Faults.Clear();
            if (cell.HasNoSession)
            {
                await entry.DisposeAsync();
            }
        }
    }

    private int Asked(MatrixCell cell) => cell.Source is { } source ? _deployment.Evidence.GetRequestCount(source) : 0;

    private static bool IsHit(MatrixCell cell, RecordedRequest request) =>
        request.PathAndQuery == (cell.Phase == FaultPhase.Exchange ? "/privatemode/v1/secret" : cell.Call.ServicePath);

    /// <summary>What must not be, whatever the fault is.</summary>
    private string? Violation(MatrixCell cell, MatrixReply reply, RecordedRequest[] requests)
    {
        byte[] received, sent;
        lock (_gate)
        {
            (received, sent) = (_received.WrittenSpan.ToArray(), _sent.WrittenSpan.ToArray());
        }

        bool showsAnswer = sent.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(MatrixCall.AnswerMark)) >= 0;
        string right = cell.Call.RightText;
        RecordedRequest[] inferences = [.. requests.Where(request => request.IsInference)];
        return Sentinel.FoundIn(received).FirstOrDefault() is { } form ? $"The deployment received the sentinel as {form}."
            : !cell.Fault.ShowsAnswer && Sentinel.FoundIn(sent).FirstOrDefault() is { } shown ? $"The deployment sent the sentinel as {shown}."
            : showsAnswer && !cell.Fault.ShowsAnswer ? "The deployment sent the answer unencrypted."
            : reply.Details.Contains(Sentinel.Text, StringComparison.Ordinal) ? $"The error has the prompt: {reply.Details}"
            : reply.Details.Contains(MatrixCall.AnswerMark, StringComparison.Ordinal) ? $"The error has the answer: {reply.Details}"
            : reply.Error?.StartsWith("UNTYPED", StringComparison.Ordinal) == true ? $"The error has no type: {reply.Details}"
            : reply.Error is null && !reply.IsWhole ? $"A short answer without an error: {reply.Text}"
            : reply.Error is null && reply.Text != right ? $"A wrong answer: {reply.Text}"
            : !right.StartsWith(reply.Text, StringComparison.Ordinal) ? $"A wrong beginning: {reply.Text}"
            : !cell.IsAnswer && reply.Error is not null && inferences.Length > 0 ? "A request was sent although there was no session."
            : cell.Phase == FaultPhase.Attest && reply.Error is not null && requests.Any(request => request.PathAndQuery == "/privatemode/v1/secret")
                ? "Keys were exchanged without a verification."
            : reply.Error is null && cell.Call.IsEncrypted && !inferences.Any(HasSentinel) ? "The deployment did not decrypt the sentinel."
            : cell.Fault is { Create: not null, IsLasting: false } && _deployment.Faults.PendingCount > 0 ? "The fault was not applied."
            : reply.Details.Contains("could not be applied", StringComparison.Ordinal) ? $"The fault does not fit: {reply.Details}"
            : null;
    }

    private static bool HasSentinel(RecordedRequest request) => request.DecryptedBody?.Contains(Sentinel.Text, StringComparison.Ordinal) == true
        || request.DecryptedFields.Values.Any(value => Sentinel.FoundIn(value.ToArray()).Any());

    private void Inject(MatrixCell cell, string plain)
    {
        if (cell.Fault.Create is null)
        {
            cell.Fault.Change!(_deployment);
            return;
        }

        Fault fault = cell.Fault.Create(FaultPlace.Of(cell.IsAnswer ? cell.Phase : FaultPhase.First, cell.IsAnswer && cell.Call.IsStream, plain));
        int times = cell.Fault.IsLasting ? int.MaxValue : 1;
        switch (cell.Phase)
        {
            case FaultPhase.Attest:
                _deployment.Faults.InjectIntoEvidence(cell.Source!.Value, fault, times);
                break;
            case FaultPhase.Exchange:
                _deployment.Faults.InjectIntoKeyExchange(fault, times);
                break;
            case var _ when !cell.Call.IsEncrypted:
                _deployment.Faults.InjectIntoModelList(fault, times);
                break;
            default:
                _deployment.Faults.Inject(fault, times);
                break;
        }
    }

    /// <summary>Moves the clock when the deployment has stopped answering.</summary>
    private async Task PassStallsAsync(Task calling, MatrixCell cell, SemaphoreSlim stalls)
    {
        // Timeouts of a request for evidence or keys, of an answer, and between two events, which begins anew with each event that is still on its way.
        TimeSpan idle = TimeSpan.FromSeconds(100);
        bool hasEvents = cell.IsAnswer && cell.Phase != FaultPhase.First && cell.Call.IsStream;
        TimeSpan timeout = !cell.IsAnswer ? TimeSpan.FromSeconds(30) : hasEvents ? idle : TimeSpan.FromMinutes(10);
        while (await Task.WhenAny(calling, stalls.WaitAsync()) != calling)
        {
            if (hasEvents)
            {
                await _clock.WaitForAsync(idle); // the first event has been read
            }

            while (true)
            {
                Task next = _clock.NextTimer;
                _clock.Pass(timeout);
                if (!cell.IsAnswer || await Task.WhenAny(calling, next) == calling)
                {
                    break;
                }

                timeout = idle;
            }
        }
    }

    /// <summary>The answer to the call on the wire, without a fault. Its length is always the same.</summary>
    /// <param name="call">The call.</param>
    /// <param name="isNeeded">Whether to call even if the answer is known, so that the secret of the session has worked.</param>
    private async Task<string> PlainAsync(MatrixCall call, bool isNeeded)
    {
        if (!_plain.TryGetValue(call, out string? plain) || isNeeded)
        {
            MatrixReply reply = await (await SharedAsync()).CallAsync(call).WaitAsync(Limit);
            if (reply is not { Error: null, IsWhole: true } || reply.Text != call.RightText)
            {
                throw new InvalidOperationException($"Without a fault: {reply}");
            }

            RecordedRequest request = _deployment.AllRequests.Last(request => request.PathAndQuery == call.ServicePath);
            await TestTimeouts.UntilAsync(() => request.WireResponseText.Length > 0, Limit); // it is recorded after it was sent
            _plain[call] = plain = request.WireResponseText;
        }

        return plain;
    }

    private async Task<MatrixEntry> SharedAsync() => _shared ??= await NewEntryAsync();

    private Task<MatrixEntry> NewEntryAsync() => MatrixEntry.CreateAsync(
        _entry,
        _deployment,
        options =>
        {
            options.WarmUp = WarmUpMode.Disabled;
            options.Verification.Lifetime = _isShort ? ShortestLifetime : options.Verification.Lifetime;
        },
        _proxyClock);

    private async Task ForgetSharedAsync()
    {
        if (_shared is not null)
        {
            await _shared.DisposeAsync();
            _shared = null;
        }
    }

    private void Clear()
    {
        lock (_gate)
        {
            _received.ResetWrittenCount();
            _sent.ResetWrittenCount();
        }
    }

    private void Received(ReadOnlySequence<byte> bytes)
    {
        lock (_gate)
        {
            foreach (ReadOnlyMemory<byte> segment in bytes)
            {
                _received.Write(segment.Span);
            }
        }
    }

    private void Sent(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _sent.Write(bytes);
        }
    }
}
