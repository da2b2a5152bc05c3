namespace Privatemode.AI;

/// <summary>Represents a word of a transcription.</summary>
public sealed record TranscriptionWord
{
    /// <summary>Gets the time in the recording at which the word begins.</summary>
    public required TimeSpan StartTime { get; init; }

    /// <summary>Gets the time in the recording at which the word ends.</summary>
    /// <remarks>The value is the one that the model server returned. It can be before <see cref="StartTime"/>.</remarks>
    public required TimeSpan EndTime { get; init; }

    /// <summary>Gets the word.</summary>
    public required string Text { get; init; }
}
