namespace Privatemode.AI.Encryption;

/// <summary>What is wrong with an answer that should be sealed.</summary>
internal enum AnswerFault
{
    None,
    NotJson,
    DuplicateName,

    /// <summary>A member that is not on the plain list is not in sealed form.</summary>
    UnsealedMember,

    /// <summary>No sealed value at all: empty, or plain members only.</summary>
    NothingSealed,

    /// <summary>A list of a document's elements without an element, which nothing authenticates.</summary>
    EmptyDocument,

    /// <summary>A stream that ended without a choice. Nothing authenticates that none was to come.</summary>
    NoChoice,

    /// <summary>The member the endpoint exists for is missing or of the wrong JSON kind.</summary>
    PayloadMissing,

    /// <summary>A member that is not authenticated has a type it must not have.</summary>
    BadPlainMember,

    /// <summary>A sealed member holds what no member of its name can hold. Names are not authenticated.</summary>
    RenamedMember,

    /// <summary>More choices than were asked for. How many to make travels in the clear.</summary>
    ChoiceCount,

    NotAuthentic,
    Reflected,

    /// <summary>An earlier part of the answer failed already.</summary>
    AlreadyFailed,

    /// <summary>An event stream ended, or was cut, without its authenticated end.</summary>
    Truncated,

    /// <summary>Something came after the end mark.</summary>
    AfterTheEnd,

    /// <summary>A line of an event stream longer than any the service writes.</summary>
    LineTooLong,

    /// <summary>A line of an event stream that cannot be read without doubt.</summary>
    BadLine,
}
