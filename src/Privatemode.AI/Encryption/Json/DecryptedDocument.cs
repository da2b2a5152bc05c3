using System.Text.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Encryption.Json;

/// <summary>A decrypted answer, or one event of it: its text and its top-level members.</summary>
/// <remarks>Reusable and pooled: one instance serves all events of a stream. Not thread-safe.</remarks>
internal sealed class DecryptedDocument : IDisposable
{
    // An encrypted value is longer than this. A valid answer does not have more members, and they would take as much memory as the answer itself.
    private const int MinEncryptedLength = 128;
    private const int FewMembers = 4096;

    // The unencrypted part, including names and white space, is short; otherwise it would take memory twice. An array of many
    // elements has a comma for each.
    private const int MaxClearSize = 256 * 1024;
    private const int ClearShare = 32;

    private readonly JsonIndex _index = new();
    private readonly PooledBytes _bytes;

    public DecryptedDocument(int capacity = 1024) => _bytes = new PooledBytes(capacity);

    /// <summary>The document for the caller.</summary>
    public ReadOnlySpan<byte> Text => _bytes.Span;

    /// <summary>Whether at least one member was encrypted.</summary>
    public bool HasEncrypted { get; private set; }

    /// <summary>Decrypts a document into this one; empty after a fault.</summary>
    public AnswerFault Decrypt(Utf8Sequence document, ResponseSchema schema, ExchangeCipher cipher)
    {
        int maxMembers = Math.Min(JsonIndex.MaxMembers, FewMembers + document.Length / MinEncryptedLength);
        AnswerFault fault = Read(document, schema.AllowsArray, maxMembers);
        fault = fault == AnswerFault.None ? DecryptMembers(document, schema.Plain, cipher) : fault;
        HasEncrypted = fault == AnswerFault.None;
        return fault == AnswerFault.NothingEncrypted && schema.MayBePlain ? Copy(document) : ClearIf(fault);
    }

    /// <summary>Reads a document of a local proxy, which is not encrypted; empty after a fault. <see cref="HasEncrypted"/> is false.</summary>
    public AnswerFault ReadUnencrypted(Utf8Sequence document, bool allowsArray)
    {
        HasEncrypted = false;
        AnswerFault fault = Read(document, allowsArray, JsonIndex.MaxMembers);
        return fault == AnswerFault.None ? Copy(document) : ClearIf(fault);
    }

    /// <summary>The raw JSON value of a member; false if there is no such member.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out JsonTokenType kind)
    {
        int i = _index.Find(name);
        value = i < 0 ? default : _index.Members[i].Value(_bytes.Span);
        kind = i < 0 ? JsonTokenType.None : _index.Members[i].Kind;
        return i >= 0;
    }

    /// <summary>The number of top-level members.</summary>
    public int Count => _index.Members.Length;

    /// <summary>The name of a member, by its zero-based position in the document.</summary>
    public ReadOnlySpan<byte> NameAt(int i) => _index.Name(_index.Members[i]);

    /// <summary>The raw JSON value of a member, by its zero-based position in the document.</summary>
    public ReadOnlySpan<byte> ValueAt(int i, out JsonTokenType kind)
    {
        kind = _index.Members[i].Kind;
        return _index.Members[i].Value(_bytes.Span);
    }

    /// <summary>Replaces the value of a member, which must exist.</summary>
    public void Replace(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        ref JsonMember member = ref Find(name, out int i);
        int delta = value.Length - member.ValueLength;
        _bytes.Replace(member.ValueStart, member.ValueLength, value);
        member.Kind = JsonKind.Of(value);
        Grow(i, delta);
    }

    /// <summary>Replaces parts of the value of a member, which must exist and keeps its kind.</summary>
    /// <param name="name">The member.</param>
    /// <param name="parts">The parts in the order of the text, without overlaps.</param>
    public void Replace(ReadOnlySpan<byte> name, IReadOnlyList<TextReplacement> parts)
    {
        int start = Find(name, out int i).ValueStart;
        Grow(i, Replace(start, parts));
    }

    /// <summary>Moves each byte at most twice, regardless of the number of parts: first to make space for longer text, then to its final position.</summary>
    /// <returns>The number of bytes by which the document is longer now; negative if it is shorter.</returns>
    private int Replace(int start, IReadOnlyList<TextReplacement> parts)
    {
        int delta = 0;
        int growth = 0;
        foreach (TextReplacement part in parts)
        {
            delta += part.Text.Length - part.Length;
            growth = Math.Max(growth, delta);
        }

        int end = _bytes.Length;
        _bytes.Reserve(growth);
        _ = _bytes.Extend(growth);
        Span<byte> text = _bytes.Span;
        text[start..end].CopyTo(text[(start + growth)..]);
        int read = start + growth;
        int write = start;
        foreach (TextReplacement part in parts)
        {
            Span<byte> kept = text[read..(start + growth + part.Start)];
            kept.CopyTo(text[write..]);
            part.Text.CopyTo(text[(write + kept.Length)..]);
            write += kept.Length + part.Text.Length;
            read = start + growth + part.Start + part.Length;
        }

        text[read..].CopyTo(text[write..]);
        _bytes.Truncate(end + delta);
        return delta;
    }

    /// <summary>Whether a value contains an escaped half of a surrogate pair without its other half.</summary>
    public bool HasLoneSurrogates => LoneSurrogates.Find(_bytes.Span) >= 0;

    /// <summary>Replaces each lone surrogate with U+FFFD. Only values can contain lone surrogates, because a document with such a member name is
    /// refused.</summary>
    public void ReplaceLoneSurrogates() => LoneSurrogates.Replace(_bytes.Span);

    /// <summary>Removes all members except those with certain names, and the white space between members.</summary>
    /// <param name="keep">Returns whether a member with this name is kept. A name that needs escape sequences in JSON is never kept.</param>
    /// <remarks>
    /// Works in place. Each kept member is written as a separator, the quoted name, a colon and the value. The original text before the value had at least this
    /// length, so writing never overtakes reading.
    /// </remarks>
    public void KeepOnly(Func<ReadOnlySpan<byte>, bool> keep)
    {
        Span<JsonMember> members = _index.Members;
        Span<byte> text = _bytes.Span;
        bool[] kept = new bool[members.Length];
        int end = 0;
        for (int i = 0; i < members.Length; i++)
        {
            ref JsonMember member = ref members[i];
            ReadOnlySpan<byte> name = _index.Name(member);
            kept[i] = MemberNames.HasMemberBytesOnly(name) && keep(name);
            if (!kept[i])
            {
                continue;
            }

            text[end] = end == 0 ? (byte)'{' : (byte)',';
            text[end + 1] = (byte)'"';
            name.CopyTo(text[(end + 2)..]);
            end += name.Length + 2;
            "\":"u8.CopyTo(text[end..]);
            end += 2;
            member.Value(text).CopyTo(text[end..]);
            member.ValueStart = end;
            end += member.ValueLength;
        }

        if (end == 0)
        {
            text[end++] = (byte)'{';
        }

        text[end++] = (byte)'}';
        _bytes.Truncate(end);
        _index.Retain(kept);
    }

    /// <summary>Returns the text, without copying it if it is long. This document is empty afterwards.</summary>
    public MemoryStream Detach()
    {
        _index.Clear();
        return _bytes.Detach();
    }

    public void Dispose()
    {
        _index.Dispose();
        _bytes.Dispose();
    }

    private AnswerFault Read(Utf8Sequence document, bool allowsArray, int maxMembers)
    {
        _bytes.Clear();
        return AnswerFaults.From(_index.Read(document, allowsArray, maxMembers));
    }

    private AnswerFault Copy(Utf8Sequence document)
    {
        document.CopyTo(_bytes.Extend(document.Length));
        return AnswerFault.None;
    }

    private AnswerFault ClearIf(AnswerFault fault)
    {
        if (fault != AnswerFault.None)
        {
            _index.Clear();
            _bytes.Clear();
        }

        return fault;
    }

    /// <summary>Replaces the encrypted values of the document with their plaintext, verified and in order. The index then describes the result.</summary>
    private AnswerFault DecryptMembers(Utf8Sequence document, ClearNames plain, ExchangeCipher cipher)
    {
        AnswerFault fault = Layout(document, plain, out int length);
        if (fault != AnswerFault.None)
        {
            return fault;
        }

        _bytes.Reserve(length);
        JsonRewriter.CopyAround(document, _index.Members, _bytes);
        foreach (int i in _index.Order)
        {
            ref readonly JsonMember member = ref _index.Members[i];
            if (member.OutputLength == JsonRewriter.Stays)
            {
                continue;
            }

            fault = cipher.Decrypt(
                document.Slice(member.ValueStart, member.ValueLength), member.HeadLength, _bytes.Span.Slice(member.OutputStart, member.OutputLength));
            if (fault != AnswerFault.None)
            {
                return fault;
            }
        }

        Rebase();
        return AnswerFault.None;
    }

    /// <summary>Computes the layout of the result. Every member that must not be sent in the clear must be encrypted, and there must be at least one encrypted
    /// member.</summary>
    private AnswerFault Layout(Utf8Sequence document, ClearNames plain, out int length)
    {
        bool anyEncrypted = false;
        int encryptedLength = 0;
        length = document.Length;
        foreach (ref JsonMember member in _index.Members)
        {
            if (plain.Contains(_index.Name(member)))
            {
                member.OutputLength = JsonRewriter.Stays;
                continue;
            }

            member.OutputLength = ExchangeCipher.PlaintextLength(document.Slice(member.ValueStart, member.ValueLength), out int headLength);
            member.HeadLength = headLength;
            if (member.OutputLength < 0)
            {
                return AnswerFault.UnencryptedMember;
            }

            anyEncrypted = true;
            encryptedLength += member.ValueLength;
            length += member.OutputLength - member.ValueLength;
        }

        int clear = document.Length - encryptedLength;
        return !anyEncrypted ? AnswerFault.NothingEncrypted
            : clear > MaxClearSize + document.Length / ClearShare ? AnswerFault.InvalidUnauthenticatedMember
            : AnswerFault.None;
    }

    private void Rebase()
    {
        int shift = 0;
        foreach (ref JsonMember member in _index.Members)
        {
            if (member.OutputLength == JsonRewriter.Stays)
            {
                member.ValueStart += shift;
                continue;
            }

            shift += member.OutputLength - member.ValueLength;
            (member.ValueStart, member.ValueLength) = (member.OutputStart, member.OutputLength);
            member.Kind = JsonKind.Of(member.Value(_bytes.Span));
        }
    }

    private ref JsonMember Find(ReadOnlySpan<byte> name, out int i)
    {
        i = _index.Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(i, nameof(name));
        return ref _index.Members[i];
    }

    private void Grow(int i, int delta)
    {
        Span<JsonMember> members = _index.Members;
        members[i].ValueLength += delta;
        foreach (ref JsonMember later in members[(i + 1)..])
        {
            later.ValueStart += delta;
        }
    }
}

/// <summary>The schema of the answers of an endpoint.</summary>
/// <param name="Plain">Members that are sent in the clear.</param>
/// <param name="Payload">UTF-8 name of the main member of the endpoint; empty if that is the document itself.</param>
/// <param name="PayloadKind">The JSON kind that member must have.</param>
/// <param name="AllowsArray">Whether the body can be an array of encrypted elements (document extraction only).</param>
/// <param name="MayBePlain">Whether an event can have no encrypted member. Its rules check it (messages only).</param>
internal sealed record ResponseSchema(ClearNames Plain, ReadOnlyMemory<byte> Payload, JsonTokenType PayloadKind, bool AllowsArray = false,
    bool MayBePlain = false)
{
    /// <summary>Whether the payload exists and has the right kind.</summary>
    public bool HasPayload(DecryptedDocument document) => Payload.IsEmpty
        ? document.HasEncrypted && JsonKind.Of(document.Text.TrimStart(" \t\r\n"u8)) == PayloadKind
        : document.TryGet(Payload.Span, out _, out JsonTokenType kind) && kind == PayloadKind;
}

/// <summary>A part of a text, in bytes, and its replacement. An empty replacement removes the part.</summary>
internal readonly record struct TextReplacement(int Start, int Length, byte[] Text);
