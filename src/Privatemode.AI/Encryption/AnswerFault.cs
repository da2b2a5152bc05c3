using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption;

/// <summary>What is wrong with an answer that should be encrypted.</summary>
internal enum AnswerFault
{
    None,
    NotJson,
    DuplicateName,

    /// <summary>A value that must be encrypted does not have the form of an encrypted one.</summary>
    UnencryptedMember,

    /// <summary>No encrypted value at all: empty, or clear members only.</summary>
    NothingEncrypted,

    /// <summary>A list of a document's elements without an element, which nothing authenticates.</summary>
    EmptyDocument,

    /// <summary>An end mark after events without a choice. Nothing authenticates that the answer has no choice.</summary>
    NoChoice,

    /// <summary>The member the endpoint exists for is missing or of the wrong JSON kind.</summary>
    PayloadMissing,

    /// <summary>A member that is not authenticated has a type it must not have.</summary>
    BadPlainMember,

    /// <summary>An encrypted member holds what no member of its name can hold. Names are not authenticated.</summary>
    RenamedMember,

    /// <summary>More choices than were asked for. How many to make travels in the clear.</summary>
    ChoiceCount,

    /// <summary>Altered, out of order, or an answer to another request.</summary>
    NotAuthentic,

    /// <summary>A value of our own request, sent back to us.</summary>
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

/// <summary>From what went wrong to the exception the caller sees.</summary>
internal static class AnswerFaults
{
    public static AnswerFault From(JsonShape shape) => shape switch
    {
        JsonShape.Usable => AnswerFault.None,
        JsonShape.DuplicateName => AnswerFault.DuplicateName,
        _ => AnswerFault.NotJson,
    };

    /// <summary>The exception for a fault; its message holds nothing of the answer, a part of which may have gone to the caller.</summary>
    public static PrivatemodeIntegrityException Exception(AnswerFault fault, AnswerContext context, bool handedOut = false)
    {
        (string name, string text) = Describe(fault);
        string advice = fault == AnswerFault.EmptyDocument ? "Do not conclude that the document is blank."
            : handedOut ? "Stop: do not use this answer; what was handed out before is authentic."
            : "Stop: do not use this answer.";
        return new PrivatemodeIntegrityException(name, $"{text} {advice}")
        {
            EndpointPath = context.Endpoint,
            RequestId = context.RequestId,
        };
    }

    private static (string Name, string Text) Describe(AnswerFault fault) => fault switch
    {
        AnswerFault.NotJson => ("not-json", "The answer is not a JSON object that can be read without doubt."),
        AnswerFault.DuplicateName => ("duplicate-name", "The answer holds two members of the same name."),
        AnswerFault.UnencryptedMember => ("unsealed-member", "The answer holds a member that is not sealed."),
        AnswerFault.NothingEncrypted => ("nothing-sealed", "The answer holds nothing sealed, so nothing in it is authentic."),
        AnswerFault.EmptyDocument => (
            "empty-document", "The answer is empty, or its elements were removed: an empty list contains nothing that could be authenticated."),
        AnswerFault.NoChoice => (
            "no-choice", "The answer has no choice: the model server sent none, or the events that held them were removed."),
        AnswerFault.PayloadMissing => (
            "payload-missing", "A member no whole answer is without is missing or of the wrong kind, or the model server broke the answer off."),
        AnswerFault.BadPlainMember => ("bad-plain-member", "A member of the answer that is not authenticated has a type it must not have."),
        AnswerFault.RenamedMember => ("renamed-member", "A member of the answer holds what no member of its name can hold; it was renamed on the way."),
        AnswerFault.ChoiceCount => (
            "choice-count", "The answer holds more choices than were asked for; the request was changed on the way."),
        AnswerFault.NotAuthentic => ("not-authentic", "A value of the answer was altered, moved, or belongs to another request."),
        AnswerFault.Reflected => ("reflected", "A value of the request was sent back as part of the answer."),
        AnswerFault.AlreadyFailed => ("already-failed", "This exchange failed before and stays failed."),
        AnswerFault.Truncated => ("truncated-stream", "The stream ended before the answer did."),
        AnswerFault.AfterTheEnd => ("data-after-end", "The stream went on after its end."),
        AnswerFault.LineTooLong => ("line-too-long", "The stream holds a line longer than any the service writes."),
        AnswerFault.BadLine => ("bad-line", "The stream holds a line that cannot be read without doubt."),
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };
}

/// <summary>What an exception about an answer may say: which endpoint, which request.</summary>
internal readonly record struct AnswerContext(string Endpoint, string RequestId);
