using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.AI.Internal;

/// <summary>Writes additional properties of callers as top-level members of a request body, unchanged.</summary>
/// <param name="member">The name of the caller's option, for messages: <c>ChatOptions.AdditionalProperties</c>.</param>
/// <param name="reserved">Names that this library writes itself; overriding them would break the call or send content in the clear.</param>
/// <param name="isForm">Whether the properties become fields of a form.</param>
internal sealed class AdditionalPropertyWriter(string member, IReadOnlySet<string> reserved, bool isForm = false)
{
    private const int DepthLimit = 64;

    /// <summary>Returns the path of a member in the patch of an OpenAI options object.</summary>
    public static byte[] PathOf(string name) => Encoding.ASCII.GetBytes("$." + name);

    /// <param name="name">The name of an additional property.</param>
    /// <param name="isPosted">Whether another option has set it already.</param>
    /// <exception cref="PrivatemodeRequestException">The name is reserved, invalid, or set twice.</exception>
    public void ThrowIfNotFree(string name, bool isPosted)
    {
        if (!(isForm ? MemberNames.IsField(name) : MemberNames.IsMember(name)))
        {
            throw new PrivatemodeRequestException(member, isForm
                ? $"The name of a field must be {MemberNames.FieldRule}."
                : $"A name must be {MemberNames.MemberRule}: names of top-level members are not encrypted.");
        }

        if (reserved.Contains(name))
        {
            throw new PrivatemodeRequestException(member, $"'{name}' is written by this library. Remove it; use the typed option if there is one.");
        }

        if (isPosted)
        {
            throw new PrivatemodeRequestException(member, $"'{name}' is also set by another option. Set it once.");
        }
    }

    /// <summary>Returns the JSON text of a value.</summary>
    /// <exception cref="PrivatemodeRequestException">The value cannot be written as JSON.</exception>
    public ReadOnlySpan<byte> ToJson(string name, object? value)
    {
        ArrayBufferWriter<byte> json = new();
        using (Utf8JsonWriter writer = new(json))
        {
            Write(writer, name, value);
        }

        return json.WrittenSpan;
    }

    /// <summary>Writes a value at the current position of the writer.</summary>
    /// <exception cref="PrivatemodeRequestException">The value cannot be written as JSON.</exception>
    public void Write(Utf8JsonWriter writer, string name, object? value) => Write(writer, name, value, depth: 0);

    private void Write(Utf8JsonWriter writer, string name, object? value, int depth)
    {
        if (depth > DepthLimit)
        {
            throw NotJson(name);
        }

        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(text); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case JsonElement { ValueKind: not JsonValueKind.Undefined } element: WellFormedText.Of(member, element).WriteTo(writer); break;
            case JsonNode node: WriteNode(writer, name, node); break;
            case IReadOnlyDictionary<string, object?> members: WriteObject(writer, name, members, depth); break;
            case IDictionary<string, object?> members: WriteObject(writer, name, members, depth); break;
            case IDictionary members: WriteObject(writer, name, Named(members, name), depth); break;
            case IEnumerable items: WriteArray(writer, name, items, depth); break;
            default: WriteNumber(writer, name, value); break;
        }
    }

    private void WriteObject(Utf8JsonWriter writer, string name, IEnumerable<KeyValuePair<string, object?>> members, int depth)
    {
        writer.WriteStartObject();
        foreach ((string key, object? value) in members)
        {
            writer.WritePropertyName(WellFormedText.ValidateName(member, key));
            Write(writer, name, value, depth + 1);
        }

        writer.WriteEndObject();
    }

    /// <summary>Returns the members of a dictionary whose values have one type, such as the <c>int</c> of a logit bias.</summary>
    private IEnumerable<KeyValuePair<string, object?>> Named(IDictionary members, string name)
    {
        foreach (DictionaryEntry member in members)
        {
            yield return new(member.Key as string ?? throw NotJson(name), member.Value);
        }
    }

    private void WriteArray(Utf8JsonWriter writer, string name, IEnumerable items, int depth)
    {
        writer.WriteStartArray();
        foreach (object? item in items)
        {
            Write(writer, name, item, depth + 1);
        }

        writer.WriteEndArray();
    }

    private void WriteNode(Utf8JsonWriter writer, string name, JsonNode node)
    {
        try
        {
            WellFormedText.Write(member, writer, node);
        }
        catch (ArgumentException)
        {
            throw NotFinite(name);
        }
    }

    private void WriteNumber(Utf8JsonWriter writer, string name, object value)
    {
        if (value is float and not (>= float.MinValue and <= float.MaxValue) or double and not (>= double.MinValue and <= double.MaxValue))
        {
            throw NotFinite(name);
        }

        if (value is byte or sbyte or short or ushort or int or uint or long or ulong or decimal or float or double)
        {
            writer.WriteRawValue(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
            return;
        }

        throw NotJson(name);
    }

    private PrivatemodeRequestException NotFinite(string name) => new(
        member, $"The value of '{name}' is, or contains, NaN or infinity, which JSON cannot express. Use finite numbers or null.");

    private PrivatemodeRequestException NotJson(string name) => new(
        member,
        $"The value of '{name}' cannot be written as JSON. Use text, a number, a Boolean, null, JsonElement, JsonNode, or dictionaries and lists of these.");
}
