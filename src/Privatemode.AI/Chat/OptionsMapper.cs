using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Internal;
using ChatResponseFormat = OpenAI.Chat.ChatResponseFormat;

namespace Privatemode.AI.Chat;

/// <summary>Maps <see cref="ChatOptions"/> to the options of the OpenAI client.</summary>
internal static class OptionsMapper
{
    // Only read: all calls without options share it.
    private static readonly ChatCompletionOptions Nothing = new();

    private const string DefaultSchemaName = "json_schema";

    /// <summary>
    /// Maps the options. The result of <see cref="ChatOptions.RawRepresentationFactory"/> is the base, the typed options set what is missing, and
    /// <see cref="ChatOptions.AdditionalProperties"/> are added to the body unchanged.
    /// </summary>
    /// <exception cref="PrivatemodeRequestException">An additional property is not allowed, or an option requires something that the service does not
    /// support.</exception>
    public static ChatCompletionOptions ToOpenAI(IChatClient client, string? defaultModelId, ChatOptions? options)
    {
        if (options is null)
        {
            return Nothing;
        }

        ChatCompletionOptions result = options.RawRepresentationFactory?.Invoke(client) as ChatCompletionOptions ?? new ChatCompletionOptions();
        ThrowIfStateful(options);
        MapSampling(options, result);
        MapTools(options, result);
        result.ResponseFormat ??= ToFormat(options);
        if (options.ModelId is { Length: > 0 } model && !result.Patch.Contains("$.model"u8))
        {
            result.Patch.Set("$.model"u8, ModelIds.Validate("ChatOptions.ModelId", model));
        }

        if (options.TopK is { } topK && !result.Patch.Contains("$.top_k"u8))
        {
            result.Patch.Set("$.top_k"u8, topK);
        }

        result.ReasoningEffortLevel ??= ReasoningEfforts.ToOpenAI(options.Reasoning?.Effort, ModelOf(result) ?? defaultModelId);
        ChatAdditionalProperties.Apply(options.AdditionalProperties, result);
        return result;
    }

    /// <summary>Returns the options to pass to the OpenAI client, or null, because that client then creates its own.</summary>
    public static ChatCompletionOptions? ToSend(ChatCompletionOptions options) => ReferenceEquals(options, Nothing) ? null : options;

    /// <summary>Returns the model that the body specifies, or null for the default model of the client.</summary>
    private static string? ModelOf(ChatCompletionOptions result) =>
        result.Patch.Contains("$.model"u8) && result.Patch.TryGetValue("$.model"u8, out string? model) ? model : null;

    /// <summary>Refuses options that continue stored state: the service stores neither conversations nor answers.</summary>
    private static void ThrowIfStateful(ChatOptions options)
    {
        if (!string.IsNullOrWhiteSpace(options.ConversationId))
        {
            throw new PrivatemodeRequestException(
                "ChatOptions.ConversationId",
                "The service does not store conversations. Pass all messages of the conversation with each call, and leave ConversationId unset.");
        }

        if (options.ContinuationToken is not null)
        {
            throw new PrivatemodeRequestException(
                "ChatOptions.ContinuationToken",
                "The service has no background responses to continue. Send the request again, and leave ContinuationToken unset.");
        }
    }

    private static void MapSampling(ChatOptions options, ChatCompletionOptions result)
    {
        result.FrequencyPenalty = Finite(result.FrequencyPenalty, options.FrequencyPenalty, nameof(options.FrequencyPenalty));
        result.MaxOutputTokenCount ??= options.MaxOutputTokens;
        result.PresencePenalty = Finite(result.PresencePenalty, options.PresencePenalty, nameof(options.PresencePenalty));
        result.Seed ??= options.Seed;
        result.Temperature = Finite(result.Temperature, options.Temperature, nameof(options.Temperature));
        result.TopP = Finite(result.TopP, options.TopP, nameof(options.TopP));
        foreach (string stop in options.StopSequences ?? [])
        {
            result.StopSequences.Add(stop);
        }
    }

    /// <summary>Returns the value of the caller's ChatCompletionOptions (RawRepresentationFactory) if it is set; otherwise, that of ChatOptions.</summary>
    /// <exception cref="PrivatemodeRequestException">The value is NaN or infinite.</exception>
    private static float? Finite(float? raw, float? option, string name) => (raw ?? option) is not { } number || float.IsFinite(number)
        ? raw ?? option
        : throw new PrivatemodeRequestException(
            $"{(raw is null ? nameof(ChatOptions) : nameof(ChatCompletionOptions))}.{name}",
            $"{name} is NaN or infinite, which JSON cannot express. Set a finite number, or leave it unset.");

    private static void MapTools(ChatOptions options, ChatCompletionOptions result)
    {
        foreach (AITool? tool in options.Tools ?? [])
        {
            result.Tools.Add(tool is AIFunctionDeclaration function ? ToolMapper.ToOpenAI(function, options) : throw Unsupported(tool));
        }

        if (result.Tools.Count == 0)
        {
            // The service rejects the other tool options if there are no tools.
            if (options.ToolMode is RequiredChatToolMode)
            {
                throw new PrivatemodeRequestException(
                    "ChatOptions.ToolMode", "ToolMode requires a tool call, but Tools is empty. Add tools, or leave ToolMode unset.");
            }

            return;
        }

        result.AllowParallelToolCalls ??= options.AllowMultipleToolCalls;
        result.ToolChoice ??= options.ToolMode switch
        {
            NoneChatToolMode => ChatToolChoice.CreateNoneChoice(),
            RequiredChatToolMode { RequiredFunctionName: { } name } => ChatToolChoice.CreateFunctionChoice(
                WellFormedText.ValidateName("ChatOptions.ToolMode", name)),
            RequiredChatToolMode => ChatToolChoice.CreateRequiredChoice(),
            _ => ChatToolChoice.CreateAutoChoice(),
        };
    }

    private static PrivatemodeRequestException Unsupported(AITool? tool) => new(
        "ChatOptions.Tools",
        tool is null ? "A tool is null. Remove it." : $"A tool is of type {tool.GetType().Name}, which the service does not support: it runs no " +
        "tools itself. Pass an AIFunction that does the work in your process, for example one that AIFunctionFactory creates.");

    private static ChatResponseFormat? ToFormat(ChatOptions options) => options.ResponseFormat switch
    {
        ChatResponseFormatText => ChatResponseFormat.CreateTextFormat(),
        ChatResponseFormatJson { Schema: not null } json => ChatResponseFormat.CreateJsonSchemaFormat(
            json.SchemaName is { Length: > 0 } name ? WellFormedText.ValidateName("ChatOptions.ResponseFormat", name) : DefaultSchemaName,
            ToolMapper.ResponseSchema(json, ToolMapper.IsStrict(options.AdditionalProperties)),
            json.SchemaDescription,
            ToolMapper.IsStrict(options.AdditionalProperties)),
        ChatResponseFormatJson => ChatResponseFormat.CreateJsonObjectFormat(),
        _ => null,
    };
}

/// <summary>Adds <see cref="ChatOptions.AdditionalProperties"/> as top-level members of the request body, unchanged.</summary>
internal static class ChatAdditionalProperties
{
    private static readonly AdditionalPropertyWriter Members = new("ChatOptions.AdditionalProperties", new HashSet<string>
    {
        "messages", "model", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens",
        "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call",
    });

    /// <summary>The other members that the typed options can write, each with a function that returns whether they write it.</summary>
    private static readonly Dictionary<string, Func<ChatCompletionOptions, bool>> Typed = new()
    {
        ["audio"] = options => options.AudioOptions is not null,
        ["frequency_penalty"] = options => options.FrequencyPenalty is not null,
        ["logit_bias"] = options => options.LogitBiases.Count > 0,
        ["logprobs"] = options => options.IncludeLogProbabilities is not null,
        ["metadata"] = options => options.Metadata.Count > 0,
        ["modalities"] = options => options.ResponseModalities != ChatResponseModalities.Default,
        ["prediction"] = options => options.OutputPrediction is not null,
        ["presence_penalty"] = options => options.PresencePenalty is not null,
        ["reasoning_effort"] = options => options.ReasoningEffortLevel is not null,
        ["response_format"] = options => options.ResponseFormat is not null,
        ["safety_identifier"] = options => options.SafetyIdentifier is not null,
        ["seed"] = options => options.Seed is not null,
        ["service_tier"] = options => options.ServiceTier is not null,
        ["stop"] = options => options.StopSequences.Count > 0,
        ["store"] = options => options.StoredOutputEnabled is not null,
        ["temperature"] = options => options.Temperature is not null,
        ["top_logprobs"] = options => options.TopLogProbabilityCount is not null,
        ["top_p"] = options => options.TopP is not null,
        ["user"] = options => options.EndUserId is not null,
        ["web_search_options"] = options => options.WebSearchOptions is not null,
    };

    /// <param name="properties">The caller's properties.</param>
    /// <param name="target">The options of the call, with everything else already set.</param>
    /// <exception cref="PrivatemodeRequestException">A name is reserved, set twice, or not a name; or a value is not of a JSON
    /// kind.</exception>
    public static void Apply(AdditionalPropertiesDictionary? properties, ChatCompletionOptions target)
    {
        foreach ((string name, object? value) in properties ?? [])
        {
            if (name == ToolMapper.StrictKey)
            {
                continue;
            }

            Members.ThrowIfNotFree(name, IsPosted(target, name));
            target.Patch.Set(AdditionalPropertyWriter.PathOf(name), Members.ToJson(name, value));
        }
    }

    /// <summary>Whether the typed options or the caller's own base have set a member.</summary>
    private static bool IsPosted(ChatCompletionOptions target, string name)
    {
        byte[] path = AdditionalPropertyWriter.PathOf(name);
        return !target.Patch.IsRemoved(path)
            && (target.Patch.Contains(path) || target.Patch.TryGetJson(path, out _)
                || (Typed.TryGetValue(name, out Func<ChatCompletionOptions, bool>? isSet) && isSet(target)));
    }
}

/// <summary>Maps <see cref="ReasoningEffort"/> to the efforts that the family of a model supports. The table is in docs/chat.md.</summary>
internal static class ReasoningEfforts
{
    /// <summary>Returns the effort to send, or null if no effort is set.</summary>
    /// <param name="effort">The requested effort.</param>
    /// <param name="modelId">The model, with or without the name of its publisher in front.</param>
    /// <exception cref="PrivatemodeRequestException">The model cannot answer without reasoning.</exception>
    public static ChatReasoningEffortLevel? ToOpenAI(ReasoningEffort? effort, string? modelId)
    {
        if (effort is not { } wanted)
        {
            return null;
        }

        if (wanted == ReasoningEffort.None && EffortWords.FamilyWithoutNone(modelId) is { } family)
        {
            throw new PrivatemodeRequestException(
                "ChatOptions.Reasoning.Effort",
                $"Effort is None, but models of the family {family} always reason. Use ReasoningEffort.Low or another model.");
        }

        string? word = WordOf(wanted) is { } text ? EffortWords.Of(text, modelId) : null;
        return word is null ? null : new ChatReasoningEffortLevel(word);
    }

    private static string? WordOf(ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.None => "none",
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High => "high",
        ReasoningEffort.ExtraHigh => "xhigh",
        _ => null,
    };
}
