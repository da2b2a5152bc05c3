using System.Text;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Soak;

/// <summary>The kinds of calls of the application itself, with the client that the proxy uses too.</summary>
internal static class ClientCalls
{
    public static IEnumerable<(string Name, Func<Call, CancellationToken, Task<Outcome>> Run)> All()
    {
        yield return ("IChatClient", (call, cancellation) => RunAsync(call, ChatAsync, cancellation));
        yield return ("IChatClient streamed", (call, cancellation) => RunAsync(call, StreamAsync, cancellation));
        yield return ("IEmbeddingGenerator", (call, cancellation) => RunAsync(call, EmbeddingsAsync, cancellation));
    }

    /// <summary>The library throws its own exceptions, and that of the caller's cancellation; nothing else.</summary>
    private static async Task<Outcome> RunAsync(Call call, Func<Call, CancellationToken, Task<Outcome>> run, CancellationToken cancellationToken)
    {
        try
        {
            return await run(call, cancellationToken);
        }
        catch (PrivatemodeException exception)
        {
            return exception is PrivatemodeConfigurationException or PrivatemodeRequestException or PrivatemodeWouldLeakException
                || exception.ToString().Contains(Marker.Sentinel, StringComparison.Ordinal)
                ? Outcome.Violation(exception.ToString())
                : new Outcome(OutcomeKind.Error, $"{exception.GetType().Name} {exception.ErrorType}");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return Outcome.Violation(exception.ToString());
        }
    }

    public static async Task<Outcome> ChatAsync(Call call, CancellationToken cancellationToken)
    {
        ChatResponse response = await call.Client.AsIChatClient(SoakHost.ChatModel).GetResponseAsync(Prompt(call), null, cancellationToken);
        return response.Text == Marker.TextOf(call.Marker)
            ? Outcome.Right
            : Outcome.Violation($"{call.Marker} got \"{response.Text}\"");
    }

    public static async Task<Outcome> StreamAsync(Call call, CancellationToken cancellationToken)
    {
        StringBuilder text = new();
        string expected = Marker.TextOf(call.Marker);
        try
        {
            IAsyncEnumerable<ChatResponseUpdate> updates = call.Client.AsIChatClient(SoakHost.ChatModel)
                .GetStreamingResponseAsync(Prompt(call), null, cancellationToken);
            await foreach (ChatResponseUpdate update in updates)
            {
                _ = text.Append(update.Text);
            }
        }
        catch (Exception exception) when (
            exception is PrivatemodeException or ObjectDisposedException && !expected.StartsWith(text.ToString(), StringComparison.Ordinal))
        {
            return Outcome.Violation($"wrong beginning: {call.Marker} got \"{text}\"");
        }
        catch (PrivatemodeException exception) when (text.Length > 0)
        {
            return new Outcome(OutcomeKind.ErrorEvent, $"{exception.GetType().Name} {exception.ErrorType}");
        }

        return text.ToString() == expected ? Outcome.Right : Outcome.Violation($"{call.Marker} got \"{text}\"");
    }

    public static async Task<Outcome> EmbeddingsAsync(Call call, CancellationToken cancellationToken)
    {
        GeneratedEmbeddings<Embedding<float>> vectors = await call.Client.AsIEmbeddingGenerator(SoakHost.EmbeddingModel)
            .GenerateAsync([call.Marker], new EmbeddingGenerationOptions { Dimensions = 8 }, cancellationToken);
        return ProxyCalls.IsVectorOf(vectors.Single().Vector.Span, call.Marker)
            ? Outcome.Right
            : Outcome.Violation($"{call.Marker} got another vector");
    }

    private static ChatMessage[] Prompt(Call call) => [new(ChatRole.System, call.Marker), new(ChatRole.User, call.Marker)];
}
