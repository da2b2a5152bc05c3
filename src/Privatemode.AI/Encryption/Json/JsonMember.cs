using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Encryption.Json;

/// <summary>One top-level member: the position of its unescaped name in the index and of its raw value in the document.</summary>
internal struct JsonMember
{
    public int NameStart;
    public int NameLength;
    public int ValueStart;
    public int ValueLength;
    public JsonTokenType Kind;

    /// <summary>The number of bytes of an encrypted value before its ciphertext.</summary>
    public int HeadLength { get; set; }

    /// <summary>The position of the encrypted or decrypted value in the rewritten document.</summary>
    public int OutputStart;

    /// <summary>Length of the encrypted or decrypted value.</summary>
    public int OutputLength;

    public readonly int ValueEnd => ValueStart + ValueLength;

    public readonly ReadOnlySpan<byte> Value(ReadOnlySpan<byte> document) => document.Slice(ValueStart, ValueLength);
}

/// <summary>Specifies whether a document can be split into top-level members unambiguously.</summary>
internal enum JsonShape
{
    Usable,
    Empty,
    InvalidUtf8,
    Malformed,

    /// <summary>Valid JSON, but neither an object nor, where allowed, an array.</summary>
    NotAnObject,

    DuplicateName,

    /// <summary>A name that the service would read as a path: empty, or with <c>|</c>, <c>\</c> or a leading <c>@ ! : { [</c>.</summary>
    AmbiguousName,

    /// <summary>A name with an escape that is not Unicode text, such as a lone surrogate.</summary>
    InvalidName,

    /// <summary>A name longer than <see cref="JsonIndex.MaxNameLength"/>.</summary>
    NameTooLong,

    /// <summary>More members than <see cref="JsonIndex.MaxMembers"/>.</summary>
    TooManyMembers,
}

/// <summary>The order in which members are encrypted and decrypted: byte order of names in which <c>. ? *</c> are preceded by a backslash.</summary>
/// <remarks>The service reads names as paths, hence the backslashes.</remarks>
internal readonly struct NameComparer(JsonMember[] members, byte[] names) : IComparer<int>
{
    private const int FewMembers = 32;

    /// <summary>Sorts indexes into the members.</summary>
    public void Sort(Span<int> order)
    {
        if (order.Length > FewMembers)
        {
            order.Sort(this);
            return;
        }

        // The sort of the platform allocates; this one runs for every event of a stream.
        for (int i = 1; i < order.Length; i++)
        {
            int moving = order[i];
            int at = i;
            for (; at > 0 && Compare(order[at - 1], moving) > 0; at--)
            {
                order[at] = order[at - 1];
            }

            order[at] = moving;
        }
    }

    public int Compare(int x, int y)
    {
        ReadOnlySpan<byte> a = names.AsSpan(members[x].NameStart, members[x].NameLength);
        ReadOnlySpan<byte> b = names.AsSpan(members[y].NameStart, members[y].NameLength);
        int common = a.CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        // Names contain no backslash of their own, so two escaped characters differ in the character itself.
        (byte p, byte q) = (a[common], b[common]);
        (byte escapedP, byte escapedQ) = (Escaped(p), Escaped(q));
        return escapedP != escapedQ ? escapedP.CompareTo(escapedQ) : p.CompareTo(q);
    }

    private static byte Escaped(byte value) => value is (byte)'.' or (byte)'?' or (byte)'*' ? (byte)'\\' : value;
}

/// <summary>Copies a document with space for the values that are replaced.</summary>
internal static class JsonRewriter
{
    /// <summary>Output length of a member whose value is copied unchanged.</summary>
    public const int Stays = -1;

    /// <summary>Copies everything except replaced values, and sets the position of each replaced value. Members must be in document order.</summary>
    public static void CopyAround(Utf8Sequence document, Span<JsonMember> members, PooledBytes output)
    {
        int copied = 0;
        foreach (ref JsonMember member in members)
        {
            if (member.OutputLength == Stays)
            {
                continue;
            }

            Append(output, document.Slice(copied, member.ValueStart - copied));
            member.OutputStart = output.Length;
            _ = output.Extend(member.OutputLength);
            copied = member.ValueEnd;
        }

        Append(output, document.Slice(copied, document.Length - copied));
    }

    private static void Append(PooledBytes output, Utf8Sequence text) => text.CopyTo(output.Extend(text.Length));
}

/// <summary>A part of a document without most of the bytes of its long texts, if these are at least half of it. It has the same structure, and a reader
/// of JSON needs not read all of an image again.</summary>
internal readonly ref struct ShortenedText : IDisposable
{
    /// <summary>The minimum length of a text that is shortened, in bytes.</summary>
    public const int From = 256 * 1024;

    private const int Kept = 16;

    private readonly PooledBytes? _shortened;
    private readonly ReadOnlySpan<ValueRange> _longTexts; // those inside the part
    private readonly int[] _starts = []; // their positions in the shortened part
    private readonly int _removed;

    /// <param name="document">The document.</param>
    /// <param name="index">Its index.</param>
    /// <param name="member">The member whose value is the part.</param>
    public ShortenedText(ReadOnlySpan<byte> document, JsonIndex index, in JsonMember member)
    {
        Original = member.Value(document);
        Offset = member.ValueStart;
        ReadOnlySpan<ValueRange> longTexts = Inside(index.LongTexts, member);
        int removed = 0;
        foreach (ValueRange text in longTexts)
        {
            removed += text.Length - Kept;
        }

        // The copy is plaintext that no limit counts: it is smaller than what it saves to read, and does not grow.
        if (removed < Original.Length - removed)
        {
            return;
        }

        _longTexts = longTexts;
        (_removed, _starts) = (removed, new int[longTexts.Length]);
        _shortened = new PooledBytes(Original.Length - removed);
        int copied = 0;
        for (int i = 0; i < longTexts.Length; i++)
        {
            int start = longTexts[i].Start - Offset;
            _starts[i] = _shortened.Length + start - copied;
            _shortened.Append(Original[copied..(start + Kept)]);
            copied = start + longTexts[i].Length;
        }

        _shortened.Append(Original[copied..]);
    }

    /// <summary>The whole part.</summary>
    public ReadOnlySpan<byte> Original { get; }

    /// <summary>The position of the part in the document.</summary>
    public int Offset { get; }

    /// <summary>The part without most of its long texts.</summary>
    public ReadOnlySpan<byte> Shortened => _shortened is null ? Original : _shortened.Span;

    /// <summary>The position in <see cref="Original"/> of a token of <see cref="Shortened"/> that begins, or ends, at this position.</summary>
    public int OriginalPosition(long position)
    {
        // A search, because a body can have millions of URLs and hundreds of long texts.
        int found = Array.BinarySearch(_starts, (int)position);
        int before = found < 0 ? ~found : found;
        return (int)position + (before == _starts.Length ? _removed : _longTexts[before].Start - Offset - _starts[before]);
    }

    public void Dispose() => _shortened?.Dispose();

    private static ReadOnlySpan<ValueRange> Inside(ReadOnlySpan<ValueRange> longTexts, in JsonMember member)
    {
        int first = 0;
        while (first < longTexts.Length && longTexts[first].Start <= member.ValueStart)
        {
            first++;
        }

        int end = first;
        while (end < longTexts.Length && longTexts[end].Start < member.ValueEnd)
        {
            end++;
        }

        return longTexts[first..end];
    }
}

/// <summary>The names of the fields that are sent in the clear on an endpoint. They are compared byte by byte and are case-sensitive.</summary>
internal sealed class ClearNames
{
    private readonly byte[][] _names;

    public ClearNames(params ReadOnlySpan<string> names)
    {
        _names = new byte[names.Length][];
        for (int i = 0; i < names.Length; i++)
        {
            _names[i] = Encoding.UTF8.GetBytes(names[i]);
        }
    }

    public bool Contains(ReadOnlySpan<byte> name)
    {
        foreach (byte[] candidate in _names)
        {
            if (name.SequenceEqual(candidate))
            {
                return true;
            }
        }

        return false;
    }
}
