namespace Privatemode.AI.Encryption.EventStream;

/// <summary>Reads the events of a stream for <see cref="OpeningEventStream"/>, which does the I/O.</summary>
internal interface IEventReader : IDisposable
{
    /// <summary>Events that are ready for the caller. The reader of this buffer clears it.</summary>
    PooledBytes Output { get; }

    /// <summary>Why the stream is broken; null while it is not.</summary>
    PrivatemodeException? Failure { get; }

    /// <summary>Whether the answer has ended.</summary>
    bool IsEnded { get; }

    /// <summary>Processes bytes from the network, which may end anywhere within an event.</summary>
    void Push(ReadOnlySpan<byte> bytes);

    /// <summary>Processes the end of the network stream, which is a failure unless the answer has ended.</summary>
    void Complete();

    /// <summary>Marks the stream as broken, unless it already is.</summary>
    void Fail(PrivatemodeException failure);
}
