using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>The tools of an Anthropic request that the client itself runs, in the form that the model server accepts: name, description and schema.</summary>
internal sealed class ToolDefinitions
{
    // Tools that Anthropic runs, or whose schema only its models know. Their types end in a date.
    private static readonly string[] Hosted =
    [
        "web_search", "web_fetch", "code_execution", "computer", "bash", "text_editor", "memory", "tool_search", "mcp_toolset", "advisor",
    ];

    private readonly JsonElement _request;
    private readonly List<JsonElement> _tools = [];
    private readonly List<string> _leftOut = [];

    private ToolDefinitions(JsonElement request) => _request = request;

    /// <summary>Whether there is a tool to send. The model server refuses an empty list.</summary>
    public bool Any => _tools.Count > 0;

    /// <summary>The types of the tools that were left out, from a fixed list of words.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>Reads the tools of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="leavesOutHosted">Whether tools that the service does not have are left out. Otherwise, the request is refused.</param>
    /// <exception cref="PrivatemodeRequestException">A tool has no name or schema, or needs something that the service does not have.</exception>
    public static ToolDefinitions Read(JsonElement request, bool leavesOutHosted)
    {
        ToolDefinitions result = new(request);
        if (!RequestJson.TryGet(request, "tools"u8, out JsonElement tools))
        {
            return result;
        }

        if (tools.ValueKind != JsonValueKind.Array)
        {
            throw RequestJson.Wrong("tools", "a list");
        }

        int index = 0;
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            result.Add(tool, $"tools[{index++}]", leavesOutHosted);
        }

        return result;
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("tools"u8);
        foreach (JsonElement tool in _tools)
        {
            writer.WriteStartObject();
            Copy(writer, tool, "name"u8);
            Copy(writer, tool, "description"u8);
            writer.WritePropertyName("input_schema"u8);
            SchemaCleaner.WriteInput(writer, tool.GetProperty("input_schema"u8));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes the tool choice of the request.</summary>
    /// <exception cref="PrivatemodeRequestException">The value is not one of the four choices, or names a tool that was left out.</exception>
    public void WriteChoice(Utf8JsonWriter writer, JsonElement choice)
    {
        if (choice.ValueKind != JsonValueKind.Object || !RequestJson.TryGet(choice, "type"u8, out JsonElement type))
        {
            throw RequestJson.Wrong("tool_choice", "an object with a type");
        }

        string word = RequestJson.Short(type) is "auto" or "any" or "tool" or "none"
            ? RequestJson.Short(type)!
            : throw RequestJson.Wrong("tool_choice.type", "auto, any, tool or none");
        writer.WriteStartObject("tool_choice"u8);
        writer.WriteString("type"u8, word);
        if (word == "tool")
        {
            string? name = RequestJson.TryGet(choice, "name"u8, out JsonElement named) ? RequestJson.Short(named) : null;
            if (name is null || !_tools.Exists(tool => RequestJson.Short(tool.GetProperty("name"u8)) == name))
            {
                throw RequestJson.Wrong("tool_choice.name", "the name of one of the tools that are sent");
            }

            Copy(writer, choice, "name"u8);
        }

        writer.WriteEndObject();
    }

    private void Add(JsonElement tool, string path, bool leavesOutHosted)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            throw RequestJson.Wrong(path, "an object");
        }

        if (RequestJson.TryGet(tool, "type"u8, out JsonElement type) && !RequestJson.IsText(type, "custom"u8))
        {
            AddHosted(type, path, leavesOutHosted);
            return;
        }

        if (!RequestJson.TryGet(tool, "name"u8, out JsonElement name) || RequestJson.Short(name) is null)
        {
            throw RequestJson.Wrong($"{path}.name", "a string of at most 256 bytes");
        }

        if (!RequestJson.TryGet(tool, "input_schema"u8, out JsonElement schema) || schema.ValueKind != JsonValueKind.Object)
        {
            throw RequestJson.Wrong($"{path}.input_schema", "an object");
        }

        if (RequestJson.TryGet(tool, "description"u8, out JsonElement description) && !RequestJson.IsText(description))
        {
            throw RequestJson.Wrong($"{path}.description", "a string");
        }

        _tools.Add(tool);
    }

    private void AddHosted(JsonElement type, string path, bool leavesOut)
    {
        string? word = RequestJson.Short(type);
        string? known = word is null ? null : Hosted.FirstOrDefault(hosted => word.StartsWith(hosted, StringComparison.Ordinal));
        if (!leavesOut)
        {
            throw new PrivatemodeRequestException(
                $"{path}.type",
                known is null
                    ? $"'{path}' is not a tool that the client runs. Send tools with a name and an input_schema."
                    : $"'{path}' is the hosted tool {known}, which is not available with this service. Switch it off in the program that sent the request, " +
                        "or let the proxy leave hosted tools out.");
        }

        if (!_leftOut.Contains(known ?? "other"))
        {
            _leftOut.Add(known ?? "other");
        }
    }

    private static void Copy(Utf8JsonWriter writer, JsonElement parent, ReadOnlySpan<byte> name)
    {
        if (RequestJson.TryGet(parent, name, out JsonElement value))
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(RequestJson.Raw(value), skipInputValidation: true);
        }
    }
}
