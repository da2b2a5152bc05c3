using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatResponseFormat = OpenAI.Chat.ChatResponseFormat;

namespace Privatemode.AI.Chat;

/// <summary>From <see cref="ChatOptions"/> to the options of the OpenAI client.</summary>
internal static class OptionsMapper
{
    private const string DefaultSchemaName = "json_schema";

    /// <summary>
    /// What <see cref="ChatOptions.RawRepresentationFactory"/> made is the base; the typed options fill its gaps, and
    /// <see cref="ChatOptions.AdditionalProperties"/> go into the body as they are.
    /// </summary>
    /// <exception cref="PrivatemodeRequestException">An additional property cannot be posted.</exception>
    public static ChatCompletionOptions ToOpenAI(IChatClient client, ChatOptions? options)
    {
        ChatCompletionOptions result = options?.RawRepresentationFactory?.Invoke(client) as ChatCompletionOptions ?? new ChatCompletionOptions();
        if (options is null)
        {
            return result;
        }

        MapSampling(options, result);
        MapTools(options, result);
        result.ResponseFormat ??= ToFormat(options);
        if (options.ModelId is { Length: > 0 } model && !result.Patch.Contains("$.model"u8))
        {
            result.Patch.Set("$.model"u8, model);
        }

        if (options.TopK is { } topK && !result.Patch.Contains("$.top_k"u8))
        {
            result.Patch.Set("$.top_k"u8, topK);
        }

        ExtraProperties.Apply(options.AdditionalProperties, result);
        return result;
    }

    private static void MapSampling(ChatOptions options, ChatCompletionOptions result)
    {
        result.FrequencyPenalty ??= options.FrequencyPenalty;
        result.MaxOutputTokenCount ??= options.MaxOutputTokens;
        result.PresencePenalty ??= options.PresencePenalty;
        result.ReasoningEffortLevel ??= ToEffort(options.Reasoning?.Effort);
        result.Seed ??= options.Seed;
        result.Temperature ??= options.Temperature;
        result.TopP ??= options.TopP;
        foreach (string stop in options.StopSequences ?? [])
        {
            result.StopSequences.Add(stop);
        }
    }

    private static void MapTools(ChatOptions options, ChatCompletionOptions result)
    {
        foreach (AITool tool in options.Tools ?? [])
        {
            if (tool is AIFunctionDeclaration function)
            {
                result.Tools.Add(ToolMapper.ToOpenAI(function, options));
            }
            else if (tool is HostedWebSearchTool)
            {
                result.WebSearchOptions ??= new ChatWebSearchOptions();
            }
        }

        if (result.Tools.Count == 0)
        {
            return;
        }

        result.AllowParallelToolCalls ??= options.AllowMultipleToolCalls;
        result.ToolChoice ??= options.ToolMode switch
        {
            NoneChatToolMode => ChatToolChoice.CreateNoneChoice(),
            RequiredChatToolMode { RequiredFunctionName: { } name } => ChatToolChoice.CreateFunctionChoice(name),
            RequiredChatToolMode => ChatToolChoice.CreateRequiredChoice(),
            _ => ChatToolChoice.CreateAutoChoice(),
        };
    }

    private static ChatResponseFormat? ToFormat(ChatOptions options) => options.ResponseFormat switch
    {
        ChatResponseFormatText => ChatResponseFormat.CreateTextFormat(),
        ChatResponseFormatJson { Schema: not null } json => ChatResponseFormat.CreateJsonSchemaFormat(
            json.SchemaName is { Length: > 0 } name ? name : DefaultSchemaName,
            ToolMapper.ResponseSchema(json, ToolMapper.IsStrict(options.AdditionalProperties)),
            json.SchemaDescription,
            ToolMapper.IsStrict(options.AdditionalProperties)),
        ChatResponseFormatJson => ChatResponseFormat.CreateJsonObjectFormat(),
        _ => null,
    };

    private static ChatReasoningEffortLevel? ToEffort(ReasoningEffort? effort) => effort switch
    {
        ReasoningEffort.None => ChatReasoningEffortLevel.None,
        ReasoningEffort.Low => ChatReasoningEffortLevel.Low,
        ReasoningEffort.Medium => ChatReasoningEffortLevel.Medium,
        ReasoningEffort.High => ChatReasoningEffortLevel.High,
        ReasoningEffort.ExtraHigh => new ChatReasoningEffortLevel("xhigh"),

        // A bare null would go through the type's conversion from string, which throws.
        _ => default(ChatReasoningEffortLevel?),
    };
}
