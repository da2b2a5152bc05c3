namespace Privatemode.AI;

/// <summary>Represents a segment of a transcription.</summary>
public sealed record TranscriptionSegment
{
    /// <summary>Gets the time in the recording at which the segment begins.</summary>
    public required TimeSpan Start { get; init; }

    /// <summary>Gets the time in the recording at which the segment ends, as the model server says. It may be before <see cref="Start"/>.</summary>
    public required TimeSpan End { get; init; }

    /// <summary>Gets the text of the segment as the model wrote it, often with a leading space.</summary>
    public required string Text { get; init; }

    /// <summary>Gets the sampling temperature of the segment, from 0 to 1, or <see langword="null"/> if the model server did not return one.</summary>
    public float? Temperature { get; init; }

    /// <summary>Gets the average logarithm of the probabilities of the segment's tokens, 0 or less, or <see langword="null"/> if the model server did not
    /// return one. Below -1 the text is doubtful.</summary>
    public float? AverageLogProbability { get; init; }

    /// <summary>Gets the compression ratio of the text, or <see langword="null"/> if the model server did not return one. Above 2.4 the text probably
    /// repeats itself.</summary>
    public float? CompressionRatio { get; init; }

    /// <summary>Gets the probability that the segment contains no speech, from 0 to 1, or <see langword="null"/> if the model server did not return
    /// one.</summary>
    public float? NoSpeechProbability { get; init; }
}
