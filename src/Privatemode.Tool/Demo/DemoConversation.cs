using System.Text.Json;

namespace Privatemode.Tool.Demo;

/// <summary>Reads the parts that the demo uses from the body of a chat, a completion, or a message in Anthropic's form.</summary>
internal static class DemoConversation
{
    // Parameters of tools that take one harmless value.
    private static readonly string[] HarmlessParameters = ["command", "cmd", "city", "path", "file_path"];

    /// <summary>The text of the last message, or of the prompt, and whether it is the result of a tool.</summary>
    public static (string Text, bool IsToolResult) LastText(JsonElement body)
    {
        if (body.TryGetProperty("prompt", out JsonElement prompt))
        {
            return (prompt.ValueKind == JsonValueKind.String ? prompt.GetString()! : "", false);
        }

        if (!body.TryGetProperty("messages", out JsonElement messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            return ("", false);
        }

        JsonElement last = messages[messages.GetArrayLength() - 1];
        bool isToolResult = TextOf(last, "role") == "tool";
        JsonElement content = last.TryGetProperty("content", out JsonElement found) ? found : default;
        if (content.ValueKind == JsonValueKind.String)
        {
            return (content.GetString()!, isToolResult);
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            return ("", isToolResult);
        }

        JsonElement[] blocks = [.. content.EnumerateArray()];
        isToolResult |= blocks.Any(block => TextOf(block, "type") == "tool_result");

        // Assistants put reminders before what the user wrote: the last block counts.
        return (blocks.Select(block => TextOf(block, "text") ?? TextOf(block, "content")).LastOrDefault(text => text is not null) ?? "", isToolResult);
    }

    /// <summary>The schema that the answer must have, or null.</summary>
    public static JsonElement? AnswerSchema(JsonElement body) =>
        body.TryGetProperty("response_format", out JsonElement format) && TextOf(format, "type") == "json_schema" &&
        format.TryGetProperty("json_schema", out JsonElement named) && named.TryGetProperty("schema", out JsonElement schema)
            ? schema
            : null;

    /// <summary>A call of a tool of the request with harmless arguments, or null if it has no tools.</summary>
    public static (string Name, string Arguments)? ToolCall(JsonElement body)
    {
        if (!body.TryGetProperty("tools", out JsonElement tools) || tools.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        (string Name, JsonElement Schema)[] functions = [.. tools.EnumerateArray().Select(FunctionOf).OfType<(string, JsonElement)>()];
        if (functions is [])
        {
            return null;
        }

        (string name, JsonElement parameters) = functions.FirstOrDefault(function => TakesHarmlessValue(function.Schema), functions[0]);
        return (name, DemoSchema.Instance(parameters));
    }

    private static (string Name, JsonElement Schema)? FunctionOf(JsonElement tool)
    {
        JsonElement function = tool.TryGetProperty("function", out JsonElement nested) ? nested : tool;
        bool hasSchema = function.TryGetProperty("parameters", out JsonElement schema) || function.TryGetProperty("input_schema", out schema);
        return TextOf(function, "name") is { } name && hasSchema ? (name, schema) : null;
    }

    private static bool TakesHarmlessValue(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("required", out JsonElement required) &&
        required.ValueKind == JsonValueKind.Array && required.EnumerateArray().Any(name => HarmlessParameters.Contains(name.GetString()));

    private static string? TextOf(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
