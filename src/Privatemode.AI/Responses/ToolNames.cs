using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Responses;

/// <summary>Assigns names in the chat to the tools of one request, because a chat has no namespaces, and its names have at most 64 letters, digits, underscores
/// and dashes.</summary>
internal sealed class ToolNames
{
    private const int MaxChatNameLength = 64;
    private const int DigestCharacters = 8;
    private const int MaxPrefixLength = MaxChatNameLength - DigestCharacters - 1;

    private readonly Dictionary<string, ToolName> _tools = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, string Name), string> _chatNames = [];

    /// <summary>The tools by their names in the chat.</summary>
    public IReadOnlyDictionary<string, ToolName> Tools => _tools;

    /// <summary>Adds a tool.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="chatName">Its name in the chat, which no other tool of this request has.</param>
    /// <returns>False if the request already has a tool with this name.</returns>
    public bool TryAdd(ToolName tool, out string chatName)
    {
        (string, string) key = (tool.Namespace ?? "", tool.Name);
        chatName = Flatten(tool.Namespace, tool.Name);
        if (_chatNames.ContainsKey(key))
        {
            return false;
        }

        if (_tools.ContainsKey(chatName))
        {
            chatName = Shorten(tool.Namespace, tool.Name);
        }

        _chatNames.Add(key, chatName);
        return _tools.TryAdd(chatName, tool);
    }

    /// <summary>Returns the name in the chat of a tool. The request need not contain the tool, because a call in the history can be a call of a former
    /// tool.</summary>
    public string ChatNameOf(string? ns, string name) => FindChatName(ns, name) ?? Flatten(ns, name);

    /// <summary>Returns the name in the chat of a tool of this request, or null.</summary>
    public string? FindChatName(string? ns, string name) => _chatNames.GetValueOrDefault((ns ?? "", name));

    private static string Flatten(string? ns, string name)
    {
        string flat = Join(ns, name);
        return flat.Length <= MaxChatNameLength && flat.All(IsPlain) ? flat : Shorten(ns, name);
    }

    private static string Shorten(string? ns, string name)
    {
        byte[] digest = SHA256.HashData([.. Encoding.UTF8.GetBytes(ns ?? ""), 0, .. Encoding.UTF8.GetBytes(name)]);
        string prefix = string.Concat(Join(ns, name).Take(MaxPrefixLength).Select(character => IsPlain(character) ? character : '_'));
        return $"{prefix}_{Convert.ToHexStringLower(digest)[..DigestCharacters]}";
    }

    private static string Join(string? ns, string name) => string.IsNullOrEmpty(ns) ? name : $"{ns}__{name}";

    private static bool IsPlain(char character) => char.IsAsciiLetterOrDigit(character) || character is '_' or '-';
}
