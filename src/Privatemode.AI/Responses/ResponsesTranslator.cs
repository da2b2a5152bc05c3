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
    // What a chat has beside what the request has: names, brackets, the salt.
    private const int RoomForAdditions = 4096;

    /// <summary>A key that is set is copied now: its owner may clear it once the client is there. A random one is made for the first request only.</summary>
    private readonly Lazy<ReasoningCipher> _cipher = options.ReasoningKey.IsEmpty
        ? new(() => new ReasoningCipher(default))
        : new(new ReasoningCipher(options.ReasoningKey.Span));

    /// <summary>Translates the body of a request for a response. Owns it from here on, also when this throws.</summary>
    /// <returns>The body of a chat, and how its answer is turned back; the receiver owns both.</returns>
    /// <exception cref="PrivatemodeRequestException">The request asks for what the service does not offer.</exception>
    /// <exception cref="PrivatemodeWouldLeakException">The body cannot be read without doubt.</exception>
    public (PooledBytes Body, CallTranslation Translation) Translate(PooledBytes body, ResponsesCaller caller)
    {
        PooledBytes chat = new(body.Length + RoomForAdditions);
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

    /// <summary>Logs what a request lost in its translation, once the call has its ID.</summary>
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

/// <summary>Who asks for a response.</summary>
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

    /// <summary>What tells callers apart who send encrypted reasoning back: two digests, the second of them zeros without a name.</summary>
    public byte[] ToContext() =>
        [.. ApiKeyDigest.Of(apiKey), .. Name is null ? new byte[SHA256.HashSizeInBytes] : SHA256.HashData(Encoding.UTF8.GetBytes(Name))];
}
