using System.Buffers;
using System.ClientModel.Primitives;
using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;

namespace Privatemode.AI.Chat;

/// <summary>Posts <see cref="ChatOptions.AdditionalProperties"/> as top-level members of the request body, as they are.</summary>
internal static class ExtraProperties
{
    private const string Setting = "ChatOptions.AdditionalProperties";
    private const int NameLimit = 64;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    // What this library writes itself; overriding it would break the call or send content in the clear.
    private static readonly HashSet<string> Reserved =
    [
        "messages", "model", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens",
        "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call",
    ];

    /// <param name="properties">What the caller wants posted.</param>
    /// <param name="target">The options of the call, with everything else already in them.</param>
    /// <exception cref="PrivatemodeConfigurationException">A name is reserved, set twice, or not a name; or a value is not of a JSON
    /// kind.</exception>
    public static void Apply(AdditionalPropertiesDictionary? properties, ChatCompletionOptions target)
    {
        HashSet<string>? posted = null;
        foreach ((string name, object? value) in properties ?? [])
        {
            if (name == ToolMapper.StrictKey)
            {
                continue;
            }

            Demand(name, posted ??= NamesIn(target));
            ArrayBufferWriter<byte> json = new();
            using (Utf8JsonWriter writer = new(json))
            {
                Write(writer, name, value, depth: 0);
            }

            target.Patch.Set(Encoding.ASCII.GetBytes("$." + name), json.WrittenSpan);
        }
    }

    /// <summary>Everything the typed options and the caller's own base have set, whatever it is called.</summary>
    private static HashSet<string> NamesIn(ChatCompletionOptions target)
    {
        using JsonDocument body = JsonDocument.Parse(
            ModelReaderWriter.Write(target, ModelReaderWriterOptions.Json, OpenAIContext.Default).ToMemory());
        return [.. body.RootElement.EnumerateObject().Select(member => member.Name)];
    }

    private static void Demand(string name, HashSet<string> posted)
    {
        if (name.Length is 0 or > NameLimit || name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            throw new PrivatemodeConfigurationException(
                Setting, $"A name is not 1 to {NameLimit} of A-Z a-z 0-9 _; names of top-level members travel in the clear.");
        }

        if (Reserved.Contains(name))
        {
            throw new PrivatemodeConfigurationException(Setting, $"'{name}' is written by this library. Use the typed option instead.");
        }

        if (posted.Contains(name))
        {
            throw new PrivatemodeConfigurationException(
                Setting, $"'{name}' is also set by a typed option or by RawRepresentationFactory. Set it once.");
        }
    }

    private static void Write(Utf8JsonWriter writer, string name, object? value, int depth)
    {
        if (depth > 64)
        {
            throw NotJson(name);
        }

        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(text); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case JsonElement { ValueKind: not JsonValueKind.Undefined } element: element.WriteTo(writer); break;
            case JsonNode node: node.WriteTo(writer); break;
            case IReadOnlyDictionary<string, object?> members: WriteObject(writer, name, members, depth); break;
            case IDictionary<string, object?> members: WriteObject(writer, name, members, depth); break;
            case IDictionary members: WriteObject(writer, name, Named(members, name), depth); break;
            case IEnumerable items: WriteArray(writer, name, items, depth); break;
            default: WriteNumber(writer, name, value); break;
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, string name, IEnumerable<KeyValuePair<string, object?>> members, int depth)
    {
        writer.WriteStartObject();
        foreach ((string key, object? value) in members)
        {
            writer.WritePropertyName(key);
            Write(writer, name, value, depth + 1);
        }

        writer.WriteEndObject();
    }

    /// <summary>The members of a dictionary whose values are of one type, such as the <c>int</c> of a logit bias.</summary>
    private static IEnumerable<KeyValuePair<string, object?>> Named(IDictionary members, string name)
    {
        foreach (DictionaryEntry member in members)
        {
            yield return new(member.Key as string ?? throw NotJson(name), member.Value);
        }
    }

    private static void WriteArray(Utf8JsonWriter writer, string name, IEnumerable items, int depth)
    {
        writer.WriteStartArray();
        foreach (object? item in items)
        {
            Write(writer, name, item, depth + 1);
        }

        writer.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, object value)
    {
        if (value is byte or sbyte or short or ushort or int or uint or long or ulong or decimal ||
            (value is float single && float.IsFinite(single)) || (value is double wide && double.IsFinite(wide)))
        {
            writer.WriteRawValue(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
            return;
        }

        throw NotJson(name);
    }

    private static PrivatemodeConfigurationException NotJson(string name) => new(
        Setting,
        $"The value of '{name}' is not of a JSON kind: use text, number, boolean, null, JsonElement, JsonNode, or dictionaries and lists of these.");
}
