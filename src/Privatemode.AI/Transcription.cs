using Privatemode.AI.Speech;

namespace Privatemode.AI;

/// <summary>A whole transcription with everything the service told about it.</summary>
public sealed class Transcription
{
    internal Transcription()
    {
    }

    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>The language, as the service calls it; null when not told.</summary>
    public string? Language { get; init; }

    /// <summary>Length of the recording; null when not told. It travels in the clear and is not authenticated.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Gets the segments in order.</summary>
    /// <value><see langword="null"/> if none were requested, or if the model server gave one of them a start or an end that is no time in a
    /// recording. Times up to one second below zero are zero.</value>
    public IReadOnlyList<TranscriptionSegment>? Segments { get; init; }

    /// <summary>Gets the words in order.</summary>
    /// <value><see langword="null"/> in the same cases as <see cref="Segments"/>.</value>
    public IReadOnlyList<TranscriptionWord>? Words { get; init; }

    /// <summary>Subtitles in the SubRip format (.srt).</summary>
    /// <returns>The text of the file; times to the millisecond, lines end with CR and LF.</returns>
    /// <exception cref="PrivatemodeRequestException">The transcription has no <see cref="Segments"/>.</exception>
    public string ToSubRip() => Subtitles.SubRip(DemandSegments());

    /// <summary>Subtitles in the WebVTT format (.vtt). What looks like markup in the text is escaped.</summary>
    /// <returns>The text of the file; times to the millisecond, lines end with LF.</returns>
    /// <exception cref="PrivatemodeRequestException">The transcription has no <see cref="Segments"/>.</exception>
    public string ToWebVtt() => Subtitles.WebVtt(DemandSegments());

    private IReadOnlyList<TranscriptionSegment> DemandSegments() => Segments ?? throw new PrivatemodeRequestException(
        $"{nameof(SpeechTranscriptionOptions)}.{nameof(SpeechTranscriptionOptions.Timestamps)}",
        "The transcription has no segments. Request them with new SpeechTranscriptionOptions { Timestamps = TranscriptionTimestamps.Segments, " +
        "SpeechLanguage = … }. If you did, the model server sent a segment without a usable start or end; transcribe again.");
}
