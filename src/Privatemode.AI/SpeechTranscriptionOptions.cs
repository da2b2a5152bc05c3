using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Options of a transcription that Microsoft.Extensions.AI has no type for. All of them travel sealed.</summary>
[Experimental("MEAI001")]
public sealed class SpeechTranscriptionOptions : SpeechToTextOptions
{
    /// <summary>Options without any set.</summary>
    public SpeechTranscriptionOptions()
    {
    }

    private SpeechTranscriptionOptions(SpeechTranscriptionOptions other)
        : base(other) => (Prompt, Temperature, Timestamps) = (other.Prompt, other.Temperature, other.Timestamps);

    /// <summary>Text that guides the model, in the language of the recording: names, spelling, what was said before. Whisper reads 224
    /// tokens of it at most. Null for none.</summary>
    public string? Prompt { get; set; }

    /// <summary>Sampling temperature, from 0 to 1; null leaves it to the model server.</summary>
    public float? Temperature { get; set; }

    /// <summary>Which times to ask for. They need <see cref="SpeechToTextOptions.SpeechLanguage"/>, and a call that is not streamed.</summary>
    public TranscriptionTimestamps Timestamps { get; set; }

    /// <inheritdoc/>
    public override SpeechToTextOptions Clone() => new SpeechTranscriptionOptions(this);
}
