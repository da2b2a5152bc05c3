using System.Buffers;
using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Changes members of a JSON object and copies all others as they are, byte for byte.</summary>
/// <remarks>For edits of top-level members: the model server receives all other text exactly as the caller sent it. Not thread-safe.</remarks>
internal sealed class BodyEditor
{
    // Bodies have a dozen members.
    private const int MaxMembers = 4096;

    // One for each message at most. Each takes memory that no budget counts.
    private const int MaxSplices = 16 * 1024;

    private readonly ReadOnlyMemory<byte> _body;
    private readonly List<Member> _members = [];
    private readonly Dictionary<string, int> _byName = new(StringComparer.Ordinal);
    private readonly SortedList<int, Splice> _splices = [];

    private BodyEditor(ReadOnlyMemory<byte> body) => _body = body;

    /// <summary>Whether anything was changed. Otherwise the body itself can be sent.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Finds the members of a body.</summary>
    /// <exception cref="PrivatemodeRequestException">The body is not a JSON object, contains a name twice, or has more than 4,096 members.</exception>
    public static BodyEditor Read(ReadOnlyMemory<byte> body)
    {
        BodyEditor editor = new(body);
        try
        {
            editor.ReadMembers();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw RequestJson.NotJson();
        }

        return editor;
    }

    /// <summary>The kind of a member's value; <see cref="JsonTokenType.None"/> if the member is absent or null.</summary>
    public JsonTokenType Kind(string name) =>
        _byName.TryGetValue(name, out int index) && _members[index].Kind != JsonTokenType.Null ? _members[index].Kind : JsonTokenType.None;

    /// <summary>The bytes of a member's value; empty if the member is absent.</summary>
    public ReadOnlySpan<byte> Value(string name) => _byName.TryGetValue(name, out int index) ? _body.Span[_members[index].Value.._members[index].End] : [];

    /// <summary>A reader at the start of a member's value, which must be there.</summary>
    public Utf8JsonReader ReaderOf(string name) => new(Value(name), new JsonReaderOptions { MaxDepth = RequestJson.MaxDepth });

    /// <summary>Returns whether the value of a member is exactly this text.</summary>
    public bool IsText(string name, ReadOnlySpan<byte> text)
    {
        if (Kind(name) != JsonTokenType.String)
        {
            return false;
        }

        Utf8JsonReader reader = ReaderOf(name);
        return reader.Read() && TextEquals(ref reader, text);
    }

    /// <summary>Returns a member that is expected to be a name, an ID or a keyword. Returns null if it is absent, is not a string, is longer than 256 bytes, or
    /// is not valid Unicode text.</summary>
    public string? Short(string name)
    {
        if (Kind(name) != JsonTokenType.String || Value(name).Length > 258)
        {
            return null;
        }

        Utf8JsonReader reader = ReaderOf(name);
        _ = reader.Read();
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Returns whether a member is true. A value that is neither true nor false is refused.</summary>
    public bool Flag(string name) => Kind(name) switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False or JsonTokenType.None => false,
        _ => throw RequestJson.Wrong(name, "true or false"),
    };

    /// <summary>Removes a member. It is not an error if the member is absent.</summary>
    public void Remove(string name)
    {
        if (_byName.TryGetValue(name, out int index) && !_members[index].IsRemoved)
        {
            _members[index] = _members[index] with { IsRemoved = true };
            IsChanged = true;
        }
    }

    /// <summary>Replaces the value of a member, which must exist. Equal bytes do not count as a change.</summary>
    /// <param name="name">The member.</param>
    /// <param name="json">The new value.</param>
    public void Replace(string name, byte[] json)
    {
        if (!Value(name).SequenceEqual(json))
        {
            Member member = _members[_byName[name]];
            AddSplice(member.Value, member.End - member.Value, json);
        }
    }

    /// <summary>Replaces a part of a member's value.</summary>
    /// <param name="name">The member.</param>
    /// <param name="start">The offset of the part in the value, in bytes.</param>
    /// <param name="length">The length of the part, in bytes.</param>
    /// <param name="json">The JSON text that replaces the part.</param>
    public void ReplacePart(string name, int start, int length, byte[] json) => AddSplice(_members[_byName[name]].Value + start, length, json);

    /// <summary>Writes the object with all changes.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        output.Write("{"u8);
        (bool isFirst, int splice) = (true, 0);
        foreach (Member member in _members)
        {
            if (!member.IsRemoved)
            {
                output.Write(isFirst ? [] : ","u8);
                WriteMember(member, output, ref splice);
                isFirst = false;
            }
        }

        output.Write("}"u8);
    }

    /// <summary>Returns whether the current string equals <paramref name="text"/>. A string with a lone surrogate never does.</summary>
    public static bool TextEquals(ref Utf8JsonReader reader, ReadOnlySpan<byte> text)
    {
        try
        {
            return reader.ValueTextEquals(text);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <param name="member">The member to write.</param>
    /// <param name="output">The writer that receives the member.</param>
    /// <param name="splice">The index of the first splice that can be in the member. Splices are in document order.</param>
    private void WriteMember(Member member, IBufferWriter<byte> output, ref int splice)
    {
        ReadOnlySpan<byte> body = _body.Span;
        int position = member.Name;
        for (; splice < _splices.Count && _splices.Keys[splice] < member.End; splice++)
        {
            (int start, Splice change) = (_splices.Keys[splice], _splices.Values[splice]);
            if (start >= position)
            {
                output.Write(body[position..start]);
                output.Write(change.Json);
                position = start + change.Length;
            }
        }

        output.Write(body[position..member.End]);
    }

    private void AddSplice(int start, int length, byte[] json)
    {
        if (_splices.Count == MaxSplices)
        {
            throw new PrivatemodeRequestException(
                "messages", $"More than {MaxSplices} messages would have to be changed. Send the role 'system' instead of 'developer'.");
        }

        _splices.Add(start, new Splice(length, json));
        IsChanged = true;
    }

    private void ReadMembers()
    {
        if (!System.Text.Unicode.Utf8.IsValid(_body.Span))
        {
            throw RequestJson.NotJson();
        }

        Utf8JsonReader reader = new(_body.Span, new JsonReaderOptions { MaxDepth = RequestJson.MaxDepth });
        _ = reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestJson.NotJson();
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int name = checked((int)reader.TokenStartIndex);
            string text = reader.GetString()!;
            _ = reader.Read();
            int value = checked((int)reader.TokenStartIndex);
            JsonTokenType kind = reader.TokenType;
            reader.Skip();
            if (_members.Count == MaxMembers || !_byName.TryAdd(text, _members.Count))
            {
                throw RequestJson.NotJson();
            }

            _members.Add(new Member(name, value, checked((int)reader.BytesConsumed), kind));
        }

        // What follows the object must be white space: the reader throws otherwise.
        _ = reader.Read();
    }

    private readonly record struct Member(int Name, int Value, int End, JsonTokenType Kind)
    {
        public bool IsRemoved { get; init; }
    }

    private readonly record struct Splice(int Length, byte[] Json);
}
