namespace Privatemode.AI;

/// <summary>A word of a transcription.</summary>
/// <param name="Start">Where it begins in the recording.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Text">The word.</param>
public sealed record TranscriptionWord(TimeSpan Start, TimeSpan End, string Text);
