using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.Tool.Launch;

/// <summary>Removes and replaces members in the text of a JSON file, so that its comments and its layout are kept.</summary>
/// <param name="text">The file, without a byte order mark.</param>
internal sealed class JsonMembers(byte[] text)
{
    private static readonly JsonReaderOptions Reading = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private static readonly JsonDocumentOptions Parsing = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file with the changes so far.</summary>
    public byte[] Text { get; private set; } = text;

    /// <summary>Undoes one member wherever it still has the value that this tool wrote.</summary>
    /// <param name="path">The names of the member and of the object around it: one or two.</param>
    /// <param name="ours">The value that this program wrote.</param>
    /// <param name="before">The value before.</param>
    /// <param name="existed">Whether the member existed before.</param>
    /// <returns>False if the member has another value, which stays.</returns>
    /// <exception cref="JsonException">The file is not a JSON object.</exception>
    public bool Undo(string[] path, JsonNode? ours, JsonNode? before, bool existed)
    {
        bool isOurs = true, isRemoved = false;
        foreach (Member member in Enumerable.Reverse(Find(path)))
        {
            if (!JsonNode.DeepEquals(JsonNode.Parse(Text.AsSpan(member.Value, member.End - member.Value), documentOptions: Parsing), ours))
            {
                isOurs = false;
            }
            else if (existed)
            {
                Replace(member.Value, member.End, TextOf(before, member.Name));
            }
            else
            {
                Remove(member);
                isRemoved = true;
            }
        }

        if (isRemoved && path.Length > 1)
        {
            RemoveIfEmpty(path[0]);
        }

        return isOurs;
    }

    // An object that is empty now was made for our members. With a comment in it, it stays.
    private void RemoveIfEmpty(string name)
    {
        foreach (Member member in Enumerable.Reverse(Find([name])))
        {
            ReadOnlySpan<byte> value = Text.AsSpan(member.Value, member.End - member.Value);
            if (value is [(byte)'{', .. ReadOnlySpan<byte> inside, (byte)'}'] && inside.Trim(" \t\r\n"u8).IsEmpty)
            {
                Remove(member);
            }
        }
    }

    /// <summary>The position of a member: its name, its value, its end, and the end of the preceding member in the same object.</summary>
    private readonly record struct Member(int Name, int Value, int End, int? EndBefore);

    private List<Member> Find(string[] path)
    {
        Utf8JsonReader reader = new(Text, Reading);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException();
        }

        List<Member> found = [];
        Find(ref reader, path, found);

        // To the end: what stands behind the object must be readable too.
        while (reader.Read())
        {
        }

        return found;
    }

    private static void Find(ref Utf8JsonReader reader, ReadOnlySpan<string> path, List<Member> found)
    {
        int? endBefore = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            int name = (int)reader.TokenStartIndex;
            bool isNamed = reader.ValueTextEquals(path[0]);
            _ = reader.Read();
            int value = (int)reader.TokenStartIndex;
            if (isNamed && path.Length > 1 && reader.TokenType == JsonTokenType.StartObject)
            {
                Find(ref reader, path[1..], found);
            }
            else
            {
                reader.Skip();
                if (isNamed && path.Length == 1)
                {
                    found.Add(new Member(name, value, (int)reader.BytesConsumed, endBefore));
                }
            }

            endBefore = (int)reader.BytesConsumed;
        }
    }

    private void Remove(Member member)
    {
        int comma = CommaBehind(member.End);
        int end = member.End;
        if (comma >= 0)
        {
            // A comment may stand between the value and its comma.
            Replace(comma, comma + 1, "");
        }
        else if (member.EndBefore is { } before && CommaBehind(before) is >= 0 and int commaBefore)
        {
            Replace(commaBefore, commaBefore + 1, "");
            end--;
            member = member with { Name = member.Name - 1 };
        }

        // The whole line, if nothing else is in it.
        int start = member.Name, lineEnd = end;
        while (start > 0 && Text[start - 1] is (byte)' ' or (byte)'\t')
        {
            start--;
        }

        while (lineEnd < Text.Length && Text[lineEnd] is (byte)' ' or (byte)'\t' or (byte)'\r')
        {
            lineEnd++;
        }

        bool isLine = start > 0 && Text[start - 1] == '\n' && lineEnd < Text.Length && Text[lineEnd] == '\n';
        Replace(isLine ? start : member.Name, isLine ? lineEnd + 1 : end, "");
    }

    // Returns -1 if it is missing. White space and comments can stand before it.
    private int CommaBehind(int position)
    {
        for (int i = position; i < Text.Length; i++)
        {
            ReadOnlySpan<byte> rest = Text.AsSpan(i);
            if (rest.StartsWith("//"u8) || rest.StartsWith("/*"u8))
            {
                int length = rest[1] == '/' ? rest.IndexOf((byte)'\n') : rest[2..].IndexOf("*/"u8) + 3;
                if (length < 0)
                {
                    return -1;
                }

                i += length;
            }
            else if (rest[0] == ',')
            {
                return i;
            }
            else if (!(rest[0] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'))
            {
                return -1;
            }
        }

        return -1;
    }

    // With the line ends and the indentation of the place where it goes.
    private string TextOf(JsonNode? value, int name)
    {
        string json = value?.ToJsonString(Indented) ?? "null";
        int line = Text.AsSpan(0, name).LastIndexOf((byte)'\n') + 1;
        int indentation = Text.AsSpan(line, name - line).IndexOfAnyExcept((byte)' ', (byte)'\t') is >= 0 and int length ? length : name - line;
        string end = line > 1 && Text[line - 2] == '\r' ? "\r\n" : "\n";
        return json.ReplaceLineEndings(end + Encoding.UTF8.GetString(Text, line, indentation));
    }

    private void Replace(int start, int end, string with) => Text = [.. Text.AsSpan(0, start), .. Encoding.UTF8.GetBytes(with), .. Text.AsSpan(end)];
}
