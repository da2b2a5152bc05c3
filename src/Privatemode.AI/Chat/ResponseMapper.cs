using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Chat;

/// <summary>From a whole completion to a <see cref="ChatResponse"/>.</summary>
internal static class ResponseMapper
{
    private const string UnnamedCallCode = "UnnamedToolCall";

    public static ChatResponse FromOpenAI(ChatCompletion completion, ChatCompletionOptions options, ToolCallIds callIds)
    {
        ChatMessage message = new()
        {
            Role = ToRole(completion.Role),
            MessageId = completion.Id,
            CreatedAt = ToTime(completion.CreatedAt),
            RawRepresentation = completion,
        };
        if (ReasoningText.Of(completion) is { } reasoning)
        {
            message.Contents.Add(new TextReasoningContent(reasoning) { RawRepresentation = completion });
        }

        foreach (ChatMessageContentPart part in completion.Content)
        {
            if (FromPart(part) is { } content)
            {
                message.Contents.Add(content);
            }
        }

        AddAudio(completion, options, message);
        foreach (ChatToolCall call in completion.ToolCalls)
        {
            bool isCutOff = FinishReasons.IsEarly(completion.FinishReason) && call == completion.ToolCalls[^1];
            AIContent content = ToCall(callIds.MakeUnique(call.Id ?? ""), call.FunctionName, call.FunctionArguments, isCutOff);
            content.RawRepresentation = call;
            message.Contents.Add(content);
        }

        if (completion.Refusal is { Length: > 0 } refusal)
        {
            message.Contents.Add(ToRefusal(refusal, completion));
        }

        AddAnnotations(completion, message);
        return new ChatResponse(message)
        {
            ResponseId = completion.Id,
            ModelId = completion.Model,
            CreatedAt = ToTime(completion.CreatedAt),
            FinishReason = FinishReasons.Of(completion),
            Usage = UsageMapper.FromOpenAI(completion.Patch),
            RawRepresentation = completion,
        };
    }

    /// <summary>System is what the parser makes of a missing role; no answer comes from the system.</summary>
    public static ChatRole ToRole(ChatMessageRole role) => role switch
    {
        ChatMessageRole.User => ChatRole.User,
        ChatMessageRole.Tool => ChatRole.Tool,
        ChatMessageRole.Developer => new ChatRole("developer"),
        _ => ChatRole.Assistant,
    };

    /// <summary>The year 1 is what the parser makes of a missing time.</summary>
    public static DateTimeOffset? ToTime(DateTimeOffset created) => created == default ? null : created;

    public static AIContent? FromPart(ChatMessageContentPart part)
    {
        AIContent? content = part.Kind switch
        {
            ChatMessageContentPartKind.Text when part.Text is { Length: > 0 } text => new TextContent(text),
            ChatMessageContentPartKind.Refusal when part.Refusal is { Length: > 0 } refusal => ToRefusal(refusal, part),
            ChatMessageContentPartKind.Image when part.ImageUri is not null => new UriContent(part.ImageUri, "image/*"),
            ChatMessageContentPartKind.Image when part.ImageBytes is not null =>
                new DataContent(part.ImageBytes.ToMemory(), part.ImageBytesMediaType),
            ChatMessageContentPartKind.File when part.FileId is not null => new HostedFileContent(part.FileId) { Name = part.Filename },
            ChatMessageContentPartKind.File when part.FileBytes is not null =>
                new DataContent(part.FileBytes.ToMemory(), part.FileBytesMediaType) { Name = part.Filename },
            _ => null,
        };
        if (content is not null)
        {
            content.RawRepresentation = part;
        }

        return content;
    }

    /// <summary>A call of the model, or an error if it names no function.</summary>
    public static AIContent ToCall(string id, string? name, BinaryData? arguments, bool isCutOff) => string.IsNullOrEmpty(name)
        ? new ErrorContent("The model called a tool without naming it.") { ErrorCode = UnnamedCallCode, Details = id }
        : ToolCallArguments.ToCall(id, name, arguments, isCutOff);

    public static ErrorContent ToRefusal(string refusal, object raw) =>
        new(refusal) { ErrorCode = AssistantMessageMapper.RefusalCode, RawRepresentation = raw };

    public static string AudioMediaType(ChatCompletionOptions options) => options.AudioOptions?.OutputAudioFormat.ToString() switch
    {
        "opus" => "audio/opus",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        "pcm16" => "audio/pcm",
        _ => "audio/mpeg",
    };

    private static void AddAudio(ChatCompletion completion, ChatCompletionOptions options, ChatMessage message)
    {
        if (completion.OutputAudio is { AudioBytes: { } bytes } audio)
        {
            message.Contents.Add(new DataContent(bytes.ToMemory(), AudioMediaType(options)) { RawRepresentation = audio });
        }
    }

    private static void AddAnnotations(ChatCompletion completion, ChatMessage message)
    {
        if (completion.Annotations is not { Count: > 0 } annotations)
        {
            return;
        }

        TextContent? text = message.Contents.OfType<TextContent>().FirstOrDefault();
        if (text is null)
        {
            text = new TextContent("");
            message.Contents.Add(text);
        }

        foreach (ChatMessageAnnotation annotation in annotations)
        {
            (text.Annotations ??= []).Add(new CitationAnnotation
            {
                RawRepresentation = annotation,
                AnnotatedRegions = [new TextSpanAnnotatedRegion { StartIndex = annotation.StartIndex, EndIndex = annotation.EndIndex }],
                Title = annotation.WebResourceTitle,
                Url = annotation.WebResourceUri,
            });
        }
    }
}
