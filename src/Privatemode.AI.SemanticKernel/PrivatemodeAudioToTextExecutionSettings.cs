using System.Text.Json.Serialization;
using Microsoft.SemanticKernel;
using Privatemode.AI.SemanticKernel.Settings;

namespace Privatemode.AI.SemanticKernel;

/// <summary>Provides the settings of a transcription. All values except the model ID are sent encrypted.</summary>
[JsonNumberHandling(JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed class PrivatemodeAudioToTextExecutionSettings : PromptExecutionSettings
{
    /// <summary>Gets or sets the language of the recording, such as <c>de</c>. It is required for timestamps.</summary>
    /// <value>The default is <see langword="null"/>: the model detects the language.</value>
    [JsonPropertyName("language")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Language { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets a text that guides the model, for example with names and spellings.</summary>
    /// <value>The default is <see langword="null"/>: no text is sent.</value>
    [JsonPropertyName("prompt")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Prompt { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the sampling temperature, from 0 to 1.</summary>
    /// <value>The default is <see langword="null"/>: the model server decides.</value>
    [JsonPropertyName("temperature")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public float? Temperature { get; set => field = Unfrozen(value); }

    /// <summary>Gets or sets the kind of timestamps that the transcription contains.</summary>
    /// <value>The default is <see cref="TranscriptionTimestamps.None"/>.</value>
    /// <remarks>In JSON, set <c>timestamp_granularities</c> to <c>segment</c> or <c>word</c> instead.</remarks>
    [JsonIgnore]
    public TranscriptionTimestamps Timestamps { get; set => field = Unfrozen(value); }

    /// <summary>Converts settings of any type to settings of this class.</summary>
    /// <param name="executionSettings">The settings, or <see langword="null"/> for default settings. They can be of this class, of another connector such as
    /// <c>OpenAIAudioToTextExecutionSettings</c>, or <see cref="PromptExecutionSettings"/> with <see cref="PromptExecutionSettings.ExtensionData"/>.</param>
    /// <returns><paramref name="executionSettings"/> if they are of this class; otherwise, new settings with all values except <c>filename</c> (file names are
    /// never sent) and <see cref="PromptExecutionSettings.FunctionChoiceBehavior"/> (transcriptions do not use it).</returns>
    /// <exception cref="PrivatemodeRequestException">A value has the wrong type or is set twice.</exception>
    public static PrivatemodeAudioToTextExecutionSettings FromExecutionSettings(PromptExecutionSettings? executionSettings) =>
        executionSettings as PrivatemodeAudioToTextExecutionSettings ?? TranscriptionSettings.Convert(executionSettings);

    /// <inheritdoc/>
    public override PromptExecutionSettings Clone() => new PrivatemodeAudioToTextExecutionSettings
    {
        ModelId = ModelId,
        ServiceId = ServiceId,
        FunctionChoiceBehavior = FunctionChoiceBehavior,
        ExtensionData = ExtensionData is null ? null : new Dictionary<string, object>(ExtensionData),
        Language = Language,
        Prompt = Prompt,
        Temperature = Temperature,
        Timestamps = Timestamps,
    };

    private T Unfrozen<T>(T value)
    {
        ThrowIfFrozen();
        return value;
    }
}
