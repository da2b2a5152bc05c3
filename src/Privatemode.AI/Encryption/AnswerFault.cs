using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption;

/// <summary>The faults of an answer that should be encrypted.</summary>
internal enum AnswerFault
{
    None,
    NotJson,
    DuplicateName,

    /// <summary>A value that must be encrypted does not have the form of an encrypted one.</summary>
    UnencryptedMember,

    /// <summary>No encrypted value at all: the answer is empty, or has only clear members.</summary>
    NothingEncrypted,

    /// <summary>A list of a document's elements without an element: an empty list is not authenticated.</summary>
    EmptyDocument,

    /// <summary>An end mark after events without a choice: it is not authenticated that the answer has no choice.</summary>
    NoChoice,

    /// <summary>The main member of the endpoint is missing or has the wrong JSON kind.</summary>
    PayloadMissing,

    /// <summary>A member that is not authenticated has an invalid type.</summary>
    InvalidUnauthenticatedMember,

    /// <summary>An encrypted member has a value that cannot belong to its name. Names are not authenticated.</summary>
    RenamedMember,

    /// <summary>More choices than requested. The requested number is sent in the clear.</summary>
    ChoiceCount,

    /// <summary>Altered, out of order, or an answer to another request.</summary>
    NotAuthentic,

    /// <summary>A value of the request was sent back.</summary>
    Reflected,

    /// <summary>An earlier part of the answer was rejected already.</summary>
    AlreadyFailed,

    /// <summary>An event stream ended, or was cut off, without its authenticated end.</summary>
    Truncated,

    /// <summary>Something came after the end mark.</summary>
    AfterTheEnd,

    /// <summary>A line of an event stream is longer than any line of the service.</summary>
    LineTooLong,

    /// <summary>A line of an event stream is malformed.</summary>
    BadLine,
}

/// <summary>Creates the exceptions for faults.</summary>
internal static class AnswerFaults
{
    public static AnswerFault From(JsonShape shape) => shape switch
    {
        JsonShape.Usable => AnswerFault.None,
        JsonShape.DuplicateName => AnswerFault.DuplicateName,
        _ => AnswerFault.NotJson,
    };

    /// <summary>Creates the exception for a fault. Its message contains nothing of the answer, and says whether a part of it was returned to the
    /// caller.</summary>
    public static PrivatemodeIntegrityException Exception(AnswerFault fault, AnswerContext context, bool partReturned = false)
    {
        (string name, string text) = Describe(fault);
        string advice = fault == AnswerFault.EmptyDocument ? "Do not conclude that the document is blank."
            : partReturned ? "Do not use this answer. The part that was returned before is authentic but incomplete."
            : "Do not use this answer.";
        return new PrivatemodeIntegrityException(name, $"{text} {advice}")
        {
            EndpointPath = context.Endpoint,
            RequestId = context.RequestId,
        };
    }

    private static (string Name, string Text) Describe(AnswerFault fault) => fault switch
    {
        AnswerFault.NotJson => ("not-json", "The answer is not a JSON object, or is malformed."),
        AnswerFault.DuplicateName => ("duplicate-name", "The answer has two members with the same name."),
        AnswerFault.UnencryptedMember => ("unsealed-member", "The answer has a member that must be encrypted and is not."),
        AnswerFault.NothingEncrypted => ("nothing-sealed", "The answer has no encrypted member, so nothing in it is authenticated."),
        AnswerFault.EmptyDocument => (
            "empty-document", "The answer is empty, or its elements were removed: an empty list contains nothing that could be authenticated."),
        AnswerFault.NoChoice => (
            "no-choice", "The answer has no choice: the model server sent none, or the events that contained them were removed."),
        AnswerFault.PayloadMissing => (
            "payload-missing", "A required member of the answer is missing or has the wrong type, or the model server did not finish the answer."),
        AnswerFault.InvalidUnauthenticatedMember => ("bad-plain-member", "A member of the answer that is not authenticated has an invalid type."),
        AnswerFault.RenamedMember => ("renamed-member", "A member of the answer has a value that does not fit its name; it was renamed on the way."),
        AnswerFault.ChoiceCount => (
            "choice-count", "The answer has more choices than were requested; the request was changed on the way."),
        AnswerFault.NotAuthentic => ("not-authentic", "A value of the answer was altered, moved, or belongs to another request."),
        AnswerFault.Reflected => ("reflected", "A value of the request was sent back as part of the answer."),
        AnswerFault.AlreadyFailed => ("already-failed", "An earlier part of this answer was rejected, so no further part is accepted."),
        AnswerFault.Truncated => ("truncated-stream", "The stream ended before the answer was complete."),
        AnswerFault.AfterTheEnd => ("data-after-end", "The stream contains data after the end of the answer."),
        AnswerFault.LineTooLong => ("line-too-long", "The stream contains a line that is longer than any line of the service."),
        AnswerFault.BadLine => ("bad-line", "The stream contains a malformed line."),
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };
}

/// <summary>The context for exceptions about an answer: endpoint and request.</summary>
internal readonly record struct AnswerContext(string Endpoint, string RequestId);
