using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>Translates requests of the Responses API to chats. One for each client.</summary>
internal sealed class ResponsesTranslator(ResponsesOptions options, TimeProvider time, ClientEvents events) : IDisposable
{
    // The parts of a chat that the request does not contain: names, brackets, the salt.
    private const int AdditionalCapacity = 4096;

    /// <summary>The cipher for reasoning. A configured key is copied immediately, because its owner can clear it after the client is created. A random key is
    /// created with the first request.</summary>
    private readonly Lazy<ReasoningCipher> _cipher = options.ReasoningKey.IsEmpty
        ? new(() => new ReasoningCipher(default))
        : new(new ReasoningCipher(options.ReasoningKey.Span));

    /// <summary>Translates the body of a request for a response. Takes ownership of it, even if it throws.</summary>
    /// <returns>The body of a chat, and the translation of its answer; the receiver owns both.</returns>
    /// <exception cref="PrivatemodeRequestException">The request requires something that the service does not support.</exception>
    /// <exception cref="PrivatemodeWouldLeakException">The body is malformed or ambiguous.</exception>
    public (PooledBytes Body, CallTranslation Translation) Translate(PooledBytes body, ResponsesCaller caller)
    {
        PooledBytes chat = new(body.Length + AdditionalCapacity);
        ResponsesCall call = new(caller, time);
        try
        {
            byte[] context = caller.ToContext();
            ReasoningCipher cipher = _cipher.Value;
            TranslatedRequest request = RequestMembers.Translate(
                body.Memory,
                chat,
                call.Echo,
                options.HostedTools == HostedToolPolicy.LeaveOut,
                (blob, text) => cipher.TryDecrypt(blob, context, text));
            call.Tools = request.Tools;
            call.WantsLogprobs = request.WantsLogProbabilities;
            call.EncryptReasoning = request.WantsReasoning ? text => cipher.Encrypt(text, context) : null;
            call.ForeignReasoning = request.ForeignReasoning;
            call.SetCacheKey(request.CacheKey);
            call.SetLeftOutTools(request.LeftOutTools.Count == 0 ? null : string.Join(", ", request.LeftOutTools));
            return (chat, call);
        }
        catch
        {
            chat.Dispose();
            call.Dispose();
            throw;
        }
        finally
        {
            body.Dispose();
        }
    }

    /// <summary>Logs what was left out of a request in its translation, after the call has its ID.</summary>
    public void LogLosses(CallTranslation translation, string requestId)
    {
        if (translation.LeftOutTools is { } types)
        {
            events.HostedToolsLeftOut(types, requestId);
        }

        if (translation is ResponsesCall { ForeignReasoning: > 0 and int count })
        {
            events.ForeignReasoningDropped(count, requestId);
        }
    }

    /// <summary>Clears the key for reasoning.</summary>
    public void Dispose()
    {
        if (_cipher.IsValueCreated)
        {
            _cipher.Value.Dispose();
        }
    }
}

/// <summary>The caller of a request for a response.</summary>
/// <param name="apiKey">The API key of the call.</param>
internal sealed class ResponsesCaller(string apiKey)
{
    /// <summary>The API key of the call.</summary>
    public string ApiKey => apiKey;

    /// <summary>See <see cref="PrivatemodeRequestOptions.Caller"/>.</summary>
    public string? Name { get; init; }

    /// <summary>See <see cref="PrivatemodeRequestOptions.ResponseModelId"/>.</summary>
    public string? AnsweredModel { get; init; }

    /// <summary>See <see cref="PrivatemodeRequestOptions.Progress"/>.</summary>
    public ResponseProgress? Progress { get; init; }

    /// <summary>Returns the bytes that distinguish the callers of encrypted reasoning: the digest of the API key, and that of the name (zeros without a
    /// name).</summary>
    public byte[] ToContext() =>
        [.. ApiKeyDigest.Of(apiKey), .. Name is null ? new byte[SHA256.HashSizeInBytes] : SHA256.HashData(Encoding.UTF8.GetBytes(Name))];
}
