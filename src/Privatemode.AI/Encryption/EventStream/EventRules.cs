using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption.EventStream;

/// <summary>What an endpoint demands of the events of its stream; one instance per stream.</summary>
internal abstract class EventRules
{
    /// <summary>Shape of every event.</summary>
    public abstract AnswerShape Shape { get; }

    /// <summary>True once a sealed finish was opened for everything the stream has begun.</summary>
    public abstract bool IsFinished { get; }

    /// <summary>The stream ends with an event of its own; the mark <c>[DONE]</c> may follow it but does not end the stream.</summary>
    public virtual bool EndsWithEvent => false;

    /// <summary>What is wrong with a stream that ends now, while <see cref="IsFinished"/> is false.</summary>
    public virtual AnswerFault Unfinished => AnswerFault.Truncated;

    /// <summary>Whether an event was returned to the caller. Set by the opener, which returns events.</summary>
    public bool HasHandedOut { get; set; }

    /// <summary>What becomes of the event inspected last.</summary>
    public virtual EventFate Fate => EventFate.Pass;

    /// <summary>Events to be returned before the one inspected last, for text that the rules held back; usually none.</summary>
    public virtual IReadOnlyList<byte[]> EventsBefore => [];

    /// <summary>An event to be returned directly before the end mark; usually none.</summary>
    public virtual byte[]? LastEvent => null;

    /// <summary>The name of the event inspected last, derived from its encrypted members; empty for none. Names from the wire are never used.</summary>
    public virtual ReadOnlySpan<byte> EventName => default;

    /// <summary>Looks at, and may change, an opened event before it goes to the caller.</summary>
    /// <returns>A fault that ends the stream, or <see cref="AnswerFault.None"/>.</returns>
    /// <exception cref="PrivatemodeServiceException">The event is an error of the model server.</exception>
    public abstract AnswerFault Inspect(OpenedDocument opened);
}
