namespace Privatemode.AI.Encryption.EventStream;

/// <summary>Translates the authentic events of a stream to events of another form; one instance per stream. Does no I/O.</summary>
internal abstract class EventTranslator : IDisposable
{
    /// <summary>Translates an event that was decrypted and checked.</summary>
    /// <param name="payload">The event: a JSON object.</param>
    /// <param name="output">The buffer for the caller's events, with all their lines.</param>
    /// <exception cref="PrivatemodeServiceException">The event cannot be translated: the stream fails.</exception>
    public abstract void Translate(ReadOnlySpan<byte> payload, PooledBytes output);

    /// <summary>Ends the stream: the answer is authenticated to its end.</summary>
    /// <returns>Null, or the reason why the answer is unusable although it is authentic. The stream fails with this exception, which is already reported in
    /// <paramref name="output"/>.</returns>
    public abstract PrivatemodeException? Complete(PooledBytes output);

    /// <summary>Reports that the stream failed. No effect after the end. Never throws.</summary>
    public abstract void Fail(PrivatemodeException failure, PooledBytes output);

    /// <summary>Reports that the caller has read everything that was written.</summary>
    public virtual void AllRead()
    {
    }

    public abstract void Dispose();
}
