namespace Privatemode.AI.Testing;

/// <summary>Represents a segment of a scripted transcription.</summary>
/// <param name="text">The text of the segment.</param>
/// <param name="start">The time in the recording at which it begins.</param>
/// <param name="end">The time in the recording at which it ends.</param>
public sealed class ScriptedSegment(string text, TimeSpan start, TimeSpan end)
{
    /// <summary>Gets the text of the segment.</summary>
    public string Text { get; } = text ?? throw new ArgumentNullException(nameof(text));

    /// <summary>Gets the time in the recording at which the segment begins.</summary>
    public TimeSpan Start { get; } = start;

    /// <summary>Gets the time in the recording at which the segment ends.</summary>
    public TimeSpan End { get; } = end;
}
