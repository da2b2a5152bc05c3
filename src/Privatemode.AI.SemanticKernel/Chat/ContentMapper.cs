using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using AICall = Microsoft.Extensions.AI.FunctionCallContent;
using AIText = Microsoft.Extensions.AI.TextContent;
using KernelCall = Microsoft.SemanticKernel.FunctionCallContent;
using KernelText = Microsoft.SemanticKernel.TextContent;
using OpenAICompletion = OpenAI.Chat.ChatCompletion;
using OpenAIUpdate = OpenAI.Chat.StreamingChatCompletionUpdate;

namespace Privatemode.AI.SemanticKernel.Chat;

/// <summary>Maps answers to messages and contents of Semantic Kernel.</summary>
internal static class ContentMapper
{
    private const string RawArguments = "privatemode.raw_arguments";
    private const string RefusalCode = "Refusal";

    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    public static ChatMessageContent ToMessage(ChatResponse response, FunctionSet functions)
    {
        AIContent[] contents = [.. response.Messages.SelectMany(message => message.Contents)];
        ChatMessageContent result = new()
        {
            Role = AuthorRole.Assistant,
            ModelId = response.ModelId,
            InnerContent = response.RawRepresentation,
            Metadata = MetadataOf(response, contents),
        };
        foreach (AIContent content in contents)
        {
            if (ToItem(content, functions) is { } item)
            {
                item.ModelId = response.ModelId;
                result.Items.Add(item);
            }
        }

        return result;
    }

    /// <summary>Maps one update of a stream.</summary>
    /// <param name="update">The update.</param>
    /// <param name="requestIndex">The number of earlier requests of this call.</param>
    public static StreamingChatMessageContent ToUpdate(ChatResponseUpdate update, int requestIndex)
    {
        StreamingChatMessageContent result = new(
            update.Role is { } role ? new AuthorRole(role.Value) : null, content: null, update.RawRepresentation, modelId: update.ModelId,
            metadata: MetadataOf(update));
        int call = 0;
        foreach (AIContent content in update.Contents)
        {
            StreamingKernelContent? item = content switch
            {
                AIText text => new StreamingTextContent(text.Text, modelId: update.ModelId),
                TextReasoningContent reasoning => new StreamingReasoningContent(reasoning.Text),
                AICall made => new StreamingFunctionCallUpdateContent(made.CallId, made.Name, ArgumentsOf(made), call++) { RequestIndex = requestIndex },
                _ => null,
            };
            if (item is not null)
            {
                result.Items.Add(item);
            }
        }

        return result;
    }

    private static KernelContent? ToItem(AIContent content, FunctionSet functions) => content switch
    {
        AIText text => new KernelText(text.Text),
        TextReasoningContent reasoning => new ReasoningContent(reasoning.Text),
        AICall call => ToCall(call, functions),
        DataContent data when data.HasTopLevelMediaType("image") => new ImageContent(data.Data, data.MediaType),
        DataContent data when data.HasTopLevelMediaType("audio") => new AudioContent(data.Data, data.MediaType),
        DataContent data => new BinaryContent(data.Data, data.MediaType),
        UriContent uri when uri.HasTopLevelMediaType("image") => new ImageContent(uri.Uri),
        UriContent uri => new BinaryContent(uri.Uri) { MimeType = uri.MediaType },
        _ => null,
    };

    private static KernelCall ToCall(AICall call, FunctionSet functions)
    {
        (string? pluginName, string functionName) = functions.Parse(call.Name);
        KernelArguments? arguments = null;
        if (call.Arguments is { } named)
        {
            arguments = [];
            foreach ((string name, object? value) in named)
            {
                arguments[name] = functions.RetainsTypes ? value : value?.ToString();
            }
        }

        // With the original call, the history can be sent again without loss.
        return new KernelCall(functionName, pluginName, call.CallId, arguments) { InnerContent = call, Exception = call.Exception };
    }

    private static string? ArgumentsOf(AICall call) =>
        call.AdditionalProperties?.TryGetValue(RawArguments, out object? raw) == true ? raw?.ToString()
        : call.Arguments is { } arguments ? JsonSerializer.Serialize(arguments, Compact)
        : null;

    private static Dictionary<string, object?> MetadataOf(ChatResponse response, AIContent[] contents)
    {
        // If updates were combined, the message has the receipt.
        AdditionalPropertiesDictionary? properties = response.AdditionalProperties ?? response.Messages.LastOrDefault()?.AdditionalProperties;
        Dictionary<string, object?> metadata = Common(properties, contents);
        metadata["Id"] = response.ResponseId;
        metadata["CreatedAt"] = response.CreatedAt;
        metadata["FinishReason"] = response.FinishReason?.Value;
        metadata["Usage"] = response.Usage;
        if (response.RawRepresentation is OpenAICompletion completion)
        {
            metadata["SystemFingerprint"] = completion.SystemFingerprint;
            metadata["ContentTokenLogProbabilities"] = completion.ContentTokenLogProbabilities;
        }

        return metadata;
    }

    private static Dictionary<string, object?> MetadataOf(ChatResponseUpdate update)
    {
        Dictionary<string, object?> metadata = Common(update.AdditionalProperties, update.Contents);
        metadata["CompletionId"] = update.ResponseId;
        metadata["CreatedAt"] = update.CreatedAt;
        metadata["FinishReason"] = update.FinishReason?.Value;
        metadata["Usage"] = update.Contents.OfType<UsageContent>().FirstOrDefault()?.Details;
        if (update.RawRepresentation is OpenAIUpdate raw)
        {
            metadata["SystemFingerprint"] = raw.SystemFingerprint;
            metadata["ContentTokenLogProbabilities"] = raw.ContentTokenLogProbabilities;
        }

        return metadata;
    }

    private static Dictionary<string, object?> Common(AdditionalPropertiesDictionary? properties, IEnumerable<AIContent> contents)
    {
        Dictionary<string, object?> metadata = new(properties ?? []);
        string reasoning = string.Concat(contents.OfType<TextReasoningContent>());
        if (reasoning.Length > 0)
        {
            metadata[KernelMetadata.Reasoning] = reasoning;
        }

        foreach (ErrorContent error in contents.OfType<ErrorContent>())
        {
            metadata[error.ErrorCode == RefusalCode ? "Refusal" : "Error"] = error.Message;
        }

        return metadata;
    }
}
