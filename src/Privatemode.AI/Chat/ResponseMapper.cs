using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Chat;

/// <summary>From a whole completion to a <see cref="ChatResponse"/>.</summary>
internal static class ResponseMapper
{
    public static ChatResponse FromOpenAI(ChatCompletion completion, ChatCompletionOptions options)
    {
        ChatMessage message = new()
        {
            Role = ToRole(completion.Role),
            MessageId = completion.Id,
            CreatedAt = completion.CreatedAt,
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
            FunctionCallContent content = ToCall(call.Id, call.FunctionName, call.FunctionArguments);
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
            CreatedAt = completion.CreatedAt,
            FinishReason = ToFinishReason(completion.FinishReason),
            Usage = UsageMapper.FromOpenAI(completion.Usage),
            RawRepresentation = completion,
        };
    }

    public static ChatRole ToRole(ChatMessageRole role) => role switch
    {
        ChatMessageRole.System => ChatRole.System,
        ChatMessageRole.User => ChatRole.User,
        ChatMessageRole.Tool => ChatRole.Tool,
        ChatMessageRole.Developer => new ChatRole("developer"),
        _ => ChatRole.Assistant,
    };

    public static ChatFinishReason ToFinishReason(OpenAI.Chat.ChatFinishReason reason) => reason switch
    {
        OpenAI.Chat.ChatFinishReason.Stop => ChatFinishReason.Stop,
        OpenAI.Chat.ChatFinishReason.Length => ChatFinishReason.Length,
        OpenAI.Chat.ChatFinishReason.ToolCalls or OpenAI.Chat.ChatFinishReason.FunctionCall => ChatFinishReason.ToolCalls,
        OpenAI.Chat.ChatFinishReason.ContentFilter => ChatFinishReason.ContentFilter,
        _ => new ChatFinishReason(reason.ToString()),
    };

    public static AIContent? FromPart(ChatMessageContentPart part)
    {
        AIContent? content = part.Kind switch
        {
            ChatMessageContentPartKind.Text when part.Text.Length > 0 => new TextContent(part.Text),
            ChatMessageContentPartKind.Refusal => ToRefusal(part.Refusal, part),
            ChatMessageContentPartKind.Image when part.ImageUri is not null => new UriContent(part.ImageUri, "image/*"),
            ChatMessageContentPartKind.Image when part.ImageBytes is not null =>
                new DataContent(part.ImageBytes.ToMemory(), part.ImageBytesMediaType),
            ChatMessageContentPartKind.File when part.FileId is not null => new HostedFileContent(part.FileId),
            _ => null,
        };
        if (content is not null)
        {
            content.RawRepresentation = part;
        }

        return content;
    }

    public static FunctionCallContent ToCall(string id, string name, BinaryData arguments) => FunctionCallContent.CreateFromParsedArguments(
        arguments, id, name, static json => System.Text.Json.JsonSerializer.Deserialize(
            json.ToMemory().Span, (System.Text.Json.Serialization.Metadata.JsonTypeInfo<IDictionary<string, object?>>)
                AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>))));

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
        if (completion.OutputAudio is { } audio)
        {
            message.Contents.Add(new DataContent(audio.AudioBytes.ToMemory(), AudioMediaType(options)) { RawRepresentation = audio });
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
