using System.Text;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;

namespace Privatemode.Tool.Chat;

/// <summary>A conversation with a model. It is in memory only.</summary>
internal sealed class ChatConversation(ConversationOptions options, PrivatemodeClient client, ToolContext context, Output output)
{
    // Dim, and back to normal.
    private const string Dim = "\u001b[2m";
    private const string Normal = "\u001b[0m";

    private readonly List<ChatMessage> _history = [];
    private bool _isInReasoning;

    public string Model { get; set; } = "";

    public string? System { get; set; } = options.System;

    public bool ShowsReasoning { get; set; } = options.ShowsReasoning;

    public IReadOnlyList<ChatMessage> History => _history;

    public void Clear() => _history.Clear();

    /// <summary>Removes the last answer and returns the message before it, to ask again.</summary>
    public ChatMessage? TakeLast()
    {
        int index = _history.FindLastIndex(message => message.Role == ChatRole.User);
        if (index < 0)
        {
            return null;
        }

        ChatMessage last = _history[index];
        _history.RemoveRange(index, _history.Count - index);
        return last;
    }

    /// <summary>Sends a message and writes the answer as it arrives. A message without a complete answer is not added to the history.</summary>
    /// <exception cref="ToolException">The answer was cut off.</exception>
    public async Task AskAsync(ChatMessage message, CancellationToken stop)
    {
        List<ChatResponseUpdate> updates = [];
        bool hasText = false;
        try
        {
            using IChatClient chat = client.AsIChatClient(Model);
            try
            {
                await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(Messages(message), CreateOptions(), stop))
                {
                    updates.Add(update);
                    hasText |= Write(update);
                }
            }
            finally
            {
                EndReasoning();
            }
        }
        catch (PrivatemodeIntegrityException exception) when (hasText)
        {
            EndLine();
            throw new ToolException(ExitCodes.Refused, exception.ErrorType, "the answer was cut; do not use it.", exception);
        }
        catch (Exception) when (hasText)
        {
            EndLine();
            output.Hint("The answer is not complete.");
            throw;
        }

        EndLine();
        ChatResponse response = updates.ToChatResponse();
        _history.Add(message);
        _history.AddRange(response.Messages);
        if (options.ShowsReceipt && updates.Select(update => update.GetPrivatemodeReceipt()).LastOrDefault(found => found is not null) is { } receipt)
        {
            output.Hint(receipt.ToJson());
        }
    }

    /// <summary>Sends a message and returns the whole answer.</summary>
    public async Task<ChatResponse> GetAsync(ChatMessage message, CancellationToken stop)
    {
        using IChatClient chat = client.AsIChatClient(Model);
        return await chat.GetResponseAsync(Messages(message), CreateOptions(), stop);
    }

    private List<ChatMessage> Messages(ChatMessage message)
    {
        List<ChatMessage> messages = [.. System is null ? [] : (ChatMessage[])[new(ChatRole.System, System)], .. _history, message];
        Attachments.RequireReadable(messages.Select(each => each.Text));
        return messages;
    }

    private ChatOptions CreateOptions() => new()
    {
        MaxOutputTokens = options.MaxTokens,
        Reasoning = options.Effort is { } effort ? new ReasoningOptions { Effort = effort } : null,
    };

    /// <returns>Whether the update had text of the answer.</returns>
    private bool Write(ChatResponseUpdate update)
    {
        StringBuilder text = new();
        foreach (AIContent content in update.Contents)
        {
            _ = content switch
            {
                TextReasoningContent reasoning => WriteReasoning(reasoning.Text),
                TextContent answer => text.Append(answer.Text),
                ErrorContent error => text.Append(error.Message),
                _ => null,
            };
        }

        if (text.Length > 0)
        {
            EndReasoning();
        }

        context.Console.Out.Write(Output.Safe(text.ToString(), context.Console.IsOutputTerminal));
        context.Console.Out.Flush();
        return text.Length > 0;
    }

    private StringBuilder? WriteReasoning(string text)
    {
        if (ShowsReasoning)
        {
            string safe = Output.Safe(text, context.Console.IsErrorTerminal);
            context.Console.Error.Write(output.HasErrorColor ? $"{Dim}{safe}{Normal}" : safe);
            _isInReasoning = safe.Length == 0 ? _isInReasoning : !safe.EndsWith('\n');
        }

        return null;
    }

    /// <summary>Ends the line of the reasoning, because the answer or an error follows on the same terminal.</summary>
    private void EndReasoning()
    {
        if (_isInReasoning)
        {
            _isInReasoning = false;
            context.Console.Error.WriteLine();
        }
    }

    private void EndLine() => context.Console.Out.WriteLine();
}

/// <summary>The options of a conversation, from the flags.</summary>
internal sealed record ConversationOptions(string? System, bool ShowsReasoning, ReasoningEffort? Effort, int? MaxTokens, bool ShowsReceipt);
