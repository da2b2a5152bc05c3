using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Writes messages in Anthropic's format, before they are encrypted.</summary>
internal sealed class MessageWriter(ModelRequest request, ScriptedAnswer answer)
{
    /// <summary>The event that ends a stream. Nothing in it is encrypted.</summary>
    public const string EndMark = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

    private string StopReason => answer.FinishReason switch
    {
        "stop" => "end_turn",
        "tool_calls" => "tool_use",
        "length" => "max_tokens",
        string other => other,
    };

    private ScriptedUsage Usage => answer.Usage ?? new ScriptedUsage(
        Math.Max(1, request.Root.GetRawText().Length / 4), Math.Max(1, (answer.Content.Length + answer.Reasoning.Length) / 4), 0, 0);

    /// <summary>Returns the whole answer.</summary>
    public string Whole() => answer.WholeDocument ?? Message(new JsonArray([.. Blocks().Select(block => (JsonNode)block.Whole)]), StopReason).ToJsonString();

    /// <summary>Returns the events of a streamed answer, without the event that ends it.</summary>
    public IReadOnlyList<string> Events()
    {
        if (answer.Events is not null)
        {
            return answer.Events;
        }

        List<JsonObject> events =
        [
            new() { ["type"] = "message_start", ["message"] = Message([], null) },
            new() { ["type"] = "ping" },
        ];
        int index = 0;
        foreach (Block block in Blocks())
        {
            events.Add(new JsonObject { ["type"] = "content_block_start", ["index"] = index, ["content_block"] = block.Start });
            events.AddRange(block.Deltas.Select(delta => new JsonObject { ["type"] = "content_block_delta", ["index"] = index, ["delta"] = delta }));
            events.Add(new JsonObject { ["type"] = "content_block_stop", ["index"] = index });
            index++;
        }

        events.Add(new JsonObject
        {
            ["type"] = "message_delta",
            ["delta"] = new JsonObject { ["stop_reason"] = StopReason, ["stop_sequence"] = null },
            ["usage"] = new JsonObject { ["output_tokens"] = Usage.Output },
        });
        return [.. events.Select(document => document.ToJsonString())];
    }

    /// <summary>Returns an error, as a whole answer or as an event.</summary>
    public static string Error(string type, string message) =>
        new JsonObject { ["type"] = "error", ["error"] = new JsonObject { ["type"] = type, ["message"] = message } }.ToJsonString();

    /// <summary>Returns the name of an event, which is its type.</summary>
    public static string NameOf(string document)
    {
        const string Begin = "{\"type\":\"";
        return document.StartsWith(Begin, StringComparison.Ordinal)
            ? document[Begin.Length..document.IndexOf('"', Begin.Length)]
            : "error";
    }

    private JsonObject Message(JsonArray content, string? stopReason) => new()
    {
        ["id"] = $"msg_{Guid.NewGuid():N}",
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = request.Model,
        ["content"] = content,
        ["stop_reason"] = stopReason,
        ["stop_sequence"] = null,
        ["usage"] = new JsonObject { ["input_tokens"] = Usage.Input, ["output_tokens"] = Usage.Output, ["cache_read_input_tokens"] = Usage.Cached },
    };

    private IEnumerable<Block> Blocks()
    {
        if (answer.Reasoning.Length > 0)
        {
            yield return new Block(
                new JsonObject { ["type"] = "thinking", ["thinking"] = answer.Reasoning, ["signature"] = "" },
                new JsonObject { ["type"] = "thinking", ["thinking"] = "", ["signature"] = "" },
                Deltas(answer.Reasoning, "thinking_delta", "thinking"));
        }

        if (answer.Content.Length > 0)
        {
            yield return new Block(
                new JsonObject { ["type"] = "text", ["text"] = answer.Content },
                new JsonObject { ["type"] = "text", ["text"] = "" },
                Deltas(answer.Content, "text_delta", "text"));
        }

        foreach (ScriptedToolCall call in answer.ToolCalls)
        {
            string half = call.Arguments[..(call.Arguments.Length / 2)];
            yield return new Block(
                new JsonObject { ["type"] = "tool_use", ["id"] = call.Id, ["name"] = call.Name, ["input"] = JsonNode.Parse(call.Arguments) },
                new JsonObject { ["type"] = "tool_use", ["id"] = call.Id, ["name"] = call.Name, ["input"] = new JsonObject() },
                ((string[])[half, call.Arguments[half.Length..]]).Select(piece => Delta("input_json_delta", "partial_json", piece)));
        }
    }

    private static IEnumerable<JsonObject> Deltas(string text, string type, string member) =>
        CompletionWriter.Pieces(text).Select(piece => Delta(type, member, piece));

    private static JsonObject Delta(string type, string member, string piece) => new() { ["type"] = type, [member] = piece };

    private sealed record Block(JsonObject Whole, JsonObject Start, IEnumerable<JsonObject> Deltas);
}
