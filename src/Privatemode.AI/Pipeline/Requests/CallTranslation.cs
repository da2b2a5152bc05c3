using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>Translates the answer of a translated call back. Owned by the call and by each stream that it starts, because a stream can outlive the
/// call.</summary>
internal abstract class CallTranslation : IDisposable
{
    private int _owners = 1;

    /// <summary>The prompt cache session that the translated body names, or null.</summary>
    public virtual string? CacheKey => null;

    /// <summary>The types of the tools that were left out of the request, separated by commas, or null.</summary>
    public virtual string? LeftOutTools => null;

    /// <summary>Sets the call that this translation belongs to. Called once.</summary>
    public abstract void Attach(EncryptedCall call);

    /// <summary>Translates a complete answer back, after all checks and corrections.</summary>
    /// <exception cref="PrivatemodeServiceException">The answer is authentic, but unusable.</exception>
    public abstract MemoryStream TranslateWhole(DecryptedDocument answer);

    /// <summary>Returns a translator for the events of one answer. Called for each attempt that is answered by a stream; the caller disposes the
    /// result.</summary>
    public abstract EventTranslator BeginStream();

    /// <summary>Translates the body of an answer of status 400 or more back.</summary>
    public abstract byte[] TranslateError(int status, ReadOnlySpan<byte> body);

    /// <summary>Adds an owner. Each owner must call <see cref="Dispose"/>; the last call releases the object.</summary>
    public void AddOwner() => Interlocked.Increment(ref _owners);

    /// <summary>Removes one owner. Each owner calls this once; the last call releases the object.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            Release();
        }
    }

    /// <summary>Wipes the parts of the request that the translation stores.</summary>
    protected abstract void Release();
}
