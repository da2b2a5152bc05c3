using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Privatemode.AI;

/// <summary>Provides options for a transcription that <see cref="SpeechToTextOptions"/> does not have. Their values are sent encrypted.</summary>
[Experimental("MEAI001")]
public sealed class SpeechTranscriptionOptions : SpeechToTextOptions
{
    /// <summary>Initializes a new instance of the <see cref="SpeechTranscriptionOptions"/> class with default values.</summary>
    public SpeechTranscriptionOptions()
    {
    }

    private SpeechTranscriptionOptions(SpeechTranscriptionOptions other)
        : base(other) => (Prompt, Temperature, Timestamps) = (other.Prompt, other.Temperature, other.Timestamps);

    /// <summary>Gets or sets a text that guides the model, for example with names, spellings, or what was said before.</summary>
    /// <value>Text in the language of the recording. Whisper reads at most 224 tokens of it. The default is <see langword="null"/>: no text is sent.</value>
    public string? Prompt { get; set; }

    /// <summary>Gets or sets the sampling temperature.</summary>
    /// <value>From 0 to 1; another value is refused with a <see cref="PrivatemodeRequestException"/> before anything is sent. The default is
    /// <see langword="null"/>: the model server decides.</value>
    public float? Temperature { get; set; }

    /// <summary>Gets or sets the kind of timestamps that the transcription contains.</summary>
    /// <value>The default is <see cref="TranscriptionTimestamps.None"/>. An undefined value is refused with a
    /// <see cref="PrivatemodeRequestException"/> before anything is sent.</value>
    /// <remarks>Timestamps require <see cref="SpeechToTextOptions.SpeechLanguage"/>, and they are not available for streamed calls. A call with
    /// timestamps that is streamed or has no language is refused in the same way.</remarks>
    public TranscriptionTimestamps Timestamps { get; set; }

    /// <inheritdoc/>
    public override SpeechToTextOptions Clone() => new SpeechTranscriptionOptions(this);
}

/// <summary>Specifies which timestamps a transcription contains.</summary>
/// <remarks>A call can request one kind only, because the service ignores all but the first.</remarks>
public enum TranscriptionTimestamps
{
    /// <summary>No timestamps.</summary>
    None,

    /// <summary>Timestamps of segments, which are about a sentence long. Subtitles require them.</summary>
    Segments,

    /// <summary>Timestamps of words, if the model server supports them.</summary>
    Words,
}
