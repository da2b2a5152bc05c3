using System.Text;
using System.Text.Json;
using Privatemode.AI.Fuzz.Corpus;
using Privatemode.AI.Responses;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Whole answers of a chat, which become responses: whatever a model server writes, it is refused, or becomes a response in which every call can be
/// run and no two items have the same ID.</summary>
internal static class WholeResponseTarget
{
    public static FuzzTarget Create() => new("response-whole", [.. Seeds()]) { Largest = 256 * 1024 };

    private static IEnumerable<FuzzSeed> Seeds() => CorpusFiles.OwnJson("responses/answers-whole.json").EnumerateArray().Select(vector =>
    {
        string usage = vector.TryGetProperty("usage", out JsonElement counts) ? counts.GetRawText() : "null";
        string chat = $$"""{"choices":[{{vector.GetProperty("choice").GetRawText()}}],"usage":{{usage}}}""";
        return new FuzzSeed(vector.GetProperty("name").GetString()!, [Encoding.UTF8.GetBytes(chat)], parts => Translate(parts[0]));
    });

    private static bool Translate(byte[] completion)
    {
        // What is decrypted is JSON in valid UTF-8: the decryption refuses all else.
        if (!IsJson(completion))
        {
            return false;
        }

        using ResponsesCall call = ResponseEventsTarget.NewCall();
        try
        {
            using MemoryStream response = WholeResponse.Translate(completion, call);
            Check(response.ToArray());
            return true;
        }
        catch (PrivatemodeServiceException)
        {
            return false;
        }
    }

    private static bool IsJson(byte[] text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 256 });
            return System.Text.Unicode.Utf8.IsValid(text);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void Check(byte[] response)
    {
        using JsonDocument document = JsonDocument.Parse(response, new JsonDocumentOptions { MaxDepth = 512 });
        JsonElement root = document.RootElement;
        Expect(!root.GetProperty("store").GetBoolean(), "nothing is stored");
        Expect(root.GetProperty("status").GetString() is "completed" or "incomplete", "there is an end");
        HashSet<string> ids = [];
        foreach (JsonElement item in root.GetProperty("output").EnumerateArray())
        {
            Expect(ids.Add(item.GetProperty("id").GetString()!), "each item has an ID of its own");
            switch (item.GetProperty("type").GetString())
            {
                case "function_call":
                    using (JsonDocument arguments = JsonDocument.Parse(
                        item.GetProperty("arguments").GetString()!, new JsonDocumentOptions { AllowDuplicateProperties = false }))
                    {
                        Expect(arguments.RootElement.ValueKind == JsonValueKind.Object, "arguments are an object");
                    }

                    CheckCall(item, ids);
                    break;
                case "custom_tool_call":
                    Expect(item.GetProperty("input").ValueKind == JsonValueKind.String, "the input is text");
                    CheckCall(item, ids);
                    break;
            }
        }
    }

    private static void CheckCall(JsonElement item, HashSet<string> ids)
    {
        string id = item.GetProperty("call_id").GetString()!;
        Expect(item.GetProperty("status").ValueEquals("completed"), "each call is whole");
        Expect(id.Length > 0 && ids.Add($"call {id}") && item.GetProperty("name").GetString()!.Length > 0, "each call has an ID of its own, and a name");
    }

    private static void Expect(bool isTrue, string what)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException($"Not so: {what}.");
        }
    }
}
