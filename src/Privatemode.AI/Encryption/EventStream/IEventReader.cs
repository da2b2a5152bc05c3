namespace Privatemode.AI.Encryption.EventStream;

/// <summary>Reads the events of a stream for <see cref="OpeningEventStream"/>, which does the I/O.</summary>
internal interface IEventReader : IDisposable
{
    /// <summary>Events that are ready for the caller; whoever takes them clears it.</summary>
    PooledBytes Output { get; }

    /// <summary>Why the stream is broken; null while it is not.</summary>
    PrivatemodeException? Failure { get; }

    /// <summary>True after the end of the answer.</summary>
    bool IsEnded { get; }

    /// <summary>Takes in bytes as they come from the network, cut anywhere.</summary>
    void Push(ReadOnlySpan<byte> bytes);

    /// <summary>Takes in the end of the network stream: a failure unless the answer had ended before.</summary>
    void Complete();

    /// <summary>Breaks the stream, unless it is broken already.</summary>
    void Fail(PrivatemodeException failure);
}
