using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Chat;

/// <summary>Maps function tools and their schemas.</summary>
internal static class ToolMapper
{
    /// <summary>Name of the additional property that requests a strict schema, on a tool or on the options.</summary>
    public const string StrictKey = "strict";

    private const string Member = "ChatOptions.Tools";

    // Keywords that strict decoders do not support; they are added to the description for the model instead.
    private static readonly string[] UnsupportedInStrict =
    [
        "contentEncoding", "contentMediaType", "not", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "multipleOf",
        "patternProperties", "minItems", "maxItems", "unevaluatedProperties", "propertyNames", "minProperties", "maxProperties",
        "unevaluatedItems", "contains", "minContains", "maxContains", "uniqueItems",
    ];

    private static readonly AIJsonSchemaTransformCache Strict = new(new AIJsonSchemaTransformOptions
    {
        DisallowAdditionalProperties = true,
        ConvertBooleanSchemas = true,
        MoveDefaultKeywordToDescription = true,
        RequireAllProperties = true,
        TransformSchemaNode = (_, node) => TransformNode(node),
    });

    public static ChatTool ToOpenAI(AIFunctionDeclaration function, ChatOptions options)
    {
        bool? strict = IsStrict(function.AdditionalProperties) ?? IsStrict(options.AdditionalProperties);
        JsonElement schema = WellFormedText.Of(Member, function.JsonSchema);
        if (strict == true)
        {
            schema = WellFormedText.IsWellFormed(function.JsonSchema) ? Strict.GetOrCreateTransformedSchema(function)
                : AIJsonUtilities.TransformSchema(schema, Strict.TransformOptions);
        }

        return ChatTool.CreateFunctionTool(
            WellFormedText.ValidateName(Member, function.Name), function.Description, Complete(schema, function.Description), strict);
    }

    /// <summary>Returns a response schema, changed for strict decoding if that is requested.</summary>
    public static BinaryData ResponseSchema(ChatResponseFormatJson format, bool? strict)
    {
        JsonElement schema = WellFormedText.Of("ChatOptions.ResponseFormat", format.Schema!.Value);
        if (strict == true)
        {
            schema = WellFormedText.IsWellFormed(format.Schema.Value) ? Strict.GetOrCreateTransformedSchema(format)!.Value
                : AIJsonUtilities.TransformSchema(schema, Strict.TransformOptions);
        }

        return new BinaryData(schema.GetRawText());
    }

    public static bool? IsStrict(IReadOnlyDictionary<string, object?>? properties) =>
        properties is not null && properties.TryGetValue(StrictKey, out object? value) ? AsBoolean(value) : null;

    private static bool? AsBoolean(object? value) => value switch
    {
        bool flag => flag,
        JsonElement { ValueKind: JsonValueKind.True } => true,
        JsonElement { ValueKind: JsonValueKind.False } => false,
        _ => null,
    };

    /// <summary>Adds the members type, properties, required and additionalProperties, which servers require even for a function without parameters.</summary>
    private static BinaryData Complete(JsonElement schema, string description)
    {
        JsonObject complete = schema.ValueKind == JsonValueKind.Object ? JsonObject.Create(schema)! : [];
        _ = complete.Remove("$schema");
        if (complete["condition"] is JsonValue copy && copy.TryGetValue(out string? text) && text == description)
        {
            // Functions of Semantic Kernel have a second copy of their description here, which is not a keyword of JSON Schema.
            _ = complete.Remove("condition");
        }

        complete.TryAdd("type", "object");
        complete.TryAdd("properties", new JsonObject());
        complete.TryAdd("required", new JsonArray());
        complete.TryAdd("additionalProperties", false);
        return new BinaryData(complete.ToJsonString());
    }

    private static JsonNode TransformNode(JsonNode node)
    {
        if (node is JsonObject schema)
        {
            TransformDefinitions(schema);
            MoveToDescription(schema);
        }

        return node;
    }

    /// <summary>Transforms the definitions of a schema, which the transformation of schemas does not process but strict decoders require.</summary>
    private static void TransformDefinitions(JsonObject schema)
    {
        foreach (string keyword in (string[])["$defs", "definitions"])
        {
            if (schema[keyword] is not JsonObject definitions)
            {
                continue;
            }

            foreach ((string name, JsonNode? definition) in definitions.ToList())
            {
                using JsonDocument document = JsonDocument.Parse(CompactJsonSerializer.Text(definition));
                JsonElement transformed = AIJsonUtilities.TransformSchema(document.RootElement, Strict.TransformOptions);
                definitions[name] = JsonNode.Parse(transformed.GetRawText());
            }
        }
    }

    private static void MoveToDescription(JsonObject schema)
    {
        List<string> moved = [];
        foreach (string keyword in UnsupportedInStrict)
        {
            if (schema.TryGetPropertyValue(keyword, out JsonNode? value))
            {
                _ = schema.Remove(keyword);
                moved.Add($"{keyword}: {CompactJsonSerializer.Text(value)}");
            }
        }

        if (moved.Count > 0)
        {
            string constraints = string.Join("\n", moved);
            bool isText = schema["description"]?.GetValueKind() == JsonValueKind.String;
            schema["description"] = isText ? $"{schema["description"]!.GetValue<string>()} ({constraints})" : constraints;
        }
    }
}
