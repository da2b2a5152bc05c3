using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.SemanticKernel.Settings;

/// <summary>Maps the names of settings in requests and in other connectors to properties of <see cref="PrivatemodePromptExecutionSettings"/>.</summary>
internal static class SettingNames
{
    private const string Functions = "Set FunctionChoiceBehavior instead, for example to FunctionChoiceBehavior.Auto().";
    private const string OneAnswer = "A request returns one answer. Send one request for each answer.";
    private const string Streaming = "The method that you call determines whether the answer is streamed.";
    private const string TextOnly = "The service returns text only. Leave it unset.";

    /// <summary>Settings of other connectors that have no effect on a request.</summary>
    private static readonly FrozenSet<string> Ignored = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "SetNewMaxCompletionTokensEnabled");

    private static readonly FrozenDictionary<string, string> Refused = new Dictionary<string, string>
    {
        ["ToolCallBehavior"] = Functions,
        ["tools"] = Functions,
        ["tool_choice"] = Functions,
        ["functions"] = Functions,
        ["function_call"] = Functions,
        ["function_choice_behavior"] = "Set the property FunctionChoiceBehavior instead.",
        ["parallel_tool_calls"] = "Set AllowParallelCalls in the FunctionChoiceBehaviorOptions of FunctionChoiceBehavior instead.",
        ["service_id"] = "Set the property ServiceId instead.",
        ["web_search_options"] = "The service does not search the web. Leave it unset.",
        ["modalities"] = TextOnly,
        ["audio"] = TextOnly,
        ["n"] = OneAnswer,
        ["results_per_prompt"] = OneAnswer,
        ["store"] = "The service stores neither prompts nor answers. Leave it unset.",
        ["messages"] = "Pass messages in the chat history.",
        ["stream"] = Streaming,
        ["stream_options"] = Streaming,
    }.ToFrozenDictionary(member => Key(member.Key), member => member.Value, StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, Setting> Known = new Dictionary<string, Setting>
    {
        ["reasoning_effort"] = new((s, n, v) => s.ReasoningEffort = ToEffort(n, v), s => s.ReasoningEffort),
        ["temperature"] = new((s, n, v) => s.Temperature = SettingValues.ToDouble(n, v), s => s.Temperature),
        ["top_p"] = new((s, n, v) => s.TopP = SettingValues.ToDouble(n, v), s => s.TopP),
        ["top_k"] = new((s, n, v) => s.TopK = SettingValues.ToInt32(n, v), s => s.TopK),
        ["min_p"] = new((s, n, v) => s.MinP = SettingValues.ToDouble(n, v), s => s.MinP),
        ["max_tokens"] = MaxTokens,
        ["max_completion_tokens"] = MaxTokens,
        ["max_output_tokens"] = MaxTokens,
        ["frequency_penalty"] = new((s, n, v) => s.FrequencyPenalty = SettingValues.ToDouble(n, v), s => s.FrequencyPenalty),
        ["presence_penalty"] = new((s, n, v) => s.PresencePenalty = SettingValues.ToDouble(n, v), s => s.PresencePenalty),
        ["repetition_penalty"] = new((s, n, v) => s.RepetitionPenalty = SettingValues.ToDouble(n, v), s => s.RepetitionPenalty),
        ["seed"] = new((s, n, v) => s.Seed = SettingValues.ToInteger(n, v), s => s.Seed),
        ["stop_sequences"] = Stop,
        ["stop"] = Stop,
        ["token_selection_biases"] = Biases,
        ["logit_bias"] = Biases,
        ["logprobs"] = new((s, n, v) => s.Logprobs = SettingValues.ToBoolean(n, v), s => s.Logprobs),
        ["top_logprobs"] = new((s, n, v) => s.TopLogprobs = SettingValues.ToInt32(n, v), s => s.TopLogprobs),
        ["response_format"] = new((s, _, v) => s.ResponseFormat = v, s => s.ResponseFormat),
        ["chat_template_kwargs"] = new(
            (s, n, v) => s.ChatTemplateKwargs = new Dictionary<string, object?>(SettingValues.ToMembers(n, v)), s => s.ChatTemplateKwargs),
        ["chat_system_prompt"] = new((s, n, v) => s.ChatSystemPrompt = SettingValues.ToText(n, v), s => s.ChatSystemPrompt),
        ["chat_developer_prompt"] = new((s, n, v) => s.ChatDeveloperPrompt = SettingValues.ToText(n, v), s => s.ChatDeveloperPrompt),
        ["user"] = new((s, n, v) => s.User = SettingValues.ToText(n, v), s => s.User),
        ["model"] = Model,
        ["model_id"] = Model,
    }.ToFrozenDictionary(member => Key(member.Key), member => member.Value, StringComparer.OrdinalIgnoreCase);

    private static Setting Model => new((s, n, v) => s.ModelId = SettingValues.ToText(n, v), s => s.ModelId);

    private static Setting MaxTokens => new((s, n, v) => s.MaxTokens = SettingValues.ToInt32(n, v), s => s.MaxTokens);

    private static Setting Stop => new((s, n, v) => s.StopSequences = SettingValues.ToTexts(n, v), s => s.StopSequences);

    private static Setting Biases => new((s, n, v) => s.LogitBias = SettingValues.ToBiases(n, v), s => s.LogitBias);

    /// <summary>Returns a name without underscores, because YAML prompts and extension data also use names such as <c>maxTokens</c>.</summary>
    public static string Key(string name) => name.Replace("_", "", StringComparison.Ordinal);

    /// <summary>Whether a name is that of <c>ExtraBody</c>, the additional members in settings of the OpenAI connector.</summary>
    public static bool IsExtraBody(string name) => Key(name).Equals("extrabody", StringComparison.OrdinalIgnoreCase);

    /// <summary>Sets the property for a name. A member without a property is added to the extension data.</summary>
    /// <param name="target">The settings.</param>
    /// <param name="name">The name in the request or in another connector, with or without underscores.</param>
    /// <param name="value">The value. Null and JSON null are ignored.</param>
    /// <param name="replaces">Whether the value may replace one that is already set.</param>
    /// <exception cref="PrivatemodeRequestException">The value has the wrong type, the setting is not supported, or it is set twice.</exception>
    public static void Set(PrivatemodePromptExecutionSettings target, string name, object? value, bool replaces = false)
    {
        value = SettingValues.NodeToElement(name, value);
        string key = Key(name);
        if (value is null || !SettingValues.IsSet(value) || Ignored.Contains(key))
        {
            return;
        }

        if (Refused.TryGetValue(key, out string? advice))
        {
            throw new PrivatemodeRequestException(SettingValues.MemberOf(name), $"The setting '{name}' is not supported. {advice}");
        }

        if (IsExtraBody(name))
        {
            SetAll(target, name, value);
        }
        else if (!Known.TryGetValue(key, out Setting? known))
        {
            (target.ExtensionData ??= new Dictionary<string, object>())[name] = value;
        }
        else
        {
            SettingValues.ThrowIfSet(name, replaces ? null : known.Get(target));
            known.Set(target, name, value);
        }
    }

    /// <summary>Sets the members of <c>ExtraBody</c>, which take precedence over properties, as in the OpenAI connector.</summary>
    private static void SetAll(PrivatemodePromptExecutionSettings target, string name, object value)
    {
        foreach ((string extra, object? member) in SettingValues.ToMembers(name, value))
        {
            if (extra.StartsWith("$.", StringComparison.Ordinal))
            {
                throw new PrivatemodeRequestException(
                    SettingValues.MemberOf(name),
                    "A name in ExtraBody is a JSONPath, which is not supported. Use the name of a member and pass its whole value.");
            }

            Set(target, extra, member, replaces: true);
        }
    }

    private static string ToEffort(string name, object value) => value switch
    {
        ReasoningEffort.None => "none",
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High => "high",
        ReasoningEffort.ExtraHigh => "xhigh",
        OpenAI.Chat.ChatReasoningEffortLevel level => level.ToString(),
        string or JsonElement => SettingValues.ToText(name, value),
        _ => throw SettingValues.Wrong(name, "a string, a ReasoningEffort or a ChatReasoningEffortLevel"),
    };

    private sealed record Setting(
        Action<PrivatemodePromptExecutionSettings, string, object> Set, Func<PrivatemodePromptExecutionSettings, object?> Get);
}
