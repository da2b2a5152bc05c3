using System.ClientModel.Primitives;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Internal;
using Privatemode.AI.Receipts;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using OpenAIReason = OpenAI.Chat.ChatFinishReason;

namespace Privatemode.AI.Chat;

/// <summary>Maps a complete chat completion to a <see cref="ChatResponse"/>.</summary>
internal static class ResponseMapper
{
    private const string UnnamedCallCode = "UnnamedToolCall";

    public static ChatResponse FromOpenAI(ChatCompletion completion, ChatCompletionOptions options, ToolCallIds callIds, ReceiptScope scope)
    {
        ChatMessage message = new()
        {
            Role = ToRole(completion.Role),
            MessageId = completion.Id,
            CreatedAt = ToTime(completion.CreatedAt),
            RawRepresentation = completion,
        };
        FirstChoice choice = FirstChoice.Of(completion);
        if (choice.Reasoning is { } reasoning)
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
            FinishReason = FinishReasons.Of(completion, choice, scope),
            Usage = completion.Usage is null ? null : UsageMapper.FromOpenAI(completion.Patch),
            RawRepresentation = completion,
        };
    }

    /// <summary>Returns the role of an answer. The parser reads a missing role as System, which no answer has.</summary>
    public static ChatRole ToRole(ChatMessageRole role) => role switch
    {
        ChatMessageRole.User => ChatRole.User,
        ChatMessageRole.Tool => ChatRole.Tool,
        ChatMessageRole.Developer => new ChatRole("developer"),
        _ => ChatRole.Assistant,
    };

    /// <summary>Returns the time, or null for the year 1, which is how the parser reads a missing time.</summary>
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

    /// <summary>Returns a tool call of the model, or an error if the call names no function.</summary>
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

/// <summary>Properties of the first choice of an answer or event that OpenAI's types do not contain.</summary>
/// <param name="Exists">Whether there is a choice.</param>
/// <param name="Index">The index of the choice; null if it has none.</param>
/// <param name="Reasoning">The model's reasoning: <c>reasoning</c> if present, else <c>reasoning_content</c>, never both. Service version 1.40 sends the same
/// text under both names; newer servers only the first, older ones only the second. Null for an answer without reasoning.</param>
/// <param name="HasFinishReason">Whether the server gave a reason why the choice ended.</param>
internal readonly record struct FirstChoice(bool Exists, int? Index, string? Reasoning, bool HasFinishReason)
{
    public static FirstChoice Of(ChatCompletion completion) => Of(ref completion.Patch, "message"u8);

    public static FirstChoice Of(StreamingChatCompletionUpdate update) => Of(ref update.Patch, "delta"u8);

    /// <summary>Reads a choice once: each value that is taken out of a <see cref="JsonPatch"/> costs a pass over the whole answer or event.</summary>
    private static FirstChoice Of(ref JsonPatch patch, ReadOnlySpan<byte> messageName)
    {
        if (!patch.TryGetJson("$.choices[0]"u8, out ReadOnlyMemory<byte> json))
        {
            return default;
        }

        Utf8JsonReader reader = new(json.Span, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        int? index = null;
        string? reasoning = null;
        bool hasMessage = false;
        bool? hasFinishReason = null;
        _ = reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIndex = reader.ValueTextEquals("index"u8);
            bool isMessage = !hasMessage && reader.ValueTextEquals(messageName);
            bool isFinishReason = reader.ValueTextEquals("finish_reason"u8);
            _ = reader.Read();
            if (isIndex && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int number))
            {
                index ??= number;
            }
            else if (isMessage && reader.TokenType == JsonTokenType.StartObject)
            {
                hasMessage = true;
                reasoning = ReadReasoning(ref reader);
            }
            else if (isFinishReason)
            {
                hasFinishReason ??= reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            }

            reader.Skip();
        }

        return new FirstChoice(true, index, reasoning, hasFinishReason == true);
    }

    /// <summary>Reads to the end of the object at the reader.</summary>
    private static string? ReadReasoning(ref Utf8JsonReader reader)
    {
        string? reasoning = null;
        string? older = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isReasoning = reader.ValueTextEquals("reasoning"u8);
            bool isOlder = !isReasoning && reader.ValueTextEquals("reasoning_content"u8);
            _ = reader.Read();
            if (reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty)
            {
                reasoning = isReasoning ? reasoning ?? reader.GetString() : reasoning;
                older = isOlder ? older ?? reader.GetString() : older;
            }

            reader.Skip();
        }

        return reasoning ?? older;
    }
}

/// <summary>The reason why an answer ended, in the server's own word if OpenAI's type has no value for it.</summary>
/// <remarks>
/// OpenAI's parser throws on words that it does not know. The pipeline replaces them with <c>length</c>, because the answer may be incomplete, and
/// records the word in the <see cref="ReceiptScope"/>.
/// </remarks>
internal static class FinishReasons
{
    /// <summary>Returns the reason, or null if the server sent none, which the parser reads as a stop.</summary>
    public static ChatFinishReason? Of(ChatCompletion completion, FirstChoice choice, ReceiptScope scope) =>
        choice.HasFinishReason ? Map(completion.FinishReason, scope.FinishReasonOf(0)) : null;

    /// <param name="update">The update.</param>
    /// <param name="choice">The index of its choice.</param>
    /// <param name="scope">The call.</param>
    public static ChatFinishReason? Of(StreamingChatCompletionUpdate update, int choice, ReceiptScope scope) =>
        update.FinishReason is { } reason ? Map(reason, scope.FinishReasonOf(choice)) : null;

    /// <summary>Returns whether the answer ended before the model was finished. Unknown reasons are read as <c>length</c>; see the remarks of this
    /// class.</summary>
    public static bool IsEarly(OpenAIReason? reason) => reason is OpenAIReason.Length or OpenAIReason.ContentFilter;

    private static ChatFinishReason Map(OpenAIReason reason, string? word) => reason switch
    {
        OpenAIReason.Length when word is not null => new ChatFinishReason(word),
        OpenAIReason.Stop => ChatFinishReason.Stop,
        OpenAIReason.Length => ChatFinishReason.Length,
        OpenAIReason.ToolCalls or OpenAIReason.FunctionCall => ChatFinishReason.ToolCalls,
        OpenAIReason.ContentFilter => ChatFinishReason.ContentFilter,
        _ => new ChatFinishReason(reason.ToString()),
    };
}

/// <summary>Token counts. They are sent in the clear and are not authenticated.</summary>
internal static class UsageMapper
{
    /// <summary>Returns the usage of an answer or event, or null.</summary>
    public static UsageDetails? FromOpenAI(in JsonPatch answer)
    {
        using JsonDocument? document = UsageReader.Of(answer);
        if (document?.RootElement is not { ValueKind: JsonValueKind.Object } usage)
        {
            return null;
        }

        JsonElement input = UsageReader.Details(usage, "prompt_tokens_details");
        JsonElement output = UsageReader.Details(usage, "completion_tokens_details");
        UsageDetails details = UsageReader.ToDetails(usage);
        Add(details, "InputTokenDetails.AudioTokenCount", UsageReader.Count(input, "audio_tokens"));
        Add(details, "OutputTokenDetails.AudioTokenCount", UsageReader.Count(output, "audio_tokens"));
        Add(details, "OutputTokenDetails.AcceptedPredictionTokenCount", UsageReader.Count(output, "accepted_prediction_tokens"));
        Add(details, "OutputTokenDetails.RejectedPredictionTokenCount", UsageReader.Count(output, "rejected_prediction_tokens"));
        return details;
    }

    private static void Add(UsageDetails details, string name, long? count)
    {
        if (count is { } number)
        {
            (details.AdditionalCounts ??= [])[name] = number;
        }
    }
}
