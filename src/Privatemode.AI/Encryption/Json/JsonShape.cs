namespace Privatemode.AI.Encryption.Json;

/// <summary>Whether a document can be taken apart into top-level members without doubt.</summary>
internal enum JsonShape
{
    Usable,
    Empty,
    InvalidUtf8,
    Malformed,

    /// <summary>Valid JSON, but neither an object nor, where allowed, an array.</summary>
    NotAnObject,

    DuplicateName,

    /// <summary>A name that the peer would read as a path: empty, or with <c>|</c>, <c>\</c> or a leading <c>@ ! : { [</c>.</summary>
    AmbiguousName,

    /// <summary>A name with an escape that is no Unicode text, such as a lone surrogate.</summary>
    InvalidName,

    /// <summary>A name longer than <see cref="JsonIndex.LongestName"/>.</summary>
    NameTooLong,

    /// <summary>More members than <see cref="JsonIndex.MaxMembers"/>.</summary>
    TooManyMembers,
}
