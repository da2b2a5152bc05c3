using System.Globalization;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.SemanticKernel.Settings;

/// <summary>Writes settings into the options of a request.</summary>
internal static class ChatOptionsWriter
{
    private static readonly Dictionary<string, ReasoningEffort> Efforts = new(StringComparer.OrdinalIgnoreCase)
    {
        ["none"] = ReasoningEffort.None,
        ["low"] = ReasoningEffort.Low,
        ["medium"] = ReasoningEffort.Medium,
        ["high"] = ReasoningEffort.High,
        ["xhigh"] = ReasoningEffort.ExtraHigh,
    };

    /// <summary>Replaces all options except the model and the functions.</summary>
    /// <exception cref="PrivatemodeRequestException">A value has the wrong type, is set twice, or is not supported.</exception>
    public static void Replace(ChatOptions options, PrivatemodePromptExecutionSettings settings)
    {
        (options.Temperature, options.TopP, options.TopK, options.Seed) = (null, null, null, null);
        (options.FrequencyPenalty, options.PresencePenalty, options.MaxOutputTokens) = (null, null, null);
        (options.StopSequences, options.ResponseFormat, options.Reasoning) = (null, null, null);
        (options.Instructions, options.AdditionalProperties, options.RawRepresentationFactory) = (null, null, null);
        Write(options, ForeignSettings.Normalize(settings));
    }

    /// <summary>Adds the settings that have a value.</summary>
    /// <param name="options">The options of the request.</param>
    /// <param name="settings">Normalized settings.</param>
    /// <exception cref="PrivatemodeRequestException">The response format is not valid, or a number is not finite.</exception>
    public static void Write(ChatOptions options, PrivatemodePromptExecutionSettings settings)
    {
        options.ModelId = settings.ModelId ?? options.ModelId;
        options.Temperature = SettingValues.ToSingle("temperature", settings.Temperature) ?? options.Temperature;
        options.TopP = SettingValues.ToSingle("top_p", settings.TopP) ?? options.TopP;
        options.TopK = settings.TopK ?? options.TopK;
        options.MaxOutputTokens = settings.MaxTokens ?? options.MaxOutputTokens;
        options.FrequencyPenalty = SettingValues.ToSingle("frequency_penalty", settings.FrequencyPenalty) ?? options.FrequencyPenalty;
        options.PresencePenalty = SettingValues.ToSingle("presence_penalty", settings.PresencePenalty) ?? options.PresencePenalty;
        options.Seed = settings.Seed ?? options.Seed;
        options.StopSequences = settings.StopSequences is { } stop ? [.. stop] : options.StopSequences;
        ResponseFormats.Write(options, settings.ResponseFormat);
        WriteEffort(options, settings.ReasoningEffort);
        WriteMembers(options, settings);
    }

    private static void WriteEffort(ChatOptions options, string? effort)
    {
        if (effort is not null && Efforts.TryGetValue(effort, out ReasoningEffort known))
        {
            options.Reasoning = new ReasoningOptions { Effort = known };
        }
        else
        {
            // An effort for which Microsoft.Extensions.AI has no value, such as "max".
            Add(options, "reasoning_effort", effort?.ToLowerInvariant());
        }
    }

    /// <summary>Adds the members of the request for which <see cref="ChatOptions"/> has no property.</summary>
    private static void WriteMembers(ChatOptions options, PrivatemodePromptExecutionSettings settings)
    {
        Add(options, "min_p", Finite("min_p", settings.MinP));
        Add(options, "repetition_penalty", Finite("repetition_penalty", settings.RepetitionPenalty));
        Add(options, "logit_bias", settings.LogitBias?.ToDictionary(bias => bias.Key.ToString(CultureInfo.InvariantCulture), bias => (object?)bias.Value));
        Add(options, "logprobs", settings.Logprobs);
        Add(options, "top_logprobs", settings.TopLogprobs);
        Add(options, "chat_template_kwargs", settings.ChatTemplateKwargs);
        Add(options, "user", settings.User);
        foreach ((string name, object? value) in settings.ExtensionData ?? new Dictionary<string, object>())
        {
            Add(options, name, value);
        }
    }

    private static double? Finite(string name, double? value)
    {
        _ = SettingValues.ToSingle(name, value);
        return value;
    }

    private static void Add(ChatOptions options, string name, object? value)
    {
        if (value is not null)
        {
            (options.AdditionalProperties ??= [])[name] = value;
        }
    }
}
