using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.AI;
using Privatemode.AI;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Commands;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Chat;

/// <summary><c>privatemode chat</c>: one answer to a prompt, or a conversation on a terminal.</summary>
internal sealed class ChatCommand
{
    private readonly ToolContext _context;
    private readonly CommonOptions _common = new();
    private readonly Argument<string[]> _prompt = new("PROMPT")
    {
        Description = "The prompt. Without it, a conversation begins",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly TextFlag _model = new("--model", "ID", "The model [default: the one with the largest context]");
    private readonly TextFlag _system = new("--system", "TEXT|@FILE", "Instructions for the model, or @ and the path of a file with them");
    private readonly ListFlag _images = new("--image", "FILE", "A PNG, JPEG, WebP or GIF image of at most 20 MiB. Can be repeated");
    private readonly ListFlag _files = new("--file", "FILE", "A document, which the deployment converts to text. Can be repeated");
    private readonly TextFlag _reasoning = new("--reasoning", "hide|show", "Show the reasoning of the model on stderr [default: hide]");
    private readonly TextFlag _effort = new("--effort", "low|medium|high", "How much the model reasons");
    private readonly TextFlag _maxTokens = new("--max-tokens", "N", "The maximum length of the answer, in tokens");
    private readonly BoolFlag _receipt = new("--receipt", "Write the encryption receipt to stderr");

    private ChatCommand(ToolContext context) => _context = context;

    public static Command Create(ToolContext context)
    {
        ChatCommand chat = new(context);
        Command command = new("chat", "Ask a model, once or in a conversation")
        {
            chat._prompt, chat._model, chat._system, chat._images, chat._files, chat._reasoning, chat._effort, chat._maxTokens, chat._receipt,
        };
        command.SetRun(chat._common, context, chat.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, Output output, CancellationToken stop)
    {
        ConversationOptions options = ReadOptions(result);
        string prompt = await ReadPromptAsync(result, stop);
        DataContent[] images = [.. _images.Read(result).Select(path => Attachments.ReadImage(path, _context))];
        if (prompt.Length == 0 && (!_context.Console.IsInputTerminal || output.IsJson))
        {
            throw ToolException.Usage("There is no prompt. Give one as an argument or on stdin.");
        }

        await using ClientConnection connection = await ClientFactory.OpenAsync(_common.Read(result, _context), _context);
        ChatConversation conversation = new(options, connection.Client, _context, output);
        ModelInfo model = await ModelChoice.FindAsync(
            connection.Client, _model.Read(result), model => model.SupportsChat && (images.Length == 0 ? model.SupportsTools : model.SupportsVision), stop);
        conversation.Model = model.Id;
        _ = await ProgressDisplay.VerifyAsync(_context, output, connection.Client, stop);
        if (prompt.Length == 0)
        {
            return await new ChatLoop(conversation, connection.Client, _context, output).RunAsync(stop);
        }

        ChatMessage message = await CreateMessageAsync(prompt, images, _files.Read(result), connection.Client, stop);
        if (!output.IsJson)
        {
            await conversation.AskAsync(message, stop);
            return ExitCodes.Success;
        }

        ChatResponse response = await ProgressDisplay.WhileAsync(_context, output, "Waiting for the answer…", conversation.GetAsync(message, stop));
        output.Json(json => WriteJson(json, response, model.Id));
        return ExitCodes.Success;
    }

    private ConversationOptions ReadOptions(ParseResult result)
    {
        bool showsReasoning = _reasoning.Read(result) switch
        {
            null or "hide" => false,
            "show" => true,
            { } other => throw ToolException.Usage($"--reasoning: \"{other}\" is neither hide nor show"),
        };
        ReasoningEffort? effort = _effort.Read(result) switch
        {
            null => null,
            "low" => ReasoningEffort.Low,
            "medium" => ReasoningEffort.Medium,
            "high" => ReasoningEffort.High,
            { } other => throw ToolException.Usage($"--effort: \"{other}\" is not one of low, medium, high"),
        };
        int? maxTokens = _maxTokens.Read(result) is not { } text ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int tokens) && tokens > 0 ? tokens
            : throw ToolException.Usage($"--max-tokens: \"{text}\" is not a number greater than 0");
        return new ConversationOptions(ReadSystem(_system.Read(result)), showsReasoning, effort, maxTokens, _receipt.Read(result));
    }

    private string? ReadSystem(string? value)
    {
        if (value is null || !value.StartsWith('@'))
        {
            return value;
        }

        try
        {
            return File.ReadAllText(_context.FullPath(value[1..])).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup($"--system: \"{value[1..]}\" cannot be read: {FileErrors.Describe(exception)}.", exception);
        }
    }

    private async Task<string> ReadPromptAsync(ParseResult result, CancellationToken stop)
    {
        string prompt = string.Join(' ', result.GetValue(_prompt) ?? []);
        string input = _context.Console.IsInputTerminal ? "" : await Attachments.ReadInputAsync(_context.Console, stop);
        return input.Length == 0 ? prompt : prompt.Length == 0 ? input : $"{prompt}\n\n{input}";
    }

    private async Task<ChatMessage> CreateMessageAsync(
        string prompt, DataContent[] images, IReadOnlyList<string> files, PrivatemodeClient client, CancellationToken stop)
    {
        List<AIContent> contents = [];
        foreach (string file in files)
        {
            string text = await Attachments.ReadDocumentAsync(file, client, _context, stop);
            contents.Add(new TextContent($"Document \"{Path.GetFileName(file)}\":\n\n{text}\n\n"));
        }

        return new ChatMessage(ChatRole.User, [.. contents, new TextContent(prompt), .. images]);
    }

    private static void WriteJson(System.Text.Json.Utf8JsonWriter json, ChatResponse response, string model)
    {
        string reasoning = string.Concat(
            response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>().Select(content => content.Text));
        json.WriteStartObject();
        json.WriteString("schema", "privatemode.chat/1");
        json.WriteString("model", response.ModelId ?? model);
        json.WriteString("text", response.Text);
        json.WriteString("reasoning", reasoning);
        json.WriteString("finishReason", response.FinishReason?.Value);
        json.WriteStartObject("usage");
        json.WriteCount("inputTokens", response.Usage?.InputTokenCount);
        json.WriteCount("outputTokens", response.Usage?.OutputTokenCount);
        json.WriteCount("totalTokens", response.Usage?.TotalTokenCount);
        json.WriteEndObject();
        json.WriteRaw("receipt", response.GetPrivatemodeReceipt()?.ToJson());
        json.WriteEndObject();
    }
}
