using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>How the answer of a translated call is turned back. Owned by the call and by each stream that was begun with it: the call may be over before
/// its stream is.</summary>
internal abstract class CallTranslation : IDisposable
{
    private int _owners = 1;

    /// <summary>The session for the prompt cache that the translated body names; null for none.</summary>
    public virtual string? CacheKey => null;

    /// <summary>The types of the tools that were left out of the request, separated by commas; null for none.</summary>
    public virtual string? LeftOutTools => null;

    /// <summary>Tells the call it belongs to, once.</summary>
    public abstract void Attach(EncryptedCall call);

    /// <summary>Turns a whole answer back, after all checks and corrections.</summary>
    /// <exception cref="PrivatemodeServiceException">The answer is authentic, but of no use.</exception>
    public abstract MemoryStream TranslateWhole(DecryptedDocument answer);

    /// <summary>Turns the events of one answer back; for each attempt that is answered by a stream. Disposed by its receiver.</summary>
    public abstract EventTranslator BeginStream();

    /// <summary>Turns the body of an answer of status 400 or more back.</summary>
    public abstract byte[] TranslateError(int status, ReadOnlySpan<byte> body);

    /// <summary>Adds an owner, who disposes this too.</summary>
    public void AddOwner() => Interlocked.Increment(ref _owners);

    /// <summary>To be called once by each owner.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            Release();
        }
    }

    /// <summary>Wipes what the translation keeps of the request.</summary>
    protected abstract void Release();
}
