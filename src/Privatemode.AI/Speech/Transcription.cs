using Privatemode.AI.Speech;

namespace Privatemode.AI;

/// <summary>Represents a complete transcription with everything that the service returned about it.</summary>
/// <remarks>It is the <see cref="Microsoft.Extensions.AI.SpeechToTextResponse.RawRepresentation"/> of an answer. A fake
/// <see cref="Microsoft.Extensions.AI.ISpeechToTextClient"/> can set it there.</remarks>
public sealed class Transcription
{
    /// <summary>Gets the text.</summary>
    public required string Text { get; init; }

    /// <summary>Gets the language as the service names it, for example <c>de</c> or <c>german</c>, or <see langword="null"/> if it returned none.</summary>
    public string? Language { get; init; }

    /// <summary>Gets the length of the recording, or <see langword="null"/> if the service did not return it.</summary>
    /// <remarks>The length is sent in the clear and is not authenticated.</remarks>
    public TimeSpan? Duration { get; init; }

    /// <summary>Gets the segments in order.</summary>
    /// <value><see langword="null"/> if segments were not requested, or if the start or end of one of them is not a time within a recording. A time
    /// up to one second before zero becomes zero.</value>
    public IReadOnlyList<TranscriptionSegment>? Segments { get; init; }

    /// <summary>Gets the words in order.</summary>
    /// <value><see langword="null"/> in the same cases as <see cref="Segments"/>.</value>
    public IReadOnlyList<TranscriptionWord>? Words { get; init; }

    /// <summary>Returns the segments as subtitles in the SubRip format (.srt).</summary>
    /// <returns>The content of the file. Times have milliseconds, and lines end with CR and LF.</returns>
    /// <exception cref="PrivatemodeRequestException"><see cref="Segments"/> is <see langword="null"/>.</exception>
    public string ToSubRip() => Subtitles.SubRip(DemandSegments());

    /// <summary>Returns the segments as subtitles in the WebVTT format (.vtt).</summary>
    /// <returns>The content of the file. Times have milliseconds, lines end with LF, and markup characters in the text are escaped.</returns>
    /// <exception cref="PrivatemodeRequestException"><see cref="Segments"/> is <see langword="null"/>.</exception>
    public string ToWebVtt() => Subtitles.WebVtt(DemandSegments());

    /// <summary>Returns the text of the transcription.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;

    private IReadOnlyList<TranscriptionSegment> DemandSegments() => Segments ?? throw new PrivatemodeRequestException(
        $"{nameof(SpeechTranscriptionOptions)}.{nameof(SpeechTranscriptionOptions.Timestamps)}",
        "The transcription has no segments. Request them with new SpeechTranscriptionOptions { Timestamps = TranscriptionTimestamps.Segments, " +
        "SpeechLanguage = … }. If you did, the model server sent a segment without a usable start or end; transcribe again.");
}
