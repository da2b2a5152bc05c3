using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Responses;

/// <summary>The tools of one request: chats have no namespaces, and names have at most 64 plain characters.</summary>
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
    /// <returns>False if there is a tool of that name already.</returns>
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

    /// <summary>The name in the chat of a tool, even of one that this request does not have: a call in the history may be of such a tool.</summary>
    public string ChatNameOf(string? ns, string name) => FindChatName(ns, name) ?? Flatten(ns, name);

    /// <summary>The name in the chat of a tool of this request.</summary>
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
