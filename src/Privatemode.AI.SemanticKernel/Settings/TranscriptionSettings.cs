using Microsoft.SemanticKernel;

namespace Privatemode.AI.SemanticKernel.Settings;

/// <summary>Converts the settings of transcriptions.</summary>
internal static class TranscriptionSettings
{
    private const string Granularities = "timestamp_granularities";

    /// <exception cref="PrivatemodeRequestException">A value has the wrong type or is set twice.</exception>
    public static PrivatemodeAudioToTextExecutionSettings Convert(PromptExecutionSettings? settings)
    {
        PrivatemodeAudioToTextExecutionSettings result = new();
        if (settings is null)
        {
            return result;
        }

        result.ModelId = settings.ModelId;
        result.ServiceId = settings.ServiceId;
        SetAll(result, ForeignSettings.Members(settings));
        return result;
    }

    /// <summary>Returns the options of a call.</summary>
    /// <exception cref="PrivatemodeRequestException">A value has the wrong type or is set twice.</exception>
    public static SpeechTranscriptionOptions ToOptions(PrivatemodeAudioToTextExecutionSettings settings)
    {
        if (settings.ExtensionData is { Count: > 0 } extensions)
        {
            // Some members, such as the granularities, have a property whose JSON name differs.
            settings = (PrivatemodeAudioToTextExecutionSettings)settings.Clone();
            settings.ExtensionData = null;
            SetAll(settings, extensions!);
        }

        SpeechTranscriptionOptions options = new()
        {
            ModelId = settings.ModelId,
            SpeechLanguage = settings.Language,
            Prompt = settings.Prompt,
            Temperature = SettingValues.ToSingle("temperature", settings.Temperature),
            Timestamps = settings.Timestamps,
        };
        foreach ((string name, object value) in settings.ExtensionData ?? new Dictionary<string, object>())
        {
            (options.AdditionalProperties ??= [])[name] = value;
        }

        return options;
    }

    private static void SetAll(PrivatemodeAudioToTextExecutionSettings target, IEnumerable<KeyValuePair<string, object?>> members)
    {
        foreach ((string name, object? member) in members)
        {
            if (SettingValues.NodeToElement(name, member) is { } value && SettingValues.IsSet(value))
            {
                Set(target, name, value);
            }
        }
    }

    private static void Set(PrivatemodeAudioToTextExecutionSettings target, string name, object value)
    {
        switch (SettingNames.Key(name).ToLowerInvariant())
        {
            case "filename":
                break;
            case "model" or "modelid":
                SettingValues.ThrowIfSet(name, target.ModelId);
                target.ModelId = SettingValues.ToText(name, value);
                break;
            case "language":
                SettingValues.ThrowIfSet(name, target.Language);
                target.Language = SettingValues.ToText(name, value);
                break;
            case "prompt":
                SettingValues.ThrowIfSet(name, target.Prompt);
                target.Prompt = SettingValues.ToText(name, value);
                break;
            case "temperature":
                SettingValues.ThrowIfSet(name, target.Temperature);
                target.Temperature = SettingValues.ToSingle(name, SettingValues.ToDouble(name, value));
                break;
            case "timestampgranularities":
                SettingValues.ThrowIfSet(name, target.Timestamps == TranscriptionTimestamps.None ? null : target.Timestamps);
                target.Timestamps = ToTimestamps(SettingValues.ToTexts(name, value));
                break;
            default:
                (target.ExtensionData ??= new Dictionary<string, object>())[name] = value;
                break;
        }
    }

    private static TranscriptionTimestamps ToTimestamps(IList<string> granularities) => granularities switch
    {
        [] => TranscriptionTimestamps.None,
        [var one] when one.Equals("word", StringComparison.OrdinalIgnoreCase) => TranscriptionTimestamps.Words,
        [var one] when one.Equals("segment", StringComparison.OrdinalIgnoreCase) => TranscriptionTimestamps.Segments,
        _ => throw SettingValues.Wrong(Granularities, "one of \"word\" and \"segment\""),
    };
}
