using System.Buffers;
using System.Text.Json;

namespace Privatemode.AI.Encryption.Json;

/// <summary>An answer, or one event of it, after opening: its text and its top-level members.</summary>
/// <remarks>Reusable and pooled: one instance serves all events of a stream. Not thread-safe.</remarks>
internal sealed class OpenedDocument : IDisposable
{
    private static readonly SearchValues<byte> SimpleNameBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"u8);

    private readonly JsonIndex _index = new();
    private readonly PooledBytes _bytes;

    public OpenedDocument(int capacity = 1024) => _bytes = new PooledBytes(capacity);

    /// <summary>The document as it goes to the caller.</summary>
    public ReadOnlySpan<byte> Text => _bytes.Span;

    /// <summary>At least one member was sealed.</summary>
    public bool HasSealed { get; private set; }

    /// <summary>Reads a sealed document and opens it into this one; empty after a fault.</summary>
    public AnswerFault Open(ReadOnlySpan<byte> document, AnswerShape shape, ExchangeCipher cipher)
    {
        _bytes.Clear();
        AnswerFault fault = AnswerFaults.From(_index.Read(document, shape.AllowsArray));
        fault = fault == AnswerFault.None ? JsonOpener.Open(document, _index, shape.Plain, cipher, _bytes) : fault;
        if (fault == AnswerFault.NothingSealed && shape.MayBePlain)
        {
            _bytes.Append(document);
            HasSealed = false;
            return AnswerFault.None;
        }

        HasSealed = fault == AnswerFault.None;
        if (fault != AnswerFault.None)
        {
            _index.Clear();
        }

        return fault;
    }

    /// <summary>The raw JSON value of a member; false when there is no such member.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out JsonTokenType kind)
    {
        int i = _index.Find(name);
        value = i < 0 ? default : _index.Members[i].Value(_bytes.Span);
        kind = i < 0 ? JsonTokenType.None : _index.Members[i].Kind;
        return i >= 0;
    }

    /// <summary>How many top-level members there are.</summary>
    public int Count => _index.Members.Length;

    /// <summary>The name of a member, counted from 0 in the order of the document.</summary>
    public ReadOnlySpan<byte> NameAt(int i) => _index.Name(_index.Members[i]);

    /// <summary>The raw JSON value of a member, counted likewise.</summary>
    public ReadOnlySpan<byte> ValueAt(int i, out JsonTokenType kind)
    {
        kind = _index.Members[i].Kind;
        return _index.Members[i].Value(_bytes.Span);
    }

    /// <summary>Puts another value in place of the value of a member, which must be there.</summary>
    public void Replace(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Span<JsonMember> members = _index.Members;
        int i = _index.Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(i, nameof(name));
        ref JsonMember member = ref members[i];
        int delta = value.Length - member.ValueLength;
        _bytes.Replace(member.ValueStart, member.ValueLength, value);
        (member.ValueLength, member.Kind) = (value.Length, JsonKind.Of(value));
        foreach (ref JsonMember later in members[(i + 1)..])
        {
            later.ValueStart += delta;
        }
    }

    /// <summary>Drops all members but those of certain names, and with them the white space between members.</summary>
    /// <param name="keep">Whether a member of this name stays. Names that would need escapes in JSON never do.</param>
    /// <remarks>
    /// Done in place: a member that stays is written with its separator, its quoted name and a colon, which is the least that stood before its
    /// value, so what is written never reaches what is still to be read.
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
            kept[i] = !name.ContainsAnyExcept(SimpleNameBytes) && keep(name);
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

    public void Dispose()
    {
        _index.Dispose();
        _bytes.Dispose();
    }
}
