using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace Privatemode.AI.Chat;

/// <summary>Function tools and their schemas.</summary>
internal static class ToolMapper
{
    /// <summary>Name of the additional property that asks for a strict schema, on a tool or on the options.</summary>
    public const string StrictKey = "strict";

    // What strict decoders do not know; told to the model in the description instead.
    private static readonly string[] UnsupportedInStrict =
    [
        "contentEncoding", "contentMediaType", "not", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "multipleOf",
        "patternProperties", "minItems", "maxItems",
    ];

    private static readonly AIJsonSchemaTransformCache Strict = new(new AIJsonSchemaTransformOptions
    {
        DisallowAdditionalProperties = true,
        ConvertBooleanSchemas = true,
        MoveDefaultKeywordToDescription = true,
        RequireAllProperties = true,
        TransformSchemaNode = (_, node) => MoveToDescription(node),
    });

    public static ChatTool ToOpenAI(AIFunctionDeclaration function, ChatOptions options)
    {
        bool? strict = IsStrict(function.AdditionalProperties) ?? IsStrict(options.AdditionalProperties);
        JsonElement schema = strict == true ? Strict.GetOrCreateTransformedSchema(function) : function.JsonSchema;
        return ChatTool.CreateFunctionTool(function.Name, function.Description, Complete(schema), strict);
    }

    /// <summary>A response schema, made fit for strict decoding when that is asked for.</summary>
    public static BinaryData ResponseSchema(JsonElement schema, bool? strict) => new(
        (strict == true ? AIJsonUtilities.TransformSchema(schema, Strict.TransformOptions) : schema).GetRawText());

    public static bool? IsStrict(IReadOnlyDictionary<string, object?>? properties) =>
        properties is not null && properties.TryGetValue(StrictKey, out object? value) ? AsBoolean(value) : null;

    private static bool? AsBoolean(object? value) => value switch
    {
        bool flag => flag,
        JsonElement { ValueKind: JsonValueKind.True } => true,
        JsonElement { ValueKind: JsonValueKind.False } => false,
        _ => null,
    };

    /// <summary>Servers want type, properties, required and additionalProperties even of a function without parameters.</summary>
    private static BinaryData Complete(JsonElement schema)
    {
        JsonObject complete = schema.ValueKind == JsonValueKind.Object ? JsonObject.Create(schema)! : [];
        _ = complete.Remove("$schema");
        complete.TryAdd("type", "object");
        complete.TryAdd("properties", new JsonObject());
        complete.TryAdd("required", new JsonArray());
        complete.TryAdd("additionalProperties", false);
        return new BinaryData(complete.ToJsonString());
    }

    private static JsonNode MoveToDescription(JsonNode node)
    {
        if (node is not JsonObject schema)
        {
            return node;
        }

        List<string> moved = [];
        foreach (string keyword in UnsupportedInStrict)
        {
            if (schema.TryGetPropertyValue(keyword, out JsonNode? value))
            {
                _ = schema.Remove(keyword);
                moved.Add($"{keyword}: {value?.ToJsonString()}");
            }
        }

        if (moved.Count > 0)
        {
            string? description = schema["description"]?.GetValue<string>();
            string constraints = string.Join("\n", moved);
            schema["description"] = description is null ? constraints : $"{description} ({constraints})";
        }

        return schema;
    }
}
