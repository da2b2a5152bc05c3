using System.Text;
using Microsoft.Extensions.AI;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;

namespace Privatemode.AI.Receipts;

/// <summary>The state that the pipeline passes to the adapter that made a call. The OpenAI client between them cannot pass it.</summary>
/// <remarks>It is the only ambient (<see cref="AsyncLocal{T}"/>) value of this library. Therefore, it also contains the mark of the callbacks of a
/// verification, which inner scopes inherit.
/// </remarks>
internal sealed class ReceiptScope : IAsyncDisposable
{
    private static readonly AsyncLocal<ReceiptScope?> Ambient = new();
    private static readonly ReceiptScope Approval = new(OptionNames.Manifest), Verified = new(OptionNames.OnVerified);

    private readonly string? _callback; // the option whose callback runs
    private Stream? _answer;
    private bool _isShort;
    private string? _receiptJson;
    private Dictionary<int, string>? _finishReasons;

    private ReceiptScope(string? callback) => _callback = callback;

    /// <summary>The receipt of the answer, or null.</summary>
    public EncryptionReceipt? Receipt { get; private set; }

    /// <summary>The last answer, if it was an error.</summary>
    public ServiceError? Error { get; private set; }

    /// <summary>The scope of the current call; null if the call is not an adapter's.</summary>
    public static ReceiptScope? Current => Ambient.Value is { } scope && scope != Approval && scope != Verified ? scope : null;

    /// <summary>Starts a scope for the calls that the current async method makes from now on.</summary>
    public static ReceiptScope Begin() => Ambient.Value = new ReceiptScope(Ambient.Value?._callback);

    /// <summary>Marks the calls that the current async method makes from now on as those of the approval callback.</summary>
    public static void BeginApproval() => Ambient.Value = Approval;

    /// <summary>The same for <see cref="VerificationOptions.OnVerified"/>.</summary>
    public static void BeginOnVerified() => Ambient.Value = Verified;

    /// <summary>Throws if a callback of the verification uses a client that waits for it, because it would wait for itself.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The caller is such a callback.</exception>
    public static void ThrowIfInsideCallback()
    {
        if (Ambient.Value?._callback is { } option)
        {
            throw new PrivatemodeConfigurationException(
                option, $"The callback of {option} uses a client that waits for this callback. Complete it without calling that client.");
        }
    }

    /// <summary>The progress of the call.</summary>
    public CallPhase Phase { get; private set; }

    /// <summary>Records that the client has written the request.</summary>
    public void RequestWritten() => Phase = CallPhase.Sending;

    /// <summary>Records the answer that was passed to the OpenAI client.</summary>
    public void SetAnswer(Stream answer, EncryptionReceipt? receipt, ServiceError? error)
    {
        (_answer, Receipt, Error, Phase) = (answer, receipt, error, CallPhase.Reading);

        // The client closes it after reading; its bytes stay, but not its length.
        _isShort = answer is MemoryStream { Length: <= UnreadableMemberFinder.MaxAnswerLength };
        if (answer is DecryptingEventStream events)
        {
            events.KeepLastEvents();
        }
    }

    /// <summary>Records the model server's own finish reason for a choice, if the answer contains <c>length</c> because the OpenAI client does not know
    /// the word.</summary>
    public void AddFinishReason(int choice, string word) => _ = (_finishReasons ??= []).TryAdd(choice, word);

    /// <summary>The recorded finish reason of a choice, or null.</summary>
    public string? FinishReasonOf(int choice) => _finishReasons?.GetValueOrDefault(choice);

    /// <summary>Returns the member that makes the answer unreadable, or null if it is not found.</summary>
    /// <param name="read">Reads a whole answer, or the data of one event, and throws if it cannot.</param>
    public string? FindUnreadable(Action<BinaryData> read)
    {
        if (_isShort && _answer is MemoryStream whole)
        {
            return UnreadableMemberFinder.Find(whole.ToArray(), read);
        }

        // The client had read the events before the one at which it failed, so the first one found is that event.
        string events = _answer is DecryptingEventStream stream ? stream.LastEvents : "";
        return events.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => UnreadableMemberFinder.Find(Encoding.UTF8.GetBytes(line["data: ".Length..]), read)).FirstOrDefault(path => path is not null);
    }

    /// <summary>Disposes the answer, regardless of whether the OpenAI client has done so.</summary>
    /// <remarks>
    /// The enumerator of the OpenAI client disposes an answer only after its first successful step. A cancellation right before that would leave
    /// a secret, a permit and a connection in use until a garbage collection.
    /// </remarks>
    public ValueTask DisposeAsync()
    {
        (_answer as DecryptingEventStream)?.ForgetLastEvents();
        return _answer?.DisposeAsync() ?? default;
    }

    /// <summary>Adds the receipt, if there is one, to additional properties, and creates them if necessary.</summary>
    public AdditionalPropertiesDictionary? AddTo(AdditionalPropertiesDictionary? properties)
    {
        if (Receipt is not null)
        {
            (properties ??= [])[EncryptionReceipt.PropertyName] = _receiptJson ??= Receipt.ToJson();
        }

        return properties;
    }
}

/// <summary>The progress of a call when an exception is thrown.</summary>
internal enum CallPhase
{
    /// <summary>The client is writing the request. Nothing has been sent.</summary>
    Writing,

    /// <summary>The request is written, and there is no answer yet.</summary>
    Sending,

    /// <summary>The answer, or the beginning of a stream, was passed to the client.</summary>
    Reading,
}
