using System.ClientModel.Primitives;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAIFormat = OpenAI.Chat.ChatResponseFormat;

namespace Privatemode.AI.SemanticKernel.Settings;

/// <summary>Response formats in all forms in which Semantic Kernel's users write them.</summary>
internal static class ResponseFormats
{
    private const string Name = "response_format";

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
                options.ResponseFormat = ChatResponseFormat.ForJsonSchema(type);
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
    public static JsonElement ToJson(object format) => format switch
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
        _ => throw SettingValues.Wrong(Name, "\"text\", \"json_object\", a type, a JSON schema or a response format"),
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
            SetRaw(options, ModelReaderWriter.Read<OpenAIFormat>(BinaryData.FromString(json.GetRawText()))!);
        }
        else
        {
            options.ResponseFormat = ChatResponseFormat.ForJsonSchema(json);
        }
    }

    /// <summary>Whether JSON is the <c>response_format</c> of the API; the types of JSON schemas are others.</summary>
    private static bool IsWholeFormat(JsonElement json) =>
        json.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String &&
        type.GetString() is "text" or "json_object" or "json_schema";

    private static void SetRaw(ChatOptions options, OpenAIFormat format) =>
        options.RawRepresentationFactory = _ => new OpenAI.Chat.ChatCompletionOptions { ResponseFormat = format };

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
