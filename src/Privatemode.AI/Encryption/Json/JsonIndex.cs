using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Encryption.Json;

/// <summary>The top-level members of a JSON document, as byte ranges: no DOM, no strings.</summary>
/// <remarks>Reusable: each <see cref="Read"/> replaces the content. Pooled memory; dispose it. Not thread-safe.</remarks>
internal sealed class JsonIndex : IDisposable
{
    /// <summary>The maximum number of members. Bodies have about a dozen. Without a limit, the index of a hostile body could need many times the size of the
    /// body.</summary>
    public const int MaxMembers = 250_000;

    /// <summary>The maximum length of a name, in bytes of UTF-8. Real names have at most 64 bytes. Names are copied, so long ones would need additional
    /// memory.</summary>
    public const int MaxNameLength = 256;

    // From here on, arrays have exactly as many elements as the document has members: doubling would take up to three times as much, and the
    // shared pool would keep it.
    private const int FewMembers = 16 * 1024;
    private const int MaxPooledSize = 64 * 1024;

    private static readonly SearchValues<byte> NeverInNames = SearchValues.Create("|\\"u8);
    private static readonly SearchValues<byte> NeverFirstInNames = SearchValues.Create("@!:{["u8);

    private JsonMember[] _members = ArrayPool<JsonMember>.Shared.Rent(16);
    private int[] _order = ArrayPool<int>.Shared.Rent(16);
    private byte[] _names = ArrayPool<byte>.Shared.Rent(256);
    private List<ValueRange>? _longTexts;
    private int _namesLength;
    private int _count;

    /// <summary>Members in document order.</summary>
    public Span<JsonMember> Members => _members.AsSpan(0, _count);

    /// <summary>Indexes into <see cref="Members"/> in the order of encryption and decryption.</summary>
    public ReadOnlySpan<int> Order => _order.AsSpan(0, _count);

    /// <summary>Whether a name or a string, at any depth, is written with an escape. If not, the document contains no backslash.</summary>
    public bool HasEscapes { get; private set; }

    /// <summary>Whether a name below the top level ends with <c>_url</c>, or could end with it when it is unescaped.</summary>
    public bool HasUrlNames { get; private set; }

    /// <summary>The insides of the texts below the top level that have at least <see cref="ShortenedText.From"/> bytes and no escapes, in document order.
    /// </summary>
    public ReadOnlySpan<ValueRange> LongTexts => CollectionsMarshal.AsSpan(_longTexts);

    /// <summary>The unescaped UTF-8 name of a member.</summary>
    public ReadOnlySpan<byte> Name(in JsonMember member) => _names.AsSpan(member.NameStart, member.NameLength);

    /// <summary>Index of the member with this name, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < _count; i++)
        {
            if (Name(_members[i]).SequenceEqual(name))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Reads a document. After any other result than <see cref="JsonShape.Usable"/>, this index is empty.</summary>
    /// <param name="document">UTF-8 text of the whole document.</param>
    /// <param name="allowArray">Whether an array is accepted too: its elements are members named by their position.</param>
    public JsonShape Read(Utf8Sequence document, bool allowArray = false, int maxMembers = MaxMembers)
    {
        ObjectDisposedException.ThrowIf(_members.Length == 0, this);
        Clear();
        JsonShape shape = ReadDocument(document, allowArray, maxMembers);
        if (shape != JsonShape.Usable)
        {
            Clear();
        }

        return shape;
    }

    /// <summary>Removes all members.</summary>
    public void Clear() => (_count, _namesLength, _longTexts, HasEscapes, HasUrlNames) = (0, 0, null, false, false);

    /// <summary>Adds a member that was appended to the document after reading. Its name must be new and unambiguous.</summary>
    public void Append(ReadOnlySpan<byte> name, int valueStart, int valueLength, JsonTokenType kind)
    {
        JsonMember member = default;
        (member.NameStart, member.NameLength) = StoreName(name);
        (member.ValueStart, member.ValueLength, member.Kind) = (valueStart, valueLength, kind);
        Add(member);
        if (Sort() != JsonShape.Usable)
        {
            throw new ArgumentException("A member of that name cannot be added.", nameof(name));
        }
    }

    /// <summary>Removes all members except those that are marked, in document order.</summary>
    public void Retain(ReadOnlySpan<bool> kept)
    {
        int count = 0;
        for (int i = 0; i < _count; i++)
        {
            if (kept[i])
            {
                _members[count++] = _members[i];
            }
        }

        _count = count;
        _ = Sort();
    }

    public void Dispose()
    {
        Return(_members);
        Return(_order);
        Return(_names);
        (_members, _order, _names) = ([], [], []);
        Clear();
    }

    private JsonShape ReadDocument(Utf8Sequence document, bool allowArray, int maxMembers)
    {
        if (document.Length == 0)
        {
            return JsonShape.Empty;
        }

        if (!document.IsUtf8())
        {
            return JsonShape.InvalidUtf8;
        }

        Utf8JsonReader reader = document.Read(JsonLimits.MaxDepth);
        try
        {
            JsonShape shape = ReadMembers(ref reader, allowArray, maxMembers);
            if (shape != JsonShape.Usable)
            {
                return shape;
            }

            // Throws on anything but white space after the document.
            _ = reader.Read();
        }
        catch (JsonException)
        {
            return JsonShape.Malformed;
        }

        return Sort();
    }

    private JsonShape ReadMembers(ref Utf8JsonReader reader, bool allowArray, int maxMembers)
    {
        _ = reader.Read();
        bool isArray = reader.TokenType == JsonTokenType.StartArray;
        if (reader.TokenType != JsonTokenType.StartObject && !(allowArray && isArray))
        {
            // Reads to the end, to distinguish malformed text from a single string, number or literal.
            reader.Skip();
            while (reader.Read())
            {
            }

            return JsonShape.NotAnObject;
        }

        Span<byte> position = stackalloc byte[10];
        while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            if (_count == maxMembers)
            {
                return JsonShape.TooManyMembers;
            }

            if (_count == FewMembers)
            {
                Grow(reader, maxMembers);
            }

            JsonMember member = default;
            if (isArray)
            {
                _ = _count.TryFormat(position, out int digits, provider: System.Globalization.CultureInfo.InvariantCulture);
                (member.NameStart, member.NameLength) = StoreName(position[..digits]);
            }
            else if (ReadName(ref reader, ref member) is var name and not JsonShape.Usable)
            {
                return name;
            }
            else
            {
                _ = reader.Read();
            }

            member.Kind = reader.TokenType;
            member.ValueStart = checked((int)reader.TokenStartIndex);
            SkipValue(ref reader);
            member.ValueLength = checked((int)reader.BytesConsumed) - member.ValueStart;
            Add(member);
        }

        return JsonShape.Usable;
    }

    /// <summary>Skips a value and records properties of its strings and names, so that later checks need not read a long text again.</summary>
    private void SkipValue(ref Utf8JsonReader reader)
    {
        HasEscapes |= reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped;
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return;
        }

        int depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                HasEscapes |= reader.ValueIsEscaped;
                if (!reader.ValueIsEscaped && !reader.HasValueSequence && reader.ValueSpan.Length >= ShortenedText.From)
                {
                    (_longTexts ??= []).Add(new ValueRange((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length));
                }
            }
            else if (reader.TokenType == JsonTokenType.PropertyName)
            {
                HasEscapes |= reader.ValueIsEscaped;
                HasUrlNames |= reader.ValueIsEscaped || reader.HasValueSequence || reader.ValueSpan.EndsWith("_url"u8);
            }
        }
    }

    private JsonShape ReadName(ref Utf8JsonReader reader, ref JsonMember member)
    {
        HasEscapes |= reader.ValueIsEscaped;
        const int MaxEscapeLength = 6; // \u and four digits, for one byte
        return NameLength(ref reader) > MaxEscapeLength * MaxNameLength ? JsonShape.NameTooLong
            : !TryReadName(ref reader, ref member) ? JsonShape.InvalidName
            : member.NameLength > MaxNameLength ? JsonShape.NameTooLong
            : JsonShape.Usable;
    }

    private static long NameLength(ref Utf8JsonReader reader) => reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;

    /// <summary>Counts the members, beginning with the reader's current one, and creates arrays of that length.</summary>
    private void Grow(Utf8JsonReader reader, int maxMembers)
    {
        int count = _count;
        do
        {
            count++;
            _ = reader.TokenType == JsonTokenType.PropertyName && reader.Read();
            reader.Skip();
        }
        while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray) && count < maxMembers);
        Grow(ref _members, _count, count);
        Grow(ref _order, _count, count);
    }

    private bool TryReadName(ref Utf8JsonReader reader, ref JsonMember member)
    {
        if (!reader.ValueIsEscaped && !reader.HasValueSequence)
        {
            (member.NameStart, member.NameLength) = StoreName(reader.ValueSpan);
            return true;
        }

        try
        {
            EnsureNames((int)NameLength(ref reader));
            member.NameStart = _namesLength;
            member.NameLength = reader.CopyString(_names.AsSpan(_namesLength));
            _namesLength += member.NameLength;
            return true;
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate has no UTF-8 form.
            return false;
        }
    }

    /// <summary>Orders members by the UTF-8 bytes of the escaped name, then refuses equal and ambiguous names.</summary>
    private JsonShape Sort()
    {
        for (int i = 0; i < _count; i++)
        {
            _order[i] = i;
        }

        new NameComparer(_members, _names).Sort(_order.AsSpan(0, _count));
        for (int i = 0; i < _count; i++)
        {
            ReadOnlySpan<byte> name = Name(_members[_order[i]]);
            if (i > 0 && name.SequenceEqual(Name(_members[_order[i - 1]])))
            {
                return JsonShape.DuplicateName;
            }

            if (name.IsEmpty || name.ContainsAny(NeverInNames) || NeverFirstInNames.Contains(name[0]))
            {
                return JsonShape.AmbiguousName;
            }
        }

        return JsonShape.Usable;
    }

    private void Add(in JsonMember member)
    {
        if (_count == _members.Length || _count == _order.Length)
        {
            Grow(ref _members, _count, _count * 2);
            Grow(ref _order, _count, _count * 2);
        }

        _members[_count++] = member;
    }

    private (int Start, int Length) StoreName(ReadOnlySpan<byte> name)
    {
        EnsureNames(name.Length);
        name.CopyTo(_names.AsSpan(_namesLength));
        int start = _namesLength;
        _namesLength += name.Length;
        return (start, name.Length);
    }

    private void EnsureNames(int more)
    {
        if (_names.Length - _namesLength < more)
        {
            Grow(ref _names, _namesLength, checked((_namesLength + more) * 2));
        }
    }

    private static void Grow<T>(ref T[] array, int used, int wanted)
    {
        T[] larger = wanted > MaxPooledSize ? new T[wanted] : ArrayPool<T>.Shared.Rent(wanted);
        array.AsSpan(0, used).CopyTo(larger);
        Return(array);
        array = larger;
    }

    // Names may be content in a body that will be refused for them.
    private static void Return<T>(T[] array)
    {
        if (array.Length <= MaxPooledSize)
        {
            ArrayPool<T>.Shared.Return(array, clearArray: typeof(T) == typeof(byte));
        }
        else if (typeof(T) == typeof(byte))
        {
            Array.Clear(array);
        }
    }
}
