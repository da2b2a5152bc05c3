using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.Tool.Demo;

/// <summary>Writes the smallest valid value of a JSON schema, with values that do no harm when a tool runs them.</summary>
internal static class DemoSchema
{
    private const int MaximumDepth = 16;
    private const int MaxItems = 16;

    public static string Instance(JsonElement schema) => (Create(schema, schema, "", 0) ?? new JsonObject()).ToJsonString();

    private static JsonNode? Create(JsonElement schema, JsonElement root, string name, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object || depth > MaximumDepth)
        {
            return null;
        }

        if (schema.TryGetProperty("const", out JsonElement constant))
        {
            return JsonNode.Parse(constant.GetRawText());
        }

        if (First(schema, "enum") is { } value)
        {
            return JsonNode.Parse(value.GetRawText());
        }

        JsonElement? chosen = Reference(schema, root) ?? First(schema, "anyOf") ?? First(schema, "oneOf") ?? First(schema, "allOf");
        return chosen is { } other ? Create(other, root, name, depth + 1) : OfType(schema, root, name, depth);
    }

    private static JsonNode? OfType(JsonElement schema, JsonElement root, string name, int depth) => TypeOf(schema) switch
    {
        "string" => JsonValue.Create(TextOf(schema, name)),
        "integer" => JsonValue.Create((long)Number(schema)),
        "number" => JsonValue.Create(Number(schema)),
        "boolean" => JsonValue.Create(false),
        "array" => Items(schema, root, name, depth),
        "null" => null,
        _ => Members(schema, root, depth),
    };

    private static JsonObject Members(JsonElement schema, JsonElement root, int depth)
    {
        JsonObject created = [];
        if (!schema.TryGetProperty("properties", out JsonElement properties) || properties.ValueKind != JsonValueKind.Object ||
            !schema.TryGetProperty("required", out JsonElement required) || required.ValueKind != JsonValueKind.Array)
        {
            return created;
        }

        foreach (JsonElement member in required.EnumerateArray())
        {
            if (member.ValueKind == JsonValueKind.String && member.GetString() is { } name && properties.TryGetProperty(name, out JsonElement property))
            {
                created[name] = Create(property, root, name, depth + 1);
            }
        }

        return created;
    }

    private static JsonArray Items(JsonElement schema, JsonElement root, string name, int depth)
    {
        if (name is "command" or "cmd")
        {
            return [(JsonNode)"echo", (JsonNode)"hello"];
        }

        int count = schema.TryGetProperty("minItems", out JsonElement least) && least.TryGetInt32(out int number) ? Math.Clamp(number, 0, MaxItems) : 0;
        JsonElement items = schema.TryGetProperty("items", out JsonElement found) ? found : default;
        return [.. Enumerable.Range(0, count).Select(_ => Create(items, root, "", depth + 1))];
    }

    private static string TextOf(JsonElement schema, string name)
    {
        string text = name switch
        {
            "command" or "cmd" => "echo hello",
            "city" => "Bochum",
            "path" or "file_path" => ".",
            _ => "demo",
        };
        int least = schema.TryGetProperty("minLength", out JsonElement length) && length.TryGetInt32(out int number) ? Math.Clamp(number, 0, 1000) : 0;
        return text.PadRight(least, 'o');
    }

    private static double Number(JsonElement schema) =>
        schema.TryGetProperty("minimum", out JsonElement least) && least.TryGetDouble(out double number) ? Math.Ceiling(number)
        : schema.TryGetProperty("exclusiveMinimum", out least) && least.TryGetDouble(out number) ? Math.Floor(number) + 1
        : 0;

    private static string? TypeOf(JsonElement schema) => !schema.TryGetProperty("type", out JsonElement type) ? null
        : type.ValueKind == JsonValueKind.String ? type.GetString()
        : type.ValueKind == JsonValueKind.Array && type.GetArrayLength() > 0 ? type[0].GetString()
        : null;

    private static JsonElement? First(JsonElement schema, string name) =>
        schema.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0 ? list[0] : null;

    private static JsonElement? Reference(JsonElement schema, JsonElement root)
    {
        if (!schema.TryGetProperty("$ref", out JsonElement reference) || reference.GetString() is not ['#', '/', ..] path)
        {
            return null;
        }

        JsonElement found = root;
        foreach (string part in path[2..].Split('/'))
        {
            if (found.ValueKind != JsonValueKind.Object || !found.TryGetProperty(part, out found))
            {
                return null;
            }
        }

        return found;
    }
}
