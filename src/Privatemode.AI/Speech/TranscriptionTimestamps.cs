namespace Privatemode.AI;

/// <summary>Specifies the timestamps of a transcription.</summary>
/// <remarks>A call can request one kind only, because the service ignores all but the first.</remarks>
public enum TranscriptionTimestamps
{
    /// <summary>No timestamps.</summary>
    None,

    /// <summary>Timestamps of segments, which are about a sentence long. Subtitles require them.</summary>
    Segments,

    /// <summary>Timestamps of words, if the model server supports them.</summary>
    Words,
}
