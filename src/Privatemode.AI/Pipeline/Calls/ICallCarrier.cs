using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Calls;

/// <summary>What carries a call of the caller's and its attempts: a message of the OpenAI client's pipeline, or an HTTP request.</summary>
internal interface ICallCarrier
{
    string Method { get; }

    /// <summary>The address the caller wants.</summary>
    Uri Address { get; }

    /// <summary>The caller's headers that have to pass the rules of the endpoint.</summary>
    IEnumerable<KeyValuePair<string, string>> Headers { get; }

    /// <summary>Value of the caller's <c>Content-Type</c>; null for none.</summary>
    string? ContentType { get; }

    bool HasBody { get; }

    /// <summary>Length of the caller's body in bytes, if known beforehand.</summary>
    long? BodyLength { get; }

    /// <summary>The caller's cancellation.</summary>
    CancellationToken CancellationToken { get; }

    /// <summary>Writes the caller's body, in the clear. Called once.</summary>
    ValueTask WriteBodyAsync(Stream target, bool async);

    /// <summary>Sends the current attempt of a call and nothing else, and comes back with the head of the answer.</summary>
    /// <exception cref="OperationCanceledException">The deadline has passed, or the caller cancelled.</exception>
    ValueTask<CarriedAnswer> SendAsync(SealedCall call, Deadline deadline, bool async);

    /// <summary>Takes the opened answer in place of the sealed one.</summary>
    void Take(OpenedAnswer answer);

    /// <summary>Gives the answer up, if there is one.</summary>
    void Drop();
}
