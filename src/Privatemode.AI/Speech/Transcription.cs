using Privatemode.AI.Speech;

namespace Privatemode.AI;

/// <summary>Represents a complete transcription with everything that the service returned about it.</summary>
/// <remarks>A response contains it as <see cref="Microsoft.Extensions.AI.SpeechToTextResponse.RawRepresentation"/>. A fake
/// <see cref="Microsoft.Extensions.AI.ISpeechToTextClient"/> can set it there.</remarks>
public sealed class Transcription
{
    /// <summary>Gets the text of the whole recording.</summary>
    public required string Text { get; init; }

    /// <summary>Gets the language as the service names it, for example <c>de</c> or <c>german</c>, or <see langword="null"/> if the service returned
    /// none.</summary>
    public string? Language { get; init; }

    /// <summary>Gets the length of the recording, or <see langword="null"/> if the service did not return it.</summary>
    /// <remarks>The length is sent in the clear and is not authenticated.</remarks>
    public TimeSpan? Duration { get; init; }

    /// <summary>Gets the segments in order.</summary>
    /// <value><see langword="null"/> if segments were not requested or not returned, or if a segment has no usable start or end. A time of up to one second
    /// below zero is returned as zero.</value>
    public IReadOnlyList<TranscriptionSegment>? Segments { get; init; }

    /// <summary>Gets the words in order.</summary>
    /// <value><see langword="null"/> if words were not requested or not returned, or if a word has no usable start or end. A time of up to one second below
    /// zero is returned as zero.</value>
    public IReadOnlyList<TranscriptionWord>? Words { get; init; }

    /// <summary>Returns the segments as subtitles in the SubRip format (.srt).</summary>
    /// <returns>The content of the file. Times have millisecond precision, and lines end with CR and LF.</returns>
    /// <exception cref="PrivatemodeRequestException"><see cref="Segments"/> is <see langword="null"/>.</exception>
    public string ToSubRip() => Subtitles.SubRip(RequireSegments());

    /// <summary>Returns the segments as subtitles in the WebVTT format (.vtt).</summary>
    /// <returns>The content of the file. Times have millisecond precision, lines end with LF, and markup characters in the text are escaped.</returns>
    /// <exception cref="PrivatemodeRequestException"><see cref="Segments"/> is <see langword="null"/>.</exception>
    public string ToWebVtt() => Subtitles.WebVtt(RequireSegments());

    /// <summary>Returns the text of the transcription.</summary>
    /// <returns><see cref="Text"/>.</returns>
    public override string ToString() => Text;

    private IReadOnlyList<TranscriptionSegment> RequireSegments() => Segments ?? throw new PrivatemodeRequestException(
        $"{nameof(SpeechTranscriptionOptions)}.{nameof(SpeechTranscriptionOptions.Timestamps)}",
        "The transcription has no segments. Request them with new SpeechTranscriptionOptions { Timestamps = TranscriptionTimestamps.Segments, " +
        "SpeechLanguage = … }. If you did, the model server sent a segment without a usable start or end; transcribe again.");
}

/// <summary>Represents a segment of a transcription.</summary>
public sealed record TranscriptionSegment
{
    /// <summary>Gets the time in the recording at which the segment begins.</summary>
    public required TimeSpan StartTime { get; init; }

    /// <summary>Gets the time in the recording at which the segment ends.</summary>
    /// <remarks>It can be before <see cref="StartTime"/>: times of the model server are not put in order.</remarks>
    public required TimeSpan EndTime { get; init; }

    /// <summary>Gets the text of the segment as the model generated it, often with a leading space.</summary>
    public required string Text { get; init; }

    /// <summary>Gets the sampling temperature of the segment, from 0 to 1.</summary>
    /// <value><see langword="null"/> if the model server did not return it.</value>
    public float? Temperature { get; init; }

    /// <summary>Gets the average log probability of the segment's tokens, 0 or less.</summary>
    /// <value><see langword="null"/> if the model server did not return it. If it is less than -1, the text is doubtful.</value>
    public float? AverageLogProbability { get; init; }

    /// <summary>Gets the compression ratio of the text.</summary>
    /// <value><see langword="null"/> if the model server did not return it. If it is greater than 2.4, the text probably repeats itself.</value>
    public float? CompressionRatio { get; init; }

    /// <summary>Gets the probability that the segment contains no speech, from 0 to 1.</summary>
    /// <value><see langword="null"/> if the model server did not return it.</value>
    public float? NoSpeechProbability { get; init; }
}

/// <summary>Represents a word of a transcription.</summary>
public sealed record TranscriptionWord
{
    /// <summary>Gets the time in the recording at which the word begins.</summary>
    public required TimeSpan StartTime { get; init; }

    /// <summary>Gets the time in the recording at which the word ends.</summary>
    /// <remarks>It can be before <see cref="StartTime"/>: times of the model server are not put in order.</remarks>
    public required TimeSpan EndTime { get; init; }

    /// <summary>Gets the word.</summary>
    public required string Text { get; init; }
}
