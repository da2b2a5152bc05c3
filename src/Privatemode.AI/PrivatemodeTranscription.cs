using Privatemode.AI.Speech;

namespace Privatemode.AI;

/// <summary>A whole transcription with everything the service told about it.</summary>
public sealed class PrivatemodeTranscription
{
    internal PrivatemodeTranscription()
    {
    }

    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>The language, as the service calls it; null when not told.</summary>
    public string? Language { get; init; }

    /// <summary>Length of the recording; null when not told. It travels in the clear and is not authenticated.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The segments in order; null when none were asked for.</summary>
    public IReadOnlyList<TranscriptionSegment>? Segments { get; init; }

    /// <summary>The words in order; null when none were asked for.</summary>
    public IReadOnlyList<TranscriptionWord>? Words { get; init; }

    /// <summary>Subtitles in the SubRip format (.srt).</summary>
    /// <returns>The text of the file; times to the millisecond, lines end with CR and LF.</returns>
    /// <exception cref="PrivatemodeRequestException">The transcription was made without segments.</exception>
    public string ToSubRip() => Subtitles.SubRip(DemandSegments());

    /// <summary>Subtitles in the WebVTT format (.vtt). What looks like markup in the text is escaped.</summary>
    /// <returns>The text of the file; times to the millisecond, lines end with LF.</returns>
    /// <exception cref="PrivatemodeRequestException">The transcription was made without segments.</exception>
    public string ToWebVtt() => Subtitles.WebVtt(DemandSegments());

    private IReadOnlyList<TranscriptionSegment> DemandSegments() => Segments ?? throw new PrivatemodeRequestException(
        $"{nameof(PrivatemodeSpeechOptions)}.{nameof(PrivatemodeSpeechOptions.Timestamps)}",
        "The transcription has no segments. Ask for them: new PrivatemodeSpeechOptions { Timestamps = TranscriptionTimestamps.Segments, " +
        "SpeechLanguage = … }.");
}
