using System.Runtime.InteropServices;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Chat;

/// <summary>The conversation on a terminal. Ctrl+C stops an answer, and ends the command at the prompt.</summary>
internal sealed class ChatLoop(ChatConversation conversation, PrivatemodeClient client, ToolContext context, Output output)
{
    private const string Fence = "\"\"\"";

    private const string Help = """
        /model ID        use another model           /models          list the models
        /system TEXT     set the instructions        /image FILE      add an image to the next message
        /reasoning       show or hide reasoning      /retry           ask the last message again
        /save FILE       write the conversation      /clear           forget the conversation
        /verify          verify the deployment       /help            show this
        /quit            leave (also Ctrl+D)
        Begin and end a message of several lines with three quotation marks. Ctrl+C stops an answer.
        """;

    private readonly List<DataContent> _images = [];

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        output.Hint($"Model {conversation.Model}. /help lists the commands.");
        while (true)
        {
            context.Console.Error.Write("> ");
            string? line = await ReadMessageAsync(stop);
            if (line is null or "/quit" or "/exit")
            {
                return ExitCodes.Success;
            }

            try
            {
                await HandleAsync(line.Trim(), stop);
            }
            catch (Exception exception) when (exception is PrivatemodeException or ToolException or IOException or UnauthorizedAccessException)
            {
                // The conversation goes on; what failed is not in the history.
                context.Console.Error.WriteLine($"Error: {Output.Escape(exception.Message)}");
            }
        }
    }

    private Task HandleAsync(string line, CancellationToken stop)
    {
        if (line.Length == 0)
        {
            return Task.CompletedTask;
        }

        if (!line.StartsWith('/'))
        {
            ChatMessage message = new(ChatRole.User, [new TextContent(line), .. _images]);
            _images.Clear();
            return AskAsync(message, stop);
        }

        string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        return RunCommandAsync(parts[0], parts.Length > 1 ? parts[1] : "", stop);
    }

    private async Task RunCommandAsync(string command, string argument, CancellationToken stop)
    {
        switch (command)
        {
            case "/model":
                conversation.Model = (await ModelChoice.FindAsync(client, argument, model => model.SupportsChat, stop)).Id;
                output.Hint($"Model {conversation.Model}");
                break;
            case "/models":
                IEnumerable<ModelInfo> models = (await client.Models.ListAsync(stop)).Where(model => model.SupportsChat);
                output.Hint(string.Join(", ", models.Select(model => model.Id)));
                break;
            case "/system":
                conversation.System = argument.Length > 0 ? argument : null;
                break;
            case "/image":
                _images.Add(Attachments.ReadImage(argument, context));
                output.Hint("The image goes with the next message.");
                break;
            case "/reasoning":
                conversation.ShowsReasoning = !conversation.ShowsReasoning;
                output.Hint(conversation.ShowsReasoning ? "Reasoning is shown." : "Reasoning is hidden.");
                break;
            case "/retry":
                await (conversation.TakeLast() is { } last ? AskAsync(last, stop) : throw ToolException.Usage("There is no message yet."));
                break;
            case "/save":
                Save(argument);
                break;
            case "/clear":
                conversation.Clear();
                break;
            case "/verify":
                _ = await ProgressDisplay.VerifyAsync(context, output, client, stop);
                break;
            case "/help":
                context.Console.Error.WriteLine(Help);
                break;
            default:
                throw ToolException.Usage($"unknown command {command}. /help lists the commands.");
        }
    }

    /// <summary>Ctrl+C stops this answer only.</summary>
    private async Task AskAsync(ChatMessage message, CancellationToken stop)
    {
        using CancellationTokenSource stopAnswer = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using (context.Termination.Handle(signal =>
        {
            if (signal != PosixSignal.SIGINT)
            {
                return false;
            }

            stopAnswer.Cancel();
            return true;
        }))
        {
            try
            {
                await conversation.AskAsync(message, stopAnswer.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                output.Hint("Stopped. The answer is not kept.");
            }
        }
    }

    private void Save(string path)
    {
        if (path.Length == 0)
        {
            throw ToolException.Usage("/save needs a file name.");
        }

        using StreamWriter writer = new(StateDirectory.CreateFile(context.FullPath(path), FileMode.CreateNew));
        foreach (ChatMessage message in conversation.History)
        {
            writer.WriteLine($"## {message.Role.Value}\n\n{message.Text}\n");
        }
    }

    /// <returns>The message; null at the end of the input.</returns>
    private async Task<string?> ReadMessageAsync(CancellationToken stop)
    {
        string? line = await context.Console.ReadLineAsync(stop);
        if (line is null || !line.TrimStart().StartsWith(Fence, StringComparison.Ordinal))
        {
            return line;
        }

        List<string> lines = [line.TrimStart()[Fence.Length..]];
        while (!lines[^1].TrimEnd().EndsWith(Fence, StringComparison.Ordinal))
        {
            if (await context.Console.ReadLineAsync(stop) is not { } next)
            {
                return null;
            }

            lines.Add(next);
        }

        lines[^1] = lines[^1].TrimEnd()[..^Fence.Length];
        return string.Join('\n', lines);
    }
}
