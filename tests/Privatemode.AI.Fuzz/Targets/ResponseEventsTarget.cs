using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Fuzz.Corpus;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Responses;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Events of a chat, which become those of a response: whatever a model server writes, numbers grow by one, items begin before they go on and end
/// once, no call is done before the end is authentic, and nothing follows the end.</summary>
internal static class ResponseEventsTarget
{
    private static readonly PrivatemodeIntegrityException Cut = new("truncated-stream", "Cut.");

    public static FuzzTarget Create() => new("response-events", [.. Seeds()]) { Largest = 256 * 1024 };

    private static IEnumerable<FuzzSeed> Seeds()
    {
        foreach (string file in (string[])["answer-streams.json", "answer-streams-more.json"])
        {
            foreach (JsonElement vector in CorpusFiles.OwnJson($"responses/{file}").EnumerateArray())
            {
                byte[][] parts = [.. vector.GetProperty("chat").EnumerateArray()
                    .Where(one => one.ValueKind == JsonValueKind.Object && one.TryGetProperty("delta", out _)).Select(Event)];
                if (parts.Length > 0)
                {
                    yield return new FuzzSeed(vector.GetProperty("name").GetString()!, parts, Translate);
                }
            }
        }
    }

    private static byte[] Event(JsonElement one)
    {
        string finish = one.TryGetProperty("finish", out JsonElement reason) ? reason.GetRawText() : "null";
        string logprobs = one.TryGetProperty("logprobs", out JsonElement probabilities) ? probabilities.GetRawText() : "null";
        string usage = one.TryGetProperty("usage", out JsonElement counts) ? counts.GetRawText() : "null";
        return Encoding.UTF8.GetBytes(
            $$"""{"choices":[{"delta":{{one.GetProperty("delta").GetRawText()}},"logprobs":{{logprobs}},"finish_reason":{{finish}}}],"usage":{{usage}}}""");
    }

    private static bool Translate(byte[][] parts)
    {
        bool isAccepted = true;
        foreach (bool isCut in (bool[])[false, true])
        {
            using ResponsesCall call = NewCall();
            using ResponseEvents events = new(call);
            using PooledBytes output = new(1024);
            PrivatemodeException? failure = null;
            for (int i = 0; i < parts.Length && failure is null; i++)
            {
                try
                {
                    events.Translate(parts[i], output);
                }
                catch (PrivatemodeServiceException exception)
                {
                    failure = exception;
                    events.Fail(exception, output);
                }
            }

            int beforeEnd = output.Length;
            failure ??= isCut ? Cut : events.Complete(output);
            events.Fail(failure ?? Cut, output);
            events.Fail(Cut, output);
            Check(Encoding.UTF8.GetString(output.Span), Encoding.UTF8.GetString(output.Span[..beforeEnd]), failure is null);
            isAccepted &= isCut || failure is null;
        }

        return isAccepted;
    }

    public static ResponsesCall NewCall()
    {
        ResponsesCall call = new(new ResponsesCaller("key"), TimeProvider.System)
        {
            WantsLogprobs = true,
            EncryptReasoning = text => "blob"u8.ToArray(),
            Tools = new Dictionary<string, ToolName> { ["apply_patch"] = new(true, null, "apply_patch"), ["f"] = new(false, "n", "f") },
        };
        call.Attach(new EncryptedCall { Rule = EndpointRules.ChatCompletions, RequestId = "sdk_0", Model = "m" });
        return call;
    }

    private static void Check(string stream, string beforeEnd, bool isWhole)
    {
        int number = 0;
        string last = "";
        Dictionary<int, string> items = [];
        foreach (string text in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = text.Split('\n');
            using JsonDocument document = JsonDocument.Parse(lines[1]["data: ".Length..], new JsonDocumentOptions { MaxDepth = 512 });
            JsonElement data = document.RootElement;
            string type = data.GetProperty("type").GetString()!;
            Expect(lines.Length == 2 && lines[0] == $"event: {type}", "the form of an event");
            Expect(data.GetProperty("sequence_number").GetInt32() == number++, "numbers grow by one");
            Expect(!data.GetProperty("store").GetBoolean(), "nothing is stored");
            Expect(last is not ("response.completed" or "response.incomplete" or "response.failed"), "nothing follows the end");
            if (data.TryGetProperty("output_index", out JsonElement at))
            {
                string before = items.GetValueOrDefault(at.GetInt32(), "");
                Expect(before == (type == "response.output_item.added" ? "" : "open"), "an item begins, goes on and ends once");
                items[at.GetInt32()] = type == "response.output_item.done" ? "done" : "open";
            }

            last = type;
        }

        Expect(last == (isWhole ? last : "response.failed") && last is "response.completed" or "response.incomplete" or "response.failed", "there is an end");
        Expect(!beforeEnd.Contains("event: response.function_call_arguments.done", StringComparison.Ordinal), "no call is done before the end");
        Expect(!beforeEnd.Contains("event: response.custom_tool_call_input", StringComparison.Ordinal), "no text of a call is written before the end");
        Expect(
            !beforeEnd.Split("\n\n").Any(one => one.StartsWith("event: response.output_item.done", StringComparison.Ordinal)
                && one.Contains("\"call_id\":", StringComparison.Ordinal) && !one.Contains("_text\"", StringComparison.Ordinal)),
            "no call is done before the end");
    }

    private static void Expect(bool isTrue, string what)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException($"Not so: {what}.");
        }
    }
}
