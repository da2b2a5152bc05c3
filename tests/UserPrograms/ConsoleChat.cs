using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>A chat in the console that remembers the conversation.</summary>
public static class ConsoleChat
{
    public static async Task RunAsync(PrivatemodeClient privatemode, TextReader input, TextWriter output, CancellationToken cancellationToken)
    {
        using IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");
        List<ChatMessage> history = [new(ChatRole.System, "You are a helpful assistant.")];
        while (await input.ReadLineAsync(cancellationToken) is { Length: > 0 } line)
        {
            history.Add(new ChatMessage(ChatRole.User, line));
            ChatResponse response = await chat.GetResponseAsync(history, new ChatOptions { Temperature = 0.2f, MaxOutputTokens = 500 }, cancellationToken);
            history.AddMessages(response);
            await output.WriteLineAsync($"{response.Text} ({response.Usage?.TotalTokenCount} tokens, {response.FinishReason})");
        }
    }
}
