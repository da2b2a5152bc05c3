namespace Privatemode.AI.Responses;

/// <summary>Hosted tools: those that the service does not have. All returned names are from a fixed list, never a caller's text.</summary>
internal static class HostedTools
{
    private static readonly string[] Tools =
    [
        "web_search", "web_search_preview", "file_search", "code_interpreter", "computer", "computer_use", "computer_use_preview", "mcp", "image_generation",
        "local_shell", "shell", "apply_patch", "tool_search", "programmatic_tool_calling",
    ];

    private static readonly Dictionary<string, string> Items = new(StringComparer.Ordinal)
    {
        ["web_search_call"] = "web_search",
        ["file_search_call"] = "file_search",
        ["code_interpreter_call"] = "code_interpreter",
        ["computer_call"] = "computer",
        ["computer_call_output"] = "computer",
        ["image_generation_call"] = "image_generation",
        ["mcp_list_tools"] = "mcp",
        ["mcp_call"] = "mcp",
        ["mcp_approval_request"] = "mcp",
        ["mcp_approval_response"] = "mcp",
        ["local_shell_call"] = "local_shell",
        ["local_shell_call_output"] = "local_shell",
        ["shell_call"] = "shell",
        ["shell_call_output"] = "shell",
        ["apply_patch_call"] = "apply_patch",
        ["apply_patch_call_output"] = "apply_patch",
        ["tool_search_call"] = "tool_search",
        ["tool_search_output"] = "tool_search",
        ["additional_tools"] = "tool_search",
        ["program"] = "programmatic_tool_calling",
        ["program_output"] = "programmatic_tool_calling",
    };

    private static readonly string[] Includes =
    [
        "file_search_call.results", "web_search_call.results", "web_search_call.action.sources", "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
    ];

    /// <summary>Returns the hosted tool for a type in <c>tools</c>, which can end with a date; null for other types.</summary>
    public static string? OfTool(string type)
    {
        string name = HasDate(type) ? type[..^"_2025_03_11".Length] : type;
        return Array.Find(Tools, tool => tool == name);
    }

    /// <summary>Returns the hosted tool for the type of an item; null for other types.</summary>
    public static string? OfItem(string type) => Items.GetValueOrDefault(type);

    /// <summary>Returns whether a value of <c>include</c> concerns a hosted tool.</summary>
    public static bool IsInclude(string word) => Includes.Contains(word);

    private static bool HasDate(string type)
    {
        const string Form = "_0000_00_00";
        return type.Length > Form.Length && type[^Form.Length..].Zip(Form).All(pair => pair.Second == '_' ? pair.First == '_' : char.IsAsciiDigit(pair.First));
    }
}
