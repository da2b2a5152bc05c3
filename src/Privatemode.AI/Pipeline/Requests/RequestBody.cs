using Privatemode.AI.Encryption;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>The plaintext body of a call, taken once and kept for all its attempts.</summary>
internal abstract class RequestBody : IDisposable
{
    /// <summary>The plaintext itself, for a local proxy only.</summary>
    public abstract PooledBytes Plaintext { get; }

    /// <summary>Seals it for one attempt.</summary>
    public abstract SealedBody Seal(IBodyExchange exchange, EndpointRule rule);

    /// <summary>The attempt failed: what it was sealed with is not kept until the next one. After a success the whole body goes, at less cost.</summary>
    public virtual void EndAttempt()
    {
    }

    /// <summary>UTF-8 names of its members or fields, which the receipt lists; none when they are sealed too.</summary>
    public abstract IReadOnlyList<byte[]> Names();

    public abstract void Dispose();
}
