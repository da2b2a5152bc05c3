using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
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

    /// <exception cref="PrivatemodeConfigurationException">A name is reserved, set twice, or not a name; or a value is not of a JSON
    /// kind.</exception>
    public static void Apply(ChatOptions options, ChatCompletionOptions target)
    {
        foreach ((string name, object? value) in options.AdditionalProperties ?? [])
        {
            if (name == ToolMapper.StrictKey)
            {
                continue;
            }

            Demand(name, options);
            ArrayBufferWriter<byte> json = new();
            using (Utf8JsonWriter writer = new(json))
            {
                Write(writer, name, value, depth: 0);
            }

            target.Patch.Set(Encoding.ASCII.GetBytes("$." + name), json.WrittenSpan);
        }
    }

    private static void Demand(string name, ChatOptions options)
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

        if (IsTyped(name, options))
        {
            throw new PrivatemodeConfigurationException(Setting, $"'{name}' is also set by a typed option. Set it once.");
        }
    }

    private static bool IsTyped(string name, ChatOptions options) => name switch
    {
        "temperature" => options.Temperature is not null,
        "top_p" => options.TopP is not null,
        "top_k" => options.TopK is not null,
        "frequency_penalty" => options.FrequencyPenalty is not null,
        "presence_penalty" => options.PresencePenalty is not null,
        "seed" => options.Seed is not null,
        "stop" => options.StopSequences is { Count: > 0 },
        "response_format" => options.ResponseFormat is not null,
        "reasoning_effort" => options.Reasoning?.Effort is not null,
        _ => false,
    };

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
            writer.WriteRawValue(((IFormattable)value).ToString(value is float or double ? "R" : null, CultureInfo.InvariantCulture));
            return;
        }

        throw NotJson(name);
    }

    private static PrivatemodeConfigurationException NotJson(string name) => new(
        Setting,
            $"The value of '{name}' is not of a JSON kind: use text, number, boolean, null, JsonElement, JsonNode, or dictionaries and lists " +
            $"of these.");
}
