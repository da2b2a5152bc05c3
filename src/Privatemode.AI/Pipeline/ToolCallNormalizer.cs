using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>Fills in what some model servers leave out of tool calls and OpenAI's parser or a reader needs: type, id, index.</summary>
/// <remarks>One instance per answer: it remembers which calls of which choice have begun.</remarks>
internal sealed class ToolCallNormalizer
{
    private readonly Dictionary<(int Choice, int Call), string> _begun = [];

    /// <summary>Puts the tool calls of <c>choices[*].<paramref name="carrier"/></c> right, if there are any.</summary>
    /// <param name="opened">The answer, or an event of it.</param>
    /// <param name="carrier"><c>message</c> in a whole answer, <c>delta</c> in an event.</param>
    public void Normalize(OpenedDocument opened, ReadOnlySpan<byte> carrier)
    {
        if (!opened.TryGet("choices"u8, out ReadOnlySpan<byte> choices, out _) || choices.IndexOf("\"tool_calls\""u8) < 0)
        {
            return;
        }

        try
        {
            Utf8JsonReader reader = new(choices, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
            if (JsonNode.Parse(ref reader) is JsonArray array && Normalize(array, Encoding.UTF8.GetString(carrier)))
            {
                ArrayBufferWriter<byte> buffer = new(choices.Length + 64);
                using (Utf8JsonWriter writer = new(buffer))
                {
                    array.WriteTo(writer);
                }

                opened.Replace("choices"u8, buffer.WrittenSpan);
            }
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // Two members of one name, or text that is none: left as it is for the client's own parser to judge.
        }
    }

    private bool Normalize(JsonArray choices, string carrier)
    {
        bool changed = false;
        for (int i = 0; i < choices.Count; i++)
        {
            if (choices[i] is JsonObject choice && choice[carrier] is JsonObject message && message["tool_calls"] is JsonArray calls)
            {
                int index = IntOf(choice["index"]) ?? i;
                foreach (JsonObject call in calls.OfType<JsonObject>())
                {
                    changed |= Normalize(call, index, carrier == "delta");
                }
            }
        }

        return changed;
    }

    private bool Normalize(JsonObject call, int choice, bool isFragment)
    {
        bool changed = false;
        string? id = TextOf(call["id"]);
        int? index = IntOf(call["index"]);
        if (index is null)
        {
            index = IndexWithoutNumber(choice, id, isFragment);
            if (isFragment)
            {
                call["index"] = index;
                changed = true;
            }
        }

        bool begins = _begun.TryAdd((choice, index.Value), id ?? "");
        if (id is null && begins)
        {
            call["id"] = NewId();
            changed = true;
        }
        else if (id is null && call.ContainsKey("id"))
        {
            changed |= call.Remove("id");
        }

        if (TextOf(call["type"]) is null && (begins || call.ContainsKey("type")))
        {
            call["type"] = "function";
            changed = true;
        }

        return changed;
    }

    /// <summary>A call without an index: a new one if it carries a new id or nothing has begun, else the one begun last.</summary>
    private int IndexWithoutNumber(int choice, string? id, bool isFragment)
    {
        int count = _begun.Keys.Count(key => key.Choice == choice);
        bool isNew = !isFragment || count == 0 || (id is not null && !_begun.ContainsValue(id));
        if (isNew)
        {
            return count;
        }

        return id is null ? count - 1 : _begun.First(pair => pair.Key.Choice == choice && pair.Value == id).Key.Call;
    }

    private static string NewId() => "call_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    private static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;

    private static int? IntOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;
}
