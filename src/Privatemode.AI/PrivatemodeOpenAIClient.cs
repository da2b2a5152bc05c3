using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Realtime;

namespace Privatemode.AI;

/// <summary>Represents an <see cref="OpenAIClient"/> whose calls are encrypted end to end, or refused before anything is sent.</summary>
/// <remarks>
/// <para>Chat completions, completions, embeddings and transcriptions are encrypted, and through <c>Pipeline</c> also messages and document extraction. The
/// list of models is not encrypted, because it contains no user content. The client that <c>GetResponsesClient()</c> returns can create
/// responses: each request is translated to a chat in this process. Its other methods are refused, because the service stores nothing. Every other call throws
/// a <see cref="PrivatemodeWouldLeakException"/>.</para>
/// <para>Errors of the service are thrown as <see cref="System.ClientModel.ClientResultException"/>, whose message contains the service's own text. Failures
/// that this library detects are thrown as a <see cref="PrivatemodeException"/>, as by the other clients. The results have no receipt; the answers of
/// <see cref="PrivatemodeClient.AsIChatClient"/> and the other adapters have one.</para>
/// <para>Members that are missing from tool calls are filled in. A finish reason that OpenAI's types do not know is read as <c>length</c>.
/// Without these corrections, the OpenAI client could not read the answer.
/// The client of <see cref="PrivatemodeClient.AsIChatClient"/> returns the server's own finish reason.</para>
/// <para>This class is thread-safe. Get an instance from <see cref="PrivatemodeClient.OpenAI"/>; it can be used until that client is disposed.</para>
/// </remarks>
public sealed class PrivatemodeOpenAIClient : OpenAIClient
{
    internal PrivatemodeOpenAIClient(ClientPipeline pipeline, OpenAIClientOptions options)
        : base(pipeline, options)
    {
    }

    /// <summary>Not supported. Realtime sessions do not use the pipeline, so nothing would be encrypted.</summary>
    /// <returns>This method does not return.</returns>
    /// <exception cref="PrivatemodeWouldLeakException">Always thrown.</exception>
    public override RealtimeClient GetRealtimeClient() =>
        throw new PrivatemodeWouldLeakException(
            "realtime", "Realtime sessions use a separate connection, which this library does not encrypt. The service does not offer them.");
}
