using System.Buffers;
using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Changes members of a JSON object and copies all others as they are, byte for byte.</summary>
/// <remarks>For bodies whose edits are at the top: a model server gets the text that the caller sent. Not thread-safe.</remarks>
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
    /// <exception cref="PrivatemodeRequestException">It is not a JSON object, or has a name twice, or more than 4,096 members.</exception>
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

    /// <summary>Whether a member is exactly this text.</summary>
    public bool IsText(string name, ReadOnlySpan<byte> text)
    {
        if (Kind(name) != JsonTokenType.String)
        {
            return false;
        }

        Utf8JsonReader reader = ReaderOf(name);
        return reader.Read() && TextEquals(ref reader, text);
    }

    /// <summary>A name, an identifier or a word, which is never content; null if it is absent, longer than 256 bytes, or no valid text.</summary>
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

    /// <summary>Whether a member is true. One that is neither true nor false is refused.</summary>
    public bool Flag(string name) => Kind(name) switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False or JsonTokenType.None => false,
        _ => throw RequestJson.Wrong(name, "true or false"),
    };

    /// <summary>Leaves a member out. A member that is absent is no error.</summary>
    public void Remove(string name)
    {
        if (_byName.TryGetValue(name, out int index) && !_members[index].IsRemoved)
        {
            _members[index] = _members[index] with { IsRemoved = true };
            IsChanged = true;
        }
    }

    /// <summary>Replaces the value of a member that is there. The same bytes are no change.</summary>
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
    /// <param name="start">Where the part begins, from the beginning of the value.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="json">What comes in its place.</param>
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

    /// <summary>Whether a string is this text; false for one that is no valid text.</summary>
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

    /// <param name="member">What is written.</param>
    /// <param name="output">Gets it.</param>
    /// <param name="splice">The first of the splices, which are in document order, that can be in the member.</param>
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
