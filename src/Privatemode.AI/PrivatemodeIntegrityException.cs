namespace Privatemode.AI;

/// <summary>An answer was altered, cut short or not sealed. Stop: somebody between you and the enclave may be interfering.</summary>
/// <remarks>What was handed out before this exception is authentic; what would follow is not known.</remarks>
public sealed class PrivatemodeIntegrityException : PrivatemodeException
{
    internal PrivatemodeIntegrityException(string failure, string message)
        : base(message) => Failure = failure;

    /// <summary>Stable name of what failed, for example <c>truncated-stream</c>.</summary>
    public string Failure { get; }

    /// <summary>Path of the endpoint, for example <c>/v1/chat/completions</c>; null when not known.</summary>
    public string? Endpoint { get; internal init; }
}
