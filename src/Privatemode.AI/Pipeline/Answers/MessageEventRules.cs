using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>The rules for a stream of <c>/v1/messages</c>.</summary>
/// <remarks>
/// The type of an event and the name in its <c>event:</c> line are sent in the clear: an attacker could rename a piece of the answer to a ping, and
/// readers would skip it. So the kind of an event is derived from its encrypted members alone; a type that contradicts it is refused, and
/// the name is written again. The names of encrypted members are not authenticated either, nor is the boundary between events: so each event
/// has exactly the members of its kind, the first one begins the message, a block begins once and is open while it gets pieces, and only an event
/// that is not a piece of a block may lack an index. That leaves one way to read the values. <c>message_stop</c> has no encrypted member; it ends the
/// stream only after an encrypted <c>stop_reason</c>, with no block left open. <c>ping</c> is dropped.
/// </remarks>
internal sealed class MessageEventRules(string requestId) : EventRules
{
    private readonly HashSet<int> _openBlocks = [];
    private EventAction _action;
    private byte[] _kind = [];
    private bool _hasBegun;
    private bool _hasStopReason;

    public override ResponseSchema Shape { get; } = EndpointRules.Messages.Answer! with { MayBePlain = true };

    public override bool IsFinished => _hasStopReason && _openBlocks.Count == 0;

    public override bool EndsWithEvent => true;

    public override EventAction Action => _action;

    public override ReadOnlySpan<byte> EventName => _kind;

    public override AnswerFault Inspect(DecryptedDocument decrypted)
    {
        decrypted.ReplaceLoneSurrogates();
        AnswerFault fault = decrypted.HasEncrypted ? ErrorAnswer.Check(decrypted, requestId, HasHandedOut) : AnswerFault.None;
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        _action = EventAction.Pass;
        fault = decrypted.HasEncrypted ? ReadEncrypted(decrypted) : ReadClear(decrypted);
        fault = fault == AnswerFault.None && !IsCalled(decrypted, _kind) ? AnswerFault.InvalidUnauthenticatedMember : fault;
        if (fault == AnswerFault.None)
        {
            ClearMemberValidator.Normalize(decrypted, Shape.Plain, nullsStay: true);
        }

        return fault;
    }

    /// <summary>Reads an event without encrypted members. Nothing in it is authentic, so it may have no other members.</summary>
    private AnswerFault ReadClear(DecryptedDocument decrypted)
    {
        if (decrypted.TryGet("id"u8, out _, out _) || decrypted.TryGet("usage"u8, out _, out _))
        {
            return AnswerFault.NothingEncrypted;
        }

        bool isStop = IsCalled(decrypted, "message_stop"u8);
        if (!isStop && !IsCalled(decrypted, "ping"u8))
        {
            return AnswerFault.NothingEncrypted;
        }

        _kind = isStop ? "message_stop"u8.ToArray() : "ping"u8.ToArray();
        _action = isStop ? EventAction.End : EventAction.Drop;
        return AnswerFault.None;
    }

    private AnswerFault ReadEncrypted(DecryptedDocument decrypted)
    {
        if (HasOthers(decrypted, out bool hasNulls))
        {
            return AnswerFault.RenamedMember;
        }

        if (hasNulls)
        {
            decrypted.KeepOnly(IsKnown);
        }

        bool hasIndex = Has(decrypted, "index"u8, out ReadOnlySpan<byte> rawIndex, out _);
        bool hasMessage = Has(decrypted, "message"u8, out _, out JsonTokenType messageKind);
        bool hasBlock = Has(decrypted, "content_block"u8, out _, out JsonTokenType blockKind);
        bool hasDelta = Has(decrypted, "delta"u8, out ReadOnlySpan<byte> delta, out JsonTokenType deltaKind);
        if ((hasMessage && messageKind != JsonTokenType.StartObject) || (hasBlock && blockKind != JsonTokenType.StartObject)
            || (hasDelta && deltaKind != JsonTokenType.StartObject) || !TryReadIndex(rawIndex, hasIndex, out int index))
        {
            return AnswerFault.PayloadMissing;
        }

        // An attacker could rename the first event of a message to an ending.
        if (!_hasBegun && !hasMessage)
        {
            return AnswerFault.PayloadMissing;
        }

        switch (hasMessage, hasIndex, hasBlock, hasDelta)
        {
            case (true, false, false, false):
                _kind = "message_start"u8.ToArray();
                bool isFirst = !_hasBegun;
                _hasBegun = true;
                return isFirst ? AnswerFault.None : AnswerFault.PayloadMissing;
            case (false, true, true, false):
                _kind = "content_block_start"u8.ToArray();
                _hasStopReason = false;
                return TryOpenBlock(index) ? AnswerFault.None : AnswerFault.PayloadMissing;
            case (false, true, false, true):
                _kind = "content_block_delta"u8.ToArray();
                _hasStopReason = false;
                return _openBlocks.Contains(index) ? AnswerFault.None : AnswerFault.PayloadMissing;
            case (false, true, false, false):
                _kind = "content_block_stop"u8.ToArray();
                return _openBlocks.Remove(index) ? AnswerFault.None : AnswerFault.PayloadMissing;
            case (false, false, false, true):
                _kind = "message_delta"u8.ToArray();
                return ReadEnding(delta);
            default:
                return AnswerFault.PayloadMissing;
        }
    }

    private bool TryOpenBlock(int index)
    {
        if (_openBlocks.Count == AnswerLimits.MaxOpenBlocks)
        {
            throw AnswerLimits.TooMany($"more than {AnswerLimits.MaxOpenBlocks} content blocks at the same time", requestId);
        }

        return _openBlocks.Add(index);
    }

    /// <summary>Whether an encrypted member with an unknown name has a value; <paramref name="hasNulls"/> is true if one is null.</summary>
    private bool HasOthers(DecryptedDocument decrypted, out bool hasNulls)
    {
        hasNulls = false;
        for (int i = 0; i < decrypted.Count; i++)
        {
            if (IsKnown(decrypted.NameAt(i)))
            {
                continue;
            }

            _ = decrypted.ValueAt(i, out JsonTokenType kind);
            if (kind != JsonTokenType.Null)
            {
                return true;
            }

            hasNulls = true;
        }

        return false;
    }

    private bool IsKnown(ReadOnlySpan<byte> name) => name.SequenceEqual("index"u8) || name.SequenceEqual("delta"u8)
        || name.SequenceEqual("content_block"u8) || name.SequenceEqual("message"u8) || Shape.Plain.Contains(name);

    private static bool Has(DecryptedDocument decrypted, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out JsonTokenType kind) =>
        decrypted.TryGet(name, out value, out kind) && kind != JsonTokenType.Null;

    /// <summary>Whether the member <c>type</c>, which is sent in the clear, has this value.</summary>
    public static bool IsCalled(DecryptedDocument decrypted, ReadOnlySpan<byte> kind) =>
        decrypted.TryGet("type"u8, out ReadOnlySpan<byte> type, out JsonTokenType json) && json == JsonTokenType.String &&
        type.Length == kind.Length + 2 && type[1..^1].SequenceEqual(kind);

    private static bool TryReadIndex(ReadOnlySpan<byte> raw, bool isThere, out int index)
    {
        index = 0;
        if (!isThere)
        {
            return true;
        }

        Utf8JsonReader reader = new(raw);
        return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out index) && index >= 0;
    }

    /// <summary>Reads the end of a message. A piece of a block has a type in this place, and no reason.</summary>
    private AnswerFault ReadEnding(ReadOnlySpan<byte> delta)
    {
        using JsonIndex index = new();
        if (index.Read(delta) != JsonShape.Usable || index.Find("type"u8) >= 0 || index.Find("stop_reason"u8) is var at && at < 0)
        {
            return AnswerFault.RenamedMember;
        }

        JsonMember reason = index.Members[at];
        _hasStopReason |= reason.Kind == JsonTokenType.String && reason.ValueLength > 2;
        return reason.Kind is JsonTokenType.String or JsonTokenType.Null ? AnswerFault.None : AnswerFault.RenamedMember;
    }
}
