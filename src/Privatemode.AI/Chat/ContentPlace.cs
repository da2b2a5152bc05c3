namespace Privatemode.AI.Chat;

/// <summary>Where a content of a message goes in a chat request.</summary>
internal enum ContentPlace
{
    /// <summary>Nowhere, and nothing is lost: it tells something about an answer, or repeats what another content says.</summary>
    Nowhere,

    /// <summary>Into the content of its message.</summary>
    Part,

    /// <summary>Into the tool calls of its message.</summary>
    Call,

    /// <summary>Into a message of its own, with the role <c>tool</c>.</summary>
    Result,
}
