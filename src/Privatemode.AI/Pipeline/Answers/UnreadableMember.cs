using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Finds the member that makes an answer unreadable for a client. The exceptions of the OpenAI client do not name it.</summary>
/// <remarks>The answer is read again without each member in turn. Names are content too: only plain ones are reported, and values never are.</remarks>
internal sealed class UnreadableMember
{
    /// <summary>Longest answer that is searched, in bytes.</summary>
    public const int LongestAnswer = 64 * 1024;

    // Each takes as long as reading the answer.
    private const int MostReads = 300;
    private const int LongestName = 64;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    private readonly Action<BinaryData> _read;
    private readonly JsonNode _root;
    private int _reads;

    private UnreadableMember(Action<BinaryData> read, JsonNode root) => (_read, _root) = (read, root);

    /// <summary>The JSON path of the member, such as <c>choices[0].message.role</c>; null when no single member is the cause.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="read">Reads an answer, and throws if it cannot.</param>
    public static string? Find(ReadOnlySpan<byte> answer, Action<BinaryData> read)
    {
        if (answer.Length > LongestAnswer)
        {
            return null;
        }

        try
        {
            UnreadableMember search = new(read, JsonNode.Parse(answer) ?? new JsonObject());
            StringBuilder path = new();
            if (!search.IsReadable())
            {
                search.Descend(search._root, path);
            }

            return path.Length > 0 ? path.ToString() : null;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // Two members of one name, or text that cannot be written again.
            return null;
        }
    }

    private void Descend(JsonNode? node, StringBuilder path)
    {
        switch (node)
        {
            case JsonObject parent:
                foreach ((string name, JsonNode? child) in parent.ToArray())
                {
                    bool isPlain = name.Length is > 0 and <= LongestName && !name.AsSpan().ContainsAnyExcept(NameCharacters);
                    if (isPlain && IsReadableWithout(() => parent.Remove(name), () => parent[name] = child))
                    {
                        _ = path.Append(path.Length > 0 ? "." : "").Append(name);
                        Descend(child, path);
                        return;
                    }
                }

                break;
            case JsonArray parent:
                for (int i = 0; i < parent.Count; i++)
                {
                    (int index, JsonNode? child) = (i, parent[i]);
                    if (IsReadableWithout(() => parent.RemoveAt(index), () => parent.Insert(index, child)))
                    {
                        _ = path.Append('[').Append(index).Append(']');
                        Descend(child, path);
                        return;
                    }
                }

                break;
        }
    }

    private bool IsReadableWithout(Action remove, Action restore)
    {
        remove();
        try
        {
            return IsReadable();
        }
        finally
        {
            restore();
        }
    }

    private bool IsReadable()
    {
        if (_reads++ >= MostReads)
        {
            return false;
        }

        try
        {
            _read(BinaryData.FromString(_root.ToJsonString()));
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }
}
