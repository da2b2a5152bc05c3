using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Copies a JSON schema without the keywords that the model server's grammars refuse or ignore.</summary>
/// <remarks>It changes only what JSON Schema defines as a schema: a property of a tool that is named <c>$schema</c> is kept. Values are copied byte for
/// byte.</remarks>
internal static class SchemaCleaner
{
    private static readonly string[] Dropped = ["$schema", "$id", "$comment", "propertyNames"];
    private static readonly string[] Maps = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
    private static readonly string[] Schemas =
    [
        "items", "prefixItems", "additionalItems", "contains", "anyOf", "oneOf", "allOf", "not", "if", "then", "else", "additionalProperties",
        "unevaluatedItems", "unevaluatedProperties",
    ];

    /// <summary>Writes the schema of a tool's input. A schema without a type describes an object.</summary>
    public static void WriteInput(Utf8JsonWriter writer, JsonElement schema) => WriteSchema(writer, schema, isInput: true);

    /// <summary>Writes a schema, or the list of schemas that is the value of some keywords.</summary>
    public static void Write(Utf8JsonWriter writer, JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Array)
        {
            WriteSchema(writer, schema, isInput: false);
            return;
        }

        writer.WriteStartArray();
        foreach (JsonElement item in schema.EnumerateArray())
        {
            Write(writer, item);
        }

        writer.WriteEndArray();
    }

    private static void WriteSchema(Utf8JsonWriter writer, JsonElement schema, bool isInput)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            WriteRaw(writer, schema);
            return;
        }

        writer.WriteStartObject();
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            if (!IsDropped(keyword))
            {
                writer.WritePropertyName(keyword.Name);
                WriteKeyword(writer, keyword);
            }
        }

        if (isInput && !schema.TryGetProperty("type"u8, out _))
        {
            writer.WriteString("type"u8, "object"u8);
        }

        writer.WriteEndObject();
    }

    private static void WriteKeyword(Utf8JsonWriter writer, JsonProperty keyword)
    {
        if (Schemas.Contains(keyword.Name))
        {
            Write(writer, keyword.Value);
            return;
        }

        if (keyword.Value.ValueKind != JsonValueKind.Object || !Maps.Contains(keyword.Name))
        {
            WriteRaw(writer, keyword.Value);
            return;
        }

        writer.WriteStartObject();
        foreach (JsonProperty named in keyword.Value.EnumerateObject())
        {
            writer.WritePropertyName(named.Name);
            WriteSchema(writer, named.Value, isInput: false);
        }

        writer.WriteEndObject();
    }

    /// <summary>Returns whether a keyword is left out: those that are refused or ignored, and an <c>additionalProperties</c> that allows everything, which is
    /// the default.</summary>
    private static bool IsDropped(JsonProperty keyword) => Dropped.Contains(keyword.Name) ||
        (keyword.NameEquals("additionalProperties"u8) && keyword.Value.ValueKind == JsonValueKind.Object && keyword.Value.EnumerateObject().All(IsDropped));

    private static void WriteRaw(Utf8JsonWriter writer, JsonElement value) => writer.WriteRawValue(RequestJson.Raw(value), skipInputValidation: true);
}
