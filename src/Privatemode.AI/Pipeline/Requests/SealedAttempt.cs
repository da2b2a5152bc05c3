using Privatemode.AI.Encryption;
using Privatemode.AI.Sessions;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>One attempt of a call: its exchange, the secret it uses, and exactly what may leave.</summary>
internal sealed class SealedAttempt : IDisposable
{
    private readonly SecretLease? _lease;

    public SealedAttempt(SecretLease? lease, IBodyExchange? exchange, SealedContent? content, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        _lease = lease;
        Exchange = exchange;
        Content = content;
        Headers = headers;
    }

    /// <summary>Null on an endpoint that is not sealed.</summary>
    public IBodyExchange? Exchange { get; }

    /// <summary>The sealed body; null on an endpoint without a body.</summary>
    public SealedContent? Content { get; }

    /// <summary>The headers of this attempt, all of them but Accept and Content-Length.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>The secret in use; null on an endpoint that is not sealed.</summary>
    public SessionSecret? Session => _lease?.Session;

    public void Dispose()
    {
        Content?.Dispose();
        Exchange?.Dispose();
        _lease?.Dispose();
    }
}
