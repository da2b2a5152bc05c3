using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Realtime;

namespace Privatemode.AI;

/// <summary>
/// The OpenAI client, end-to-end encrypted: every call of every client it hands out is sealed before it leaves, or refused.
/// </summary>
/// <remarks>
/// Sealed: chat completions, completions, embeddings, transcriptions, and through its <c>Pipeline</c> also messages and document extraction.
/// Unencrypted because nothing is in it: the list of models. Everything else throws <see cref="PrivatemodeWouldLeakException"/> before anything is
/// sent. Errors of the service arrive as <see cref="System.ClientModel.ClientResultException"/>, whose message holds the service's own words.
/// Gaps in tool calls are filled in, and finish reasons OpenAI's types have no word for read as <c>length</c>, with the server's own word beside
/// them as <c>original_finish_reason</c>; otherwise the client would fail on the answer.
/// Thread-safe. Lives as long as the <see cref="PrivatemodeClient"/> it comes from.
/// </remarks>
public sealed class PrivatemodeOpenAIClient : OpenAIClient
{
    internal PrivatemodeOpenAIClient(ClientPipeline pipeline, OpenAIClientOptions options)
        : base(pipeline, options)
    {
    }

    /// <summary>Not available: realtime sessions bypass the pipeline, so nothing would be encrypted.</summary>
    /// <exception cref="PrivatemodeWouldLeakException">Always.</exception>
    public override RealtimeClient GetRealtimeClient() =>
        throw new PrivatemodeWouldLeakException(
            "realtime", "Realtime sessions open a connection of their own, past the encryption. The service does not offer them.");
}
