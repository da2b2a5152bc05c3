using System.ClientModel.Primitives;
using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAIFormat = OpenAI.Chat.ChatResponseFormat;

namespace Privatemode.AI.SemanticKernel.Settings;

/// <summary>Converts response formats from all forms that users of Semantic Kernel write.</summary>
internal static class ResponseFormats
{
    private const string Name = "response_format";
    private const string Accepted = "\"text\", \"json_object\", a type, a JSON schema or a response format";

    private static readonly FrozenSet<string> SchemaTypes =
        FrozenSet.Create(StringComparer.Ordinal, "object", "array", "string", "number", "integer", "boolean", "null");

    /// <summary>Sets the response format of a request.</summary>
    /// <exception cref="PrivatemodeRequestException">The value is not a response format.</exception>
    public static void Write(ChatOptions options, object? format)
    {
        switch (format)
        {
            case null:
                break;
            case OpenAIFormat ofOpenAI:
                SetRaw(options, ofOpenAI);
                break;
            case ChatResponseFormat typed:
                options.ResponseFormat = typed;
                break;
            case Type type:
                options.ResponseFormat = Guard(() => ChatResponseFormat.ForJsonSchema(type));
                break;
            case string text:
                WriteText(options, text);
                break;
            default:
                WriteJson(options, ToJson(format));
                break;
        }
    }

    /// <summary>A response format as JSON, which can be read back.</summary>
    /// <exception cref="PrivatemodeRequestException">The value is not a response format.</exception>
    public static JsonElement ToJson(object format) => Guard(() => Serialize(format));

    /// <summary>Whether JSON is a <c>response_format</c> of the API and not a JSON schema, whose types have other names.</summary>
    public static bool IsWholeFormat(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String &&
        type.GetString() is "text" or "json_object" or "json_schema";

    private static JsonElement Serialize(object format) => format switch
    {
        JsonElement element => element.Clone(),
        JsonNode node => JsonSerializer.SerializeToElement(node),
        string text => JsonSerializer.SerializeToElement(text),
        Type type => ToJson(ChatResponseFormat.ForJsonSchema(type)),
        ChatResponseFormatText => JsonSerializer.SerializeToElement("text"),
        ChatResponseFormatJson { Schema: null } => JsonSerializer.SerializeToElement("json_object"),
        ChatResponseFormatJson json => ToJson(OpenAIFormat.CreateJsonSchemaFormat(
            json.SchemaName ?? "json_schema", BinaryData.FromString(json.Schema.Value.GetRawText()), json.SchemaDescription)),
        OpenAIFormat ofOpenAI => Parse(ModelReaderWriter.Write(ofOpenAI).ToString()),
        IEnumerable<KeyValuePair<string, object?>> members => JsonSerializer.SerializeToElement(members.ToDictionary()),
        _ => throw SettingValues.Wrong(Name, Accepted),
    };

    private static void WriteText(ChatOptions options, string text)
    {
        if (text.AsSpan().Trim().StartsWith('{'))
        {
            WriteJson(options, Parse(text));
            return;
        }

        options.ResponseFormat = text switch
        {
            "text" or "" => ChatResponseFormat.Text,
            "json_object" => ChatResponseFormat.Json,
            _ => throw SettingValues.Wrong(Name, "\"text\", \"json_object\" or JSON"),
        };
    }

    private static void WriteJson(ChatOptions options, JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
        {
            WriteText(options, json.GetString()!);
        }
        else if (json.ValueKind != JsonValueKind.Object)
        {
            throw SettingValues.Wrong(Name, "\"text\", \"json_object\", a JSON schema or a response format");
        }
        else if (IsWholeFormat(json))
        {
            ThrowIfIncomplete(json);
            SetRaw(options, Guard(() => ModelReaderWriter.Read<OpenAIFormat>(BinaryData.FromString(json.GetRawText()))!));
        }
        else
        {
            ThrowIfUnknownType(json);
            options.ResponseFormat = ChatResponseFormat.ForJsonSchema(json);
        }
    }

    /// <exception cref="PrivatemodeRequestException">The format <c>json_schema</c> has no name or no schema.</exception>
    private static void ThrowIfIncomplete(JsonElement format)
    {
        bool isComplete = format.GetProperty("type").GetString() != "json_schema" ||
            (format.TryGetProperty("json_schema", out JsonElement named) && named.ValueKind == JsonValueKind.Object &&
            named.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String &&
            named.TryGetProperty("schema", out JsonElement schema) && schema.ValueKind == JsonValueKind.Object);
        if (!isComplete)
        {
            throw SettingValues.Wrong(Name, "a complete format: 'json_schema' must contain 'name' and 'schema'");
        }
    }

    /// <exception cref="PrivatemodeRequestException">The type is neither that of a JSON schema nor that of a response format.</exception>
    private static void ThrowIfUnknownType(JsonElement schema)
    {
        if (schema.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String && !SchemaTypes.Contains(type.GetString()!))
        {
            throw SettingValues.Wrong(Name, "a JSON schema or a response format: its 'type' is unknown");
        }
    }

    private static void SetRaw(ChatOptions options, OpenAIFormat format) =>
        options.RawRepresentationFactory = _ => new OpenAI.Chat.ChatCompletionOptions { ResponseFormat = format };

    /// <exception cref="PrivatemodeRequestException">A serializer refuses the value. Its own message is dropped, because it may quote the value.</exception>
    private static T Guard<T>(Func<T> convert)
    {
        try
        {
            return convert();
        }
        catch (Exception exception) when (
            exception is JsonException or NotSupportedException or ArgumentException or InvalidOperationException or FormatException)
        {
            throw SettingValues.Wrong(Name, Accepted);
        }
    }

    private static JsonElement Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            // Without the parser's message, which may quote the text.
            throw SettingValues.Wrong(Name, "valid JSON");
        }
    }
}
