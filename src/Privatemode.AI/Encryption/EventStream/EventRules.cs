using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption.EventStream;

/// <summary>What an endpoint demands of the events of its stream; one instance per stream.</summary>
internal abstract class EventRules
{
    /// <summary>Shape of every event.</summary>
    public abstract AnswerShape Shape { get; }

    /// <summary>True once a sealed finish was opened for everything the stream has begun.</summary>
    public abstract bool IsFinished { get; }

    /// <summary>Looks at, and may change, an opened event before it goes to the caller.</summary>
    /// <returns>A fault that ends the stream, or <see cref="AnswerFault.None"/>.</returns>
    /// <exception cref="PrivatemodeServiceException">The event is an error of the model server.</exception>
    public abstract AnswerFault Inspect(OpenedDocument opened);
}
