using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Responses;

/// <summary>Translates requests of the Responses API to chats. One for each client.</summary>
internal sealed class ResponsesTranslator(ResponsesOptions options, TimeProvider time)
{
    /// <summary>Translates the body of a request for a response. Owns it from here on, also when this throws.</summary>
    /// <returns>The body of a chat, and how its answer is turned back; the receiver owns both.</returns>
    /// <exception cref="PrivatemodeRequestException">The request asks for what the service does not offer.</exception>
    /// <exception cref="PrivatemodeWouldLeakException">The body cannot be read without doubt.</exception>
    public (PooledBytes Body, CallTranslation Translation) Translate(PooledBytes body, ResponsesCaller caller)
    {
        _ = (options, time, caller);
        body.Dispose();
        throw new PrivatemodeWouldLeakException("unknown-endpoint", "The service has no sealed form for this endpoint, so the call was not sent. " +
            "There are chat completions, completions, messages, embeddings, transcriptions, document extraction and the list of models.");
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

    /// <summary>See <see cref="PrivatemodeRequestOptions.AnsweredModel"/>.</summary>
    public string? AnsweredModel { get; init; }

    /// <summary>See <see cref="PrivatemodeRequestOptions.Progress"/>.</summary>
    public ResponseProgress? Progress { get; init; }
}
