namespace Privatemode.AI;

/// <summary>Which times a transcription comes with. One kind at a time: the service keeps only the first of several.</summary>
public enum TranscriptionTimestamps
{
    /// <summary>None, only text.</summary>
    None,

    /// <summary>Of segments, roughly sentences, which subtitles are made of.</summary>
    Segments,

    /// <summary>Of words, as far as the model server has them.</summary>
    Words,
}
