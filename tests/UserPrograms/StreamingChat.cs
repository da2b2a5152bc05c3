using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>Shows an answer while it is written, the reasoning apart from the text, and stops when the user has seen enough.</summary>
public static class StreamingChat
{
    public static async Task<string> RunAsync(PrivatemodeClient privatemode, TextWriter output, int enough)
    {
        IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");
        using CancellationTokenSource stop = new();
        string shown = "";
        try
        {
            await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync("Tell me a story.", cancellationToken: stop.Token))
            {
                foreach (TextReasoningContent reasoning in update.Contents.OfType<TextReasoningContent>())
                {
                    await output.WriteAsync($"<{reasoning.Text}>");
                }

                shown += update.Text;
                if (shown.Length >= enough)
                {
                    await stop.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await output.WriteLineAsync("... (stopped)");
        }

        return shown;
    }
}
