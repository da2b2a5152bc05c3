namespace Privatemode.AI.Testing;

/// <summary>Represents a segment of a scripted transcription.</summary>
public sealed class ScriptedTranscriptionSegment
{
    /// <summary>Initializes a new instance of the <see cref="ScriptedTranscriptionSegment"/> class.</summary>
    /// <param name="text">The text of the segment.</param>
    /// <param name="start">The time in the recording at which the segment begins.</param>
    /// <param name="end">The time in the recording at which the segment ends.</param>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is <see langword="null"/>.</exception>
    public ScriptedTranscriptionSegment(string text, TimeSpan start, TimeSpan end)
    {
        Text = text ?? throw new ArgumentNullException(nameof(text));
        Start = start;
        End = end;
    }

    /// <summary>Gets the text of the segment.</summary>
    public string Text { get; }

    /// <summary>Gets the time in the recording at which the segment begins.</summary>
    public TimeSpan Start { get; }

    /// <summary>Gets the time in the recording at which the segment ends.</summary>
    public TimeSpan End { get; }
}
