namespace Privatemode.AI.Testing;

/// <summary>A stretch of a scripted transcription.</summary>
/// <param name="Text">What is said.</param>
/// <param name="Start">Where it begins in the recording.</param>
/// <param name="End">Where it ends.</param>
public sealed record ScriptedSegment(string Text, TimeSpan Start, TimeSpan End);
