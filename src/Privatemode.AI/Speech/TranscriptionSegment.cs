namespace Privatemode.AI;

/// <summary>Represents a segment of a transcription.</summary>
public sealed record TranscriptionSegment
{
    /// <summary>Gets the time in the recording at which the segment begins.</summary>
    public required TimeSpan StartTime { get; init; }

    /// <summary>Gets the time in the recording at which the segment ends.</summary>
    /// <remarks>The value is the one that the model server returned. It can be before <see cref="StartTime"/>.</remarks>
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
