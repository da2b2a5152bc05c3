using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.Tool.CommandLine;

namespace Privatemode.Tool.Launch;

/// <summary>A change of one configuration file that can be undone.</summary>
/// <param name="path">The full path of the file.</param>
internal abstract class ConfigurationEdit(string path)
{
    public string Path => path;

    /// <summary>Whether the change contains a caller key, so that other users must not read the file.</summary>
    public bool HoldsKey { get; init; }

    /// <summary>Returns the file with the change.</summary>
    /// <param name="before">The file, or null if it does not exist.</param>
    /// <param name="undo">Receives the data that <see cref="Undo"/> needs if the file is changed in the meantime.</param>
    /// <exception cref="ToolException">The file cannot be changed safely.</exception>
    public abstract byte[] Apply(byte[]? before, JsonObject undo);

    /// <summary>Removes only what <see cref="Apply"/> wrote from a file that was changed since.</summary>
    /// <param name="now">The file.</param>
    /// <param name="undo">The data that <see cref="Apply"/> stored.</param>
    /// <param name="kept">Receives the names of members that were changed since then and are kept.</param>
    /// <returns>The file without the members that this tool wrote.</returns>
    public static byte[] Undo(byte[] now, JsonObject undo, List<string> kept) => undo["kind"]?.GetValue<string>() switch
    {
        JsonEdit.Kind => JsonEdit.UndoMembers(now, undo, kept),
        TomlEdit.Kind => TomlEdit.UndoBlocks(now, undo),
        _ => now,
    };
}

/// <summary>The text of configuration files.</summary>
internal static class ConfigurationText
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Encode(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString(Indented) + "\n");
}

/// <summary>Writes a file that belongs completely to this tool.</summary>
internal sealed class WholeFileEdit(string path, byte[] content) : ConfigurationEdit(path)
{
    public override byte[] Apply(byte[]? before, JsonObject undo)
    {
        undo["kind"] = "whole";
        return content;
    }
}

/// <summary>A member to set.</summary>
/// <param name="Path">The name of its parent, if it has one, and its own name.</param>
/// <param name="Value">Returns the new value for the previous value, or for null.</param>
internal sealed record JsonMember(string[] Path, Func<JsonNode?, JsonNode> Value)
{
    public JsonMember(string[] path, JsonNode value)
        : this(path, _ => value.DeepClone())
    {
    }
}

/// <summary>Sets members of a JSON file.</summary>
internal sealed class JsonEdit(string path, IReadOnlyList<JsonMember> members) : ConfigurationEdit(path)
{
    public const string Kind = "json";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public override byte[] Apply(byte[]? before, JsonObject undo)
    {
        JsonObject root = before is null ? [] : Parse(before, Path);
        JsonArray noted = [];
        foreach ((string[] member, Func<JsonNode?, JsonNode> valueOf) in members)
        {
            JsonObject? parent = Descend(root, member)
                ?? throw ToolException.Setup($"\"{Path}\" has a \"{member[0]}\" that is not an object. Use --print and edit it yourself.");
            bool existed = parent.TryGetPropertyValue(member[^1], out JsonNode? previous);
            JsonNode value = valueOf(previous);
            noted.Add((JsonNode)new JsonObject
            {
                ["path"] = new JsonArray([.. member.Select(name => (JsonNode)name)]),
                ["value"] = value,
                ["existed"] = existed,
                ["previous"] = previous?.DeepClone(),
            });
            parent[member[^1]] = value.DeepClone();
        }

        undo["kind"] = Kind;
        undo["members"] = noted;
        return ConfigurationText.Encode(root);
    }

    /// <summary>Removes the members that this tool wrote from a file that was changed since then. Comments are kept.</summary>
    /// <exception cref="ToolException">The file is no longer a JSON object.</exception>
    public static byte[] UndoMembers(byte[] now, JsonObject undo, List<string> kept)
    {
        bool hasMark = now.AsSpan().StartsWith("\uFEFF"u8);
        JsonMembers members = new(hasMark ? now[3..] : now);
        try
        {
            foreach (JsonObject noted in undo["members"]!.AsArray().Select(member => member!.AsObject()).Reverse())
            {
                string[] member = [.. noted["path"]!.AsArray().Select(name => name!.GetValue<string>())];
                if (!members.Undo(member, noted["value"], noted["previous"], noted["existed"]!.GetValue<bool>()))
                {
                    kept.Add(string.Join('.', member));
                }
            }
        }
        catch (JsonException exception)
        {
            throw ToolException.Setup(
                $"\"{undo["path"]}\" is not JSON any more. Nothing was changed in it. Correct it, then use --restore." +
                (undo["backup"] is { } backup ? $" As it was: {backup}" : ""),
                exception);
        }

        return hasMark ? [.. "\uFEFF"u8, .. members.Text] : members.Text;
    }

    // Members are one or two levels deep.
    private static JsonObject? Descend(JsonObject root, string[] member)
    {
        if (member.Length == 1)
        {
            return root;
        }

        if (!root.ContainsKey(member[0]))
        {
            root[member[0]] = new JsonObject();
        }

        return root[member[0]] as JsonObject;
    }

    private static JsonObject Parse(byte[] json, string path)
    {
        try
        {
            return JsonNode.Parse(json.AsSpan().StartsWith("\uFEFF"u8) ? json.AsSpan(3) : json, documentOptions: Strict) as JsonObject
                ?? throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw ToolException.Setup($"\"{path}\" is not plain JSON (it may have comments). Use --print and edit it yourself.", exception);
        }
    }
}

/// <summary>
/// Writes keys at the top of a TOML file, and a table at its end. There are two blocks because root keys must come before the first table. The file is edited
/// line by line, so that comments and order are kept.
/// </summary>
internal sealed class TomlEdit(
    string path, IReadOnlyList<(string Key, string Value)> rootKeys, string table, IReadOnlyList<(string Key, string Value)> tableKeys, string alsoDisabled)
    : ConfigurationEdit(path)
{
    public const string Kind = "toml";

    private const string Begin = "# >>> privatemode launch (undo: privatemode launch codex --restore)", End = "# <<< privatemode launch";

    // Before a line of the user that our key replaces.
    private const string Disabled = "#privatemode# ";

    public static string Text(string value) => $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    public override byte[] Apply(byte[]? before, JsonObject undo)
    {
        (string text, bool hasMark, string end) = Read(before ?? []);
        List<string> lines = [.. text.Split('\n')];
        DisableRootKeys(lines);
        if (Defines(lines, table))
        {
            throw Unsafe($"table [{table}]");
        }

        StringBuilder result = new();
        _ = result.Append(Block(rootKeys.Select(key => $"{key.Key} = {key.Value}"), end)).AppendJoin('\n', lines);
        if (result.Length > 0 && !result.ToString().EndsWith('\n'))
        {
            _ = result.Append(end);
        }

        _ = result.Append(Block([$"[{table}]", .. tableKeys.Select(key => $"{key.Key} = {key.Value}")], end));
        undo["kind"] = Kind;
        undo["keys"] = new JsonArray([.. rootKeys.Select(key => (JsonNode)key.Key)]);
        undo["table"] = table;
        return Encode(result.ToString(), hasMark);
    }

    /// <summary>Removes the keys and the table that this tool wrote. Codex can write its own keys and tables between the markers of this tool, because it keeps
    /// comments at the end of a file last.
    /// </summary>
    public static byte[] UndoBlocks(byte[] now, JsonObject undo)
    {
        (string text, bool hasMark, _) = Read(now);
        HashSet<string> keys = [.. undo["keys"]!.AsArray().Select(key => key!.GetValue<string>())];
        string table = undo["table"]!.GetValue<string>();
        List<string> lines = [];
        bool isBlock = false;
        string? head = null;
        foreach (string line in text.Split('\n'))
        {
            if (line.TrimEnd('\r') is Begin or End)
            {
                (isBlock, head) = (line.TrimEnd('\r') == Begin, null);
                continue;
            }

            head = isBlock && IsTableHead(line) ? NameOf(line) : head;
            bool isOurs = head is null ? keys.Contains(KeyOf(line)) : head == table || head.StartsWith($"{table}.", StringComparison.Ordinal);
            if (!isBlock || !isOurs || line.StartsWith('#'))
            {
                lines.Add(line.StartsWith(Disabled, StringComparison.Ordinal) ? line[Disabled.Length..] : line);
            }
        }

        return Encode(string.Join('\n', lines), hasMark);
    }

    private void DisableRootKeys(List<string> lines)
    {
        HashSet<string> ours = [.. rootKeys.Select(key => key.Key), alsoDisabled];
        for (int i = 0; i < lines.Count && !IsTableHead(lines[i]); i++)
        {
            int equals = lines[i].IndexOf('=', StringComparison.Ordinal);
            string key = KeyOf(lines[i]);
            string value = equals < 0 ? "" : lines[i][(equals + 1)..].Trim();
            if (value.Contains("\"\"\"", StringComparison.Ordinal) || value.Contains("'''", StringComparison.Ordinal) ||
                (value.StartsWith('[') && !value.Contains(']', StringComparison.Ordinal)))
            {
                // A value of several lines could contain what looks like a key.
                throw Unsafe($"value of \"{key}\" with several lines before the first table");
            }

            if (ours.Contains(key))
            {
                lines[i] = Disabled + lines[i];
            }
        }
    }

    /// <summary>Returns whether a key is before the first table. Comments do not count.</summary>
    public static bool HasRootKey(byte[] file, string key) => Read(file).Text.Split('\n').TakeWhile(line => !IsTableHead(line)).Any(line => KeyOf(line) == key);

    private static bool IsTableHead(string line) => line.TrimStart().StartsWith('[');

    /// <summary>Returns the name of a table from its header.</summary>
    private static string NameOf(string line) => Bare(line).TrimStart('[').Split(']')[0];

    private static string Bare(string line) => string.Concat(line.Where(character => !char.IsWhiteSpace(character) && character is not ('"' or '\'')));

    private static string KeyOf(string line) => line.IndexOf('=', StringComparison.Ordinal) is >= 0 and int equals ? line[..equals].Trim().Trim('"', '\'') : "";

    private ToolException Unsafe(string what) =>
        ToolException.Setup($"\"{Path}\" has a {what} that this command cannot change safely. Use --print and edit it yourself.");

    // As a table of its own, by dotted keys, or as a member of an inline table.
    private static bool Defines(List<string> lines, string table)
    {
        string current = "";
        foreach (string line in lines)
        {
            string bare = Bare(line);
            bool isHead = IsTableHead(line);
            string path = isHead ? NameOf(line) : $"{current}{bare.Split('=')[0]}";
            bool isInlineTable = !isHead && bare.Contains('=', StringComparison.Ordinal) && table.StartsWith($"{path}.", StringComparison.Ordinal);
            if (path == table || path.StartsWith($"{table}.", StringComparison.Ordinal) || isInlineTable)
            {
                return true;
            }

            current = isHead ? $"{path}." : current;
        }

        return false;
    }

    private static string Block(IEnumerable<string> lines, string end) => string.Concat(((string[])[Begin, .. lines, End]).Select(line => line + end));

    private static (string Text, bool HasMark, string End) Read(byte[] file)
    {
        bool hasMark = file.AsSpan().StartsWith("\uFEFF"u8);
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(file.AsSpan(hasMark ? 3 : 0));
            return (text, hasMark, text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n");
        }
        catch (ArgumentException exception)
        {
            throw ToolException.Setup("The configuration is not UTF-8 text.", exception);
        }
    }

    private static byte[] Encode(string text, bool hasMark) => [.. hasMark ? "\uFEFF"u8 : [], .. Encoding.UTF8.GetBytes(text)];
}
