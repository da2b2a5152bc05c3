namespace Privatemode.AI;

/// <summary>A word of a transcription.</summary>
/// <param name="Start">Where it begins in the recording.</param>
/// <param name="End">Where it ends, as the model server says; it may be before <paramref name="Start"/>.</param>
/// <param name="Text">The word.</param>
public sealed record TranscriptionWord(TimeSpan Start, TimeSpan End, string Text);
