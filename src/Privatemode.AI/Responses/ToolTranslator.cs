using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Responses;

/// <summary>The tools of a request, and the choice which of them the model can or must call.</summary>
internal sealed class ToolTranslator
{
    /// <summary>The maximum number of tools of a request, including those in namespaces.</summary>
    public const int MaxTools = 1024;

    /// <summary>The maximum length of the name of a tool or namespace, in bytes of UTF-8.</summary>
    public const int MaxNameLength = 256;

    private static readonly KnownNames FunctionMembers =
        new("type", "name", "description", "parameters", "strict", "defer_loading", "allowed_callers", "output_schema");

    private static readonly KnownNames CustomMembers = new("type", "name", "description", "format", "defer_loading", "allowed_callers");
    private static readonly KnownNames NamespaceMembers = new("type", "name", "description", "tools");
    private static readonly KnownNames FormatMembers = new("type", "syntax", "definition");
    private static readonly KnownNames NamedChoiceMembers = new("type", "name", "namespace");
    private static readonly KnownNames AllowedChoiceMembers = new("type", "mode", "tools");

    /// <summary>The parameters of a custom tool: one text.</summary>
    private static ReadOnlySpan<byte> TextParameters =>
        """{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}"""u8;

    private readonly bool _leavesOutHosted;
    private readonly List<Tool> _tools = [];
    private readonly List<string> _leftOut = [];
    private HashSet<string>? _allowed;
    private string? _mode;
    private string? _named;

    private ToolTranslator(bool leavesOutHosted) => _leavesOutHosted = leavesOutHosted;

    public ToolNames Names { get; } = new();

    /// <summary>The types of hosted tools that were left out, without duplicates, in their order.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>Whether any tool is sent.</summary>
    public bool HasTools => _allowed is null ? _tools.Count > 0 : _allowed.Count > 0;

    /// <exception cref="PrivatemodeRequestException">A chat cannot have a tool like this, or this tool choice.</exception>
    public static ToolTranslator Read(RequestObject request, bool leavesOutHosted)
    {
        ToolTranslator translator = new(leavesOutHosted);
        if (request.FindList("tools"u8) is { } tools)
        {
            translator.ReadTools(tools);
        }

        if (request.Find("tool_choice"u8) is { } choice)
        {
            translator.ReadChoice(choice);
        }

        return translator;
    }

    public void WriteTools(Utf8JsonWriter writer)
    {
        if (!HasTools)
        {
            return; // Model servers refuse an empty list.
        }

        writer.WriteStartArray("tools"u8);
        foreach (Tool tool in _tools.Where(tool => _allowed?.Contains(tool.ChatName) != false))
        {
            WriteTool(writer, tool);
        }

        writer.WriteEndArray();
    }

    public void WriteChoice(Utf8JsonWriter writer)
    {
        if (_named is not null)
        {
            writer.WriteStartObject("tool_choice"u8);
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, _named);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        else if (_mode is not null && HasTools)
        {
            writer.WriteString("tool_choice"u8, _mode);
        }
    }

    private void ReadTools(JsonElement tools)
    {
        if (tools.GetArrayLength() > MaxTools)
        {
            throw TooMany();
        }

        int i = 0;
        foreach (JsonElement element in tools.EnumerateArray())
        {
            RequestObject tool = new(element, new MemberPath("tools", i++));
            string type = tool.FindWord("type"u8) ?? "";
            if (HostedTools.OfTool(type) is { } hosted)
            {
                LeaveOut(hosted, tool.Path);
            }
            else if (type == "namespace")
            {
                ReadNamespace(tool.WithOnly(NamespaceMembers), i - 1);
            }
            else
            {
                Add(tool, type, null, null);
            }
        }
    }

    private void ReadNamespace(RequestObject tool, int index)
    {
        string ns = tool.Name("name"u8, MaxNameLength);
        JsonElement? description = tool.FindText("description"u8);
        int i = 0;
        foreach (JsonElement element in tool.FindList("tools"u8)?.EnumerateArray() ?? default)
        {
            RequestObject inner = new(element, new MemberPath("tools", index, "tools", i++));
            Add(inner, inner.FindWord("type"u8) ?? "", ns, description);
        }
    }

    private void Add(RequestObject tool, string type, string? ns, JsonElement? nsDescription)
    {
        bool isCustom = type == "custom";
        if (!isCustom && type != "function")
        {
            throw tool.Path.Member("type"u8).NotKnown();
        }

        _ = tool.WithOnly(isCustom ? CustomMembers : FunctionMembers);
        ThrowIfProgrammatic(tool);
        ToolName name = new(isCustom, ns, tool.Name("name"u8, MaxNameLength));
        if (!Names.TryAdd(name, out string chatName))
        {
            throw tool.Path.Member("name"u8).Refuse("'tools' has two tools of the same name.");
        }

        if (Names.Tools.Count > MaxTools)
        {
            throw TooMany();
        }

        _tools.Add(new Tool
        {
            ChatName = chatName,
            Description = tool.FindText("description"u8) ?? nsDescription,
            Parameters = tool.FindObject("parameters"u8),
            IsStrict = !isCustom && tool.FindBoolean("strict"u8) == true,
            IsCustom = isCustom,
            Grammar = isCustom && tool.FindObject("format"u8) is { } format ? ReadFormat(new(format, tool.Path.Member("format"u8))) : null,
        });
    }

    private static (string Syntax, JsonElement Definition)? ReadFormat(RequestObject format)
    {
        switch (format.WithOnly(FormatMembers).FindWord("type"u8))
        {
            case "text":
                return null;
            case "grammar":
                return format.FindWord("syntax"u8) is "lark" or "regex" ? (format.FindWord("syntax"u8)!, format.Text("definition"u8))
                    : throw format.Path.Member("syntax"u8).NotKnown();
            default:
                throw format.Path.Member("type"u8).NotKnown();
        }
    }

    private static void ThrowIfProgrammatic(RequestObject tool)
    {
        foreach (JsonElement caller in tool.FindList("allowed_callers"u8)?.EnumerateArray() ?? default)
        {
            if (caller.ValueKind != JsonValueKind.String || !caller.ValueEquals("direct"u8))
            {
                throw tool.Path.Member("allowed_callers"u8).Refuse(
                    $"'{tool.Path}.allowed_callers' asks for programmatic tool calls, which the service does not offer. Leave it out.");
            }
        }
    }

    private void LeaveOut(string type, MemberPath path)
    {
        if (!_leavesOutHosted)
        {
            throw path.Refuse(
                $"'{path}' is the hosted tool \"{type}\", which the service does not offer. Leave it out, or set Responses.HostedTools to LeaveOut.");
        }

        if (!_leftOut.Contains(type))
        {
            _leftOut.Add(type);
        }
    }

    private void ReadChoice(JsonElement choice)
    {
        MemberPath path = new("tool_choice");
        if (choice.ValueKind == JsonValueKind.String)
        {
            _mode = choice.ValueEquals("auto"u8) ? "auto" : choice.ValueEquals("none"u8) ? "none" : choice.ValueEquals("required"u8) ? "required"
                : throw path.NotKnown();
        }
        else if (choice.ValueKind == JsonValueKind.Object)
        {
            ReadChoice(new RequestObject(choice, path));
        }
        else
        {
            throw path.MustBe("a string or an object");
        }

        if (!HasTools && _mode is not ("auto" or "none"))
        {
            throw path.Refuse("'tool_choice' requires a tool call, but the request has no tools.");
        }
    }

    private void ReadChoice(RequestObject choice)
    {
        string type = choice.FindWord("type"u8) ?? "";
        if (HostedTools.OfTool(type) is not null)
        {
            throw HostedChoice();
        }

        switch (type)
        {
            case "function" or "custom":
                _named = _tools.Count == 0 ? null : ChatNameOf(choice);
                break;
            case "allowed_tools":
                _mode = choice.WithOnly(AllowedChoiceMembers).FindWord("mode"u8) is "auto" or "required" ? choice.FindWord("mode"u8)
                    : throw choice.Path.Member("mode"u8).NotKnown();
                _allowed = [.. ReadAllowed(choice)];
                break;
            default:
                throw choice.Path.Member("type"u8).NotKnown();
        }
    }

    private IEnumerable<string> ReadAllowed(RequestObject choice)
    {
        JsonElement? tools = choice.FindList("tools"u8);
        if (tools?.GetArrayLength() > MaxTools)
        {
            throw new MemberPath("tool_choice.tools").Refuse($"'tool_choice.tools' has more than {MaxTools} tools. Name each of them once.");
        }

        int i = 0;
        foreach (JsonElement element in tools?.EnumerateArray() ?? default)
        {
            RequestObject tool = new(element, new MemberPath("tool_choice.tools", i++));
            string type = tool.FindWord("type"u8) ?? "";
            if (type is "function" or "custom")
            {
                yield return ChatNameOf(tool);
            }
            else if (HostedTools.OfTool(type) is null)
            {
                throw tool.Path.Member("type"u8).NotKnown();
            }
            else if (!_leavesOutHosted)
            {
                throw HostedChoice();
            }
        }
    }

    private string ChatNameOf(RequestObject choice)
    {
        _ = choice.WithOnly(NamedChoiceMembers);
        string name = choice.Name("name"u8, MaxNameLength);
        return Names.FindChatName(choice.FindName("namespace"u8, MaxNameLength), name)
            ?? throw choice.Path.Refuse($"'{choice.Path}' names a tool that is not in 'tools'.");
    }

    private static void WriteTool(Utf8JsonWriter writer, Tool tool)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "function"u8);
        writer.WriteStartObject("function"u8);
        writer.WriteString("name"u8, tool.ChatName);
        WriteDescription(writer, tool);
        if (tool.IsCustom)
        {
            writer.WritePropertyName("parameters"u8);
            writer.WriteRawValue(TextParameters, skipInputValidation: true);
        }
        else if (tool.Parameters is { } parameters)
        {
            RawJson.Write(writer, "parameters"u8, parameters);
        }

        if (tool.IsStrict)
        {
            writer.WriteBoolean("strict"u8, true);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteDescription(Utf8JsonWriter writer, Tool tool)
    {
        if (tool.Grammar is not { } grammar)
        {
            if (tool.Description is { } plain)
            {
                RawJson.Write(writer, "description"u8, plain);
            }

            return;
        }

        using JoinedText description = new();
        if (tool.Description is { } own)
        {
            description.Add(RawJson.Inside(own));
        }

        using PooledBytes sentence = new(RawJson.Of(grammar.Definition).Length + 100);
        sentence.Append(Encoding.ASCII.GetBytes($"The value of \\\"input\\\" must match this {grammar.Syntax} grammar:\\n"));
        sentence.Append(RawJson.Inside(grammar.Definition));
        description.Add(sentence.Span);
        writer.WritePropertyName("description"u8);
        description.MoveTo(writer);
    }

    private static PrivatemodeRequestException TooMany() => new("tools", $"'tools' has more than {MaxTools} tools. Send fewer.");

    private static PrivatemodeRequestException HostedChoice() =>
        new("tool_choice", "'tool_choice' names a hosted tool, which the service does not offer.");

    private readonly record struct Tool
    {
        public required string ChatName { get; init; }

        public JsonElement? Description { get; init; }

        public JsonElement? Parameters { get; init; }

        public bool IsStrict { get; init; }

        public bool IsCustom { get; init; }

        public (string Syntax, JsonElement Definition)? Grammar { get; init; }
    }
}
