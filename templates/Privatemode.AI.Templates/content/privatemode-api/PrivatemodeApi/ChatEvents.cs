using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace PrivatemodeApi;

/// <summary>The body of a request to /chat.</summary>
public sealed record Question(string? Text);

/// <summary>The answer to a question as server-sent events.</summary>
public static class ChatEvents
{
    /// <summary>Returns an event for each piece of text, and a last one of the type "done", or "error" if the answer is not complete.</summary>
    public static async IAsyncEnumerable<SseItem<string>> AnswerAsync(
        IChatClient chat, string question, ILogger logger, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using IAsyncEnumerator<ChatResponseUpdate> updates =
            chat.GetStreamingResponseAsync(question, cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken);
        string? error = null;
        while (error is null)
        {
            try
            {
                if (!await updates.MoveNextAsync())
                {
                    break;
                }
            }
            catch (PrivatemodeException exception)
            {
                // Messages of these exceptions contain no prompts, answers or keys.
                logger.LogError(exception, "The question could not be answered.");
                error = exception.ErrorType;
            }

            if (error is null && updates.Current.Text is { Length: > 0 } text)
            {
                yield return new SseItem<string>(text);
            }
        }

        // Callers see a stable word and no message, which is for the operator of this server.
        yield return error is null ? new SseItem<string>("", "done") : new SseItem<string>(error, "error");
    }
}
