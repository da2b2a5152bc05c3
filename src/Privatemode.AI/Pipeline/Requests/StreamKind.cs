namespace Privatemode.AI.Pipeline.Requests;

/// <summary>What an event stream is made of.</summary>
internal enum StreamKind
{
    /// <summary>Choices, as in chat and completions.</summary>
    Choices,

    /// <summary>Pieces of a transcription.</summary>
    Transcription,

    /// <summary>Anthropic-style messages.</summary>
    Messages,
}
