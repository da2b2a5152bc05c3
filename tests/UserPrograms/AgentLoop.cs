using Microsoft.Extensions.AI;
using Privatemode.AI;

namespace UserPrograms;

/// <summary>An agent that calls its tools itself, asks before it acts, and gives up after a number of rounds.</summary>
public sealed class AgentLoop(IChatClient chat, Func<FunctionCallContent, bool> approve, int maxRounds = 8)
{
    private readonly List<AIFunction> _tools = [];

    public AgentLoop AddTool(AIFunction tool)
    {
        _tools.Add(tool);
        return this;
    }

    public async Task<string> RunAsync(string task, CancellationToken cancellationToken = default)
    {
        List<ChatMessage> history = [new(ChatRole.User, task)];
        for (int round = 0; round < maxRounds; round++)
        {
            ChatResponse response = await chat.GetResponseAsync(history, new ChatOptions { Tools = [.. _tools] }, cancellationToken);
            history.AddMessages(response);
            if (response.GetPrivatemodeReceipt() is not { IsVerified: true } receipt)
            {
                throw new InvalidOperationException("This answer did not come from a verified deployment.");
            }

            FunctionCallContent[] calls = [.. response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];
            if (calls.Length == 0)
            {
                return $"{response.Text} [{receipt.ManifestSha256[..8]}]";
            }

            foreach (FunctionCallContent call in calls.Where(call => !call.InformationalOnly))
            {
                AIFunction? tool = approve(call) ? _tools.Find(tool => tool.Name == call.Name) : null;
                object? result = tool is null ? "Refused." : await tool.InvokeAsync(new AIFunctionArguments(call.Arguments), cancellationToken);
                history.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.CallId, result)]));
            }
        }

        throw new TimeoutException($"No answer after {maxRounds} rounds.");
    }
}
