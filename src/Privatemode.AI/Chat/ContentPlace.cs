namespace Privatemode.AI.Chat;

/// <summary>Specifies where a content of a message is sent in a chat request.</summary>
internal enum ContentPlace
{
    /// <summary>Nowhere: it describes an answer or repeats another content, so the model loses nothing.</summary>
    Nowhere,

    /// <summary>In the content of its message.</summary>
    Part,

    /// <summary>In the tool calls of its message.</summary>
    Call,

    /// <summary>In a message of its own, with the role <c>tool</c>.</summary>
    Result,
}
