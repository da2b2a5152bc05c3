using Microsoft.SemanticKernel;

namespace Privatemode.AI.SemanticKernel.Settings;

/// <summary>Converts the settings of transcriptions.</summary>
internal static class TranscriptionSettings
{
    private const string Granularities = "timestamp_granularities";

    /// <exception cref="PrivatemodeRequestException">A value is of the wrong kind.</exception>
    public static PrivatemodeAudioToTextExecutionSettings Convert(PromptExecutionSettings? settings)
    {
        PrivatemodeAudioToTextExecutionSettings result = new();
        if (settings is null)
        {
            return result;
        }

        result.ModelId = settings.ModelId;
        result.ServiceId = settings.ServiceId;
        foreach ((string name, object? value) in ForeignSettings.Members(settings))
        {
            if (SettingValues.IsSet(value))
            {
                Set(result, name, value!);
            }
        }

        return result;
    }

    /// <summary>The options of a call.</summary>
    public static SpeechTranscriptionOptions ToOptions(PrivatemodeAudioToTextExecutionSettings settings)
    {
        SpeechTranscriptionOptions options = new()
        {
            ModelId = settings.ModelId,
            SpeechLanguage = settings.Language,
            Prompt = settings.Prompt,
            Temperature = settings.Temperature,
            Timestamps = settings.Timestamps,
        };
        foreach ((string name, object value) in settings.ExtensionData ?? new Dictionary<string, object>())
        {
            (options.AdditionalProperties ??= [])[name] = value;
        }

        return options;
    }

    private static void Set(PrivatemodeAudioToTextExecutionSettings target, string name, object value)
    {
        switch (name.ToLowerInvariant())
        {
            case "filename" or "service_id" or "model_id":
                break;
            case "language":
                target.Language = SettingValues.ToText(name, value);
                break;
            case "prompt":
                target.Prompt = SettingValues.ToText(name, value);
                break;
            case "temperature":
                target.Temperature = (float)SettingValues.ToDouble(name, value);
                break;
            case Granularities:
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
