namespace Privatemode.AI.Receipts;

/// <summary>How far a call has come when something is thrown.</summary>
internal enum CallPhase
{
    /// <summary>The client writes the request; nothing of it is sent.</summary>
    Writing,

    /// <summary>The request is written; there is no answer yet.</summary>
    Sending,

    /// <summary>The answer, or the beginning of a stream, was handed to the client.</summary>
    Reading,
}
