namespace Privatemode.AI;

/// <summary>A stretch of a transcription.</summary>
/// <param name="Start">Where it begins in the recording.</param>
/// <param name="End">Where it ends, as the model server says; it may be before <paramref name="Start"/>.</param>
/// <param name="Text">What is said, as the model wrote it; often with a space in front.</param>
public sealed record TranscriptionSegment(TimeSpan Start, TimeSpan End, string Text)
{
    /// <summary>The temperature it was sampled with, 0 to 1; null when not told.</summary>
    public float? Temperature { get; init; }

    /// <summary>Average logarithm of the probabilities of its tokens, 0 or less; below -1 the text is doubtful. Null when not told.</summary>
    public float? AverageLogProbability { get; init; }

    /// <summary>How far its text can be compressed; above 2.4 it probably repeats itself. Null when not told.</summary>
    public float? CompressionRatio { get; init; }

    /// <summary>Probability that nothing is said in it, 0 to 1; null when not told.</summary>
    public float? NoSpeechProbability { get; init; }
}
