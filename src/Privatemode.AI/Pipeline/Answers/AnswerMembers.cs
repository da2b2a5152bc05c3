using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>The encrypted members of one form of answer, by name and JSON kind. docs/endpoints.md has the same table.</summary>
/// <remarks>
/// Values are authentic and in order. Their names are not, nor is the boundary between events: an attacker on the path could drop a member and give
/// its name to another, or move the values of one event into the one before it, under unknown names. So everything that service version 1.40
/// always sends must be present and of its kind, which leaves only one way to assign names to values; content, which is an array of objects, is
/// accepted under its own name only; and members with other names are dropped, because a service may add some. After a text that is content or states
/// how an answer ended, a text with an unknown name is refused: an attacker could have renamed it and given its name to the text before it.
/// Which members are always sent follows from the model server of that version, vLLM 0.20, which writes all members of an answer, even null ones.
/// </remarks>
internal sealed class AnswerMembers
{
    private const Kinds ObjectsOrNull = Kinds.Objects | Kinds.Null;

    private static readonly Member[] ChoicesAlways =
        [new("choices", Kinds.Objects), new("created", Kinds.Number | Kinds.Digits), new("model", Kinds.Text), new("object", Kinds.Text)];

    private readonly Member[] _members;
    private readonly int _alwaysSent;

    private AnswerMembers(params Member[] members)
    {
        _members = members;
        _alwaysSent = members.Count(member => member.IsAlwaysSent);
    }

    [Flags]
    private enum Kinds
    {
        None = 0,
        Null = 1,
        Text = 2,
        Number = 4,
        Object = 8,

        /// <summary>An array that is empty or begins with an object.</summary>
        Objects = 16,

        /// <summary>An array that is empty or does not begin with an object.</summary>
        Values = 32,

        /// <summary>A text of digits, which some servers send for a number. No other required member has this form, so none can be given this name.</summary>
        Digits = 64,
    }

    /// <summary>The name after which no text with an unknown name may follow; null if it may.</summary>
    private byte[]? NoTextAfter { get; init; }

    /// <summary>Answers of chat, whole or streamed.</summary>
    public static AnswerMembers Chat { get; } = new(
        [
            .. ChoicesAlways, Optional("kv_transfer_params", Kinds.Object), Optional("prompt_logprobs", Kinds.Values),
            Optional("prompt_token_ids", Kinds.Values), Optional("service_tier", Kinds.Text), Optional("system_fingerprint", Kinds.Text),
        ]);

    /// <summary>Answers of completions, whole or streamed.</summary>
    public static AnswerMembers Completions { get; } = new(
        [
            .. ChoicesAlways, Optional("kv_transfer_params", Kinds.Object), Optional("service_tier", Kinds.Text),
            Optional("system_fingerprint", Kinds.Text),
        ]);

    public static AnswerMembers Embeddings { get; } = new(
        new("created", Kinds.Number | Kinds.Digits), new("data", Kinds.Objects), new("model", Kinds.Text), new("object", Kinds.Text));

    /// <summary>Complete answers of messages. <see cref="MessageEventRules"/> has the rules for the events of a stream.</summary>
    public static AnswerMembers Messages { get; } = new(
        new("content", Kinds.Objects), Optional("kv_transfer_params", Kinds.Object), new("model", Kinds.Text), new("role", Kinds.Text),
        new("stop_reason", Kinds.Text), Optional("stop_sequence", Kinds.Text))
    {
        NoTextAfter = "role"u8.ToArray(),
    };

    /// <summary>Whole transcriptions with <c>response_format=json</c>.</summary>
    public static AnswerMembers Transcription { get; } = new(new Member("text", Kinds.Text)) { NoTextAfter = "text"u8.ToArray() };

    /// <summary>Complete transcriptions with <c>response_format=verbose_json</c>. The words come after the text in the order of names, so the
    /// text cannot be dropped and its name given to another member.</summary>
    public static AnswerMembers TranscriptionWithTimes { get; } = new(
        new("language", Kinds.Text), new("segments", ObjectsOrNull), new("text", Kinds.Text), new("words", ObjectsOrNull))
    {
        NoTextAfter = "text"u8.ToArray(),
    };

    /// <summary>Events of a transcription in the form of the model server.</summary>
    public static AnswerMembers TranscriptionEvent { get; } = new([.. ChoicesAlways, new("id", Kinds.Text)]);

    /// <summary>The members of the complete answers of an endpoint whose answer is not a list, or of the events of its stream.</summary>
    public static AnswerMembers Of(EndpointRule rule) => rule.Stream switch
    {
        StreamKind.Transcription => Transcription,
        StreamKind.Messages => Messages,
        _ => rule.HasMessages ? Chat : rule == EndpointRules.Embeddings ? Embeddings : Completions,
    };

    /// <summary>Checks an answer or an event, and removes the members that are neither listed nor in the clear.</summary>
    public AnswerFault Validate(DecryptedDocument decrypted, ClearNames plain)
    {
        int present = 0;
        bool hasOthers = false;
        for (int i = 0; i < decrypted.Count; i++)
        {
            ReadOnlySpan<byte> name = decrypted.NameAt(i);
            if (plain.Contains(name))
            {
                continue;
            }

            Kinds kind = KindOf(decrypted.ValueAt(i, out JsonTokenType token), token);
            if (Find(name) is not { } member)
            {
                if (kind == Kinds.Objects || ((kind & Kinds.Text) != 0 && NoTextAfter is { } before && name.SequenceCompareTo(before) > 0))
                {
                    return AnswerFault.RenamedMember;
                }

                hasOthers = true;
                continue;
            }

            if ((member.Kinds & kind) == 0)
            {
                return AnswerFault.RenamedMember;
            }

            present += member.IsAlwaysSent ? 1 : 0;
        }

        if (present < _alwaysSent)
        {
            return AnswerFault.PayloadMissing;
        }

        if (hasOthers)
        {
            RemoveOthers(decrypted, plain);
        }

        return AnswerFault.None;
    }

    /// <summary>Checks the complete answer to a call, and drops members that are not listed.</summary>
    public static AnswerFault ValidateWhole(DecryptedDocument decrypted, EncryptedCall call)
    {
        EndpointRule rule = call.Rule;
        if (rule.Answer!.AllowsArray)
        {
            return IsOfObjects(decrypted) ? AnswerFault.None : AnswerFault.RenamedMember;
        }

        AnswerMembers members = rule.Stream == StreamKind.Transcription && call.WantsTimes ? TranscriptionWithTimes : Of(rule);
        AnswerFault fault = members.Validate(decrypted, rule.Answer.Plain);
        return fault != AnswerFault.None ? fault
            : rule.Stream == StreamKind.Messages && !IsWholeMessage(decrypted) ? AnswerFault.PayloadMissing
            : members == Chat || members == Completions ? ChoiceReader.CheckWhole(decrypted, rule.HasMessages, call.Choices)
            : AnswerFault.None;
    }

    private void RemoveOthers(DecryptedDocument decrypted, ClearNames plain) =>
        decrypted.KeepOnly(name => plain.Contains(name) || Find(name) is not null);

    private static Member Optional(string name, Kinds kinds) => new(name, kinds | Kinds.Null, IsAlwaysSent: false);

    private static Kinds KindOf(ReadOnlySpan<byte> value, JsonTokenType token) => token switch
    {
        JsonTokenType.Null => Kinds.Null,
        JsonTokenType.String when CreatedTimeNormalizer.IsText(value) => Kinds.Text | Kinds.Digits,
        JsonTokenType.String => Kinds.Text,
        JsonTokenType.Number => Kinds.Number,
        JsonTokenType.StartObject => Kinds.Object,
        JsonTokenType.StartArray when JsonKind.IsArrayOfObjects(value) => Kinds.Objects,
        JsonTokenType.StartArray when JsonKind.IsEmptyArray(value) => Kinds.Objects | Kinds.Values,
        JsonTokenType.StartArray => Kinds.Values,
        _ => Kinds.None,
    };

    /// <summary>Whether every element of a document is an object.</summary>
    private static bool IsOfObjects(DecryptedDocument decrypted)
    {
        for (int i = 0; i < decrypted.Count; i++)
        {
            _ = decrypted.ValueAt(i, out JsonTokenType kind);
            if (kind != JsonTokenType.StartObject)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a message has its role and stop reason. Without the reason, an answer that <c>max_tokens</c> cut short looks complete; the role
    /// prevents another value from being renamed to the reason.</summary>
    private static bool IsWholeMessage(DecryptedDocument decrypted) =>
        decrypted.TryGet("role"u8, out ReadOnlySpan<byte> role, out _) && role.SequenceEqual("\"assistant\""u8)
        && decrypted.TryGet("stop_reason"u8, out ReadOnlySpan<byte> reason, out _) && reason.Length > 2;

    private Member? Find(ReadOnlySpan<byte> name)
    {
        foreach (Member member in _members)
        {
            if (name.SequenceEqual(member.Utf8Name))
            {
                return member;
            }
        }

        return null;
    }

    /// <summary>One member: its name, the kinds it may have, and whether the service always sends it.</summary>
    private sealed record Member(string Name, Kinds Kinds, bool IsAlwaysSent = true)
    {
        public byte[] Utf8Name { get; } = System.Text.Encoding.UTF8.GetBytes(Name);
    }
}
