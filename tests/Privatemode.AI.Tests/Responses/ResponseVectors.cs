using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Responses;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Responses;

/// <summary>Reads the vectors about answers: short forms in them stand for whole items, ids and times.</summary>
internal static class ResponseVectors
{
    public const string RequestId = "sdk_00112233-4455-7667-8899-aabbccddeeff";

    private const string Digits = "00112233445576678899aabbccddeeff";

    private static readonly DateTimeOffset Time = DateTimeOffset.UnixEpoch.AddSeconds(1_795_000_000);

    public static string Base { get; } = VectorFiles.Own("responses/answer-base.json").GetRawText();

    /// <summary>The cases of some files, by their names.</summary>
    public static IReadOnlyDictionary<string, JsonElement> Read(params string[] files) => files
        .SelectMany(file => VectorFiles.Own($"responses/{file}").EnumerateArray()).ToDictionary(one => one.GetProperty("name").GetString()!);

    /// <summary>The call that a case is about.</summary>
    public static ResponsesCall NewCall(JsonElement vector, ResponseProgress? progress = null)
    {
        ResponsesCall call = new(new ResponsesCaller("key") { Progress = progress }, new ManualTimeProvider(Time));
        if (vector.ValueKind == JsonValueKind.Object && vector.TryGetProperty("call", out JsonElement form))
        {
            call.WantsLogprobs = form.TryGetProperty("logprobs", out _);
            call.EncryptReasoning = form.TryGetProperty("encryptsReasoning", out _)
                ? text => Encoding.UTF8.GetBytes($"blob({Encoding.UTF8.GetString(text)})")
                : null;
            if (form.TryGetProperty("tools", out JsonElement tools))
            {
                call.Tools = tools.EnumerateObject().ToDictionary(tool => tool.Name, tool => new ToolName(
                    tool.Value.TryGetProperty("custom", out _),
                    tool.Value.TryGetProperty("namespace", out JsonElement space) ? space.GetString() : null,
                    tool.Value.GetProperty("name").GetString()!));
            }

            foreach (JsonProperty member in form.TryGetProperty("echo", out JsonElement echo) ? echo.EnumerateObject() : default)
            {
                call.Echo.Add(member.Name, Encoding.UTF8.GetBytes(member.Value.GetRawText()));
            }
        }

        call.Attach(new EncryptedCall { Rule = EndpointRules.ChatCompletions, RequestId = RequestId, Model = "gpt-oss-120b" });
        return call;
    }

    /// <summary>A response: the members of the case, and those that every response has.</summary>
    public static JsonNode Response(JsonNode? overlay, string? status = null)
    {
        JsonObject response = JsonNode.Parse(Base)!.AsObject();
        if (status is not null)
        {
            response["status"] = status;
            response["completed_at"] = status is "completed" or "incomplete" ? "<time>" : null;
        }

        foreach ((string name, JsonNode? value) in overlay as JsonObject ?? [])
        {
            response[name] = value?.DeepClone();
        }

        return Expand(response)!;
    }

    /// <summary>An event: an object, or its type and what it has beside the number and <c>store</c>.</summary>
    public static JsonNode Event(JsonNode expected, int number)
    {
        JsonObject whole;
        if (expected is JsonArray { Count: > 0 } parts)
        {
            whole = new JsonObject { ["type"] = $"response.{parts[0]!.GetValue<string>()}", ["sequence_number"] = number, ["store"] = false };
            foreach ((string name, JsonNode? value) in parts.Count > 1 ? parts[1]!.AsObject() : [])
            {
                whole[name] = value?.DeepClone();
            }
        }
        else
        {
            whole = expected.DeepClone().AsObject();
        }

        string type = whole["type"]!.GetValue<string>()["response.".Length..];
        if (type is "created" or "in_progress" or "completed" or "incomplete" or "failed")
        {
            whole["response"] = Response(whole["response"], type == "created" ? "in_progress" : type);
        }

        return Expand(whole)!;
    }

    /// <summary>The events of a stream, each checked for its form.</summary>
    public static JsonNode[] Events(string stream)
    {
        List<JsonNode> events = [];
        foreach (string text in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = text.Split('\n');
            Assert.Equal(2, lines.Length);
            JsonNode data = JsonNode.Parse(lines[1]["data: ".Length..])!;
            string type = data["type"]!.GetValue<string>();
            Assert.Equal($"event: {type}", lines[0]);
            Assert.StartsWith($"data: {{\"type\":\"{type}\",\"sequence_number\":{data["sequence_number"]},", lines[1], StringComparison.Ordinal);
            events.Add(data);
        }

        return [.. events];
    }

    public static void Equal(JsonNode? expected, JsonNode? actual) => Assert.True(
        JsonNode.DeepEquals(expected, actual), $"Expected {expected?.ToJsonString()}\nbut was {actual?.ToJsonString()}");

    private static JsonNode? Expand(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                return new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Expand(member.Value))));
            case JsonArray list:
                return new JsonArray([.. list.Select(Expand)]);
            case JsonValue value when value.TryGetValue(out string? text) && text is ['<', .., '>']:
                return Expand(text[1..^1]);
            default:
                return node?.DeepClone();
        }
    }

    private static JsonNode? Expand(string name)
    {
        string[] parts = name.Split(':', 2);
        string rest = parts.Length > 1 ? parts[1] : "";
        string[] item = rest.Split(':', 2);
        int end = rest.LastIndexOf(':');
        return parts[0] switch
        {
            "time" => Time.ToUnixTimeSeconds(),
            "resp" => $"resp_{Digits}",
            "text" => new JsonObject { ["type"] = "output_text", ["text"] = rest, ["annotations"] = new JsonArray(), ["logprobs"] = new JsonArray() },
            "reasoning" => new JsonObject
            {
                ["id"] = $"rs_{Digits}_{item[0]}",
                ["type"] = "reasoning",
                ["summary"] = new JsonArray(),
                ["content"] = new JsonArray(new JsonObject { ["type"] = "reasoning_text", ["text"] = rest[(item[0].Length + 1)..end] }),
                ["status"] = rest[(end + 1)..],
            },
            "message" => new JsonObject
            {
                ["id"] = $"msg_{Digits}_{item[0]}",
                ["type"] = "message",
                ["role"] = "assistant",
                ["content"] = new JsonArray(Expand($"text:{rest[(item[0].Length + 1)..end]}")),
                ["status"] = rest[(end + 1)..],
            },
            "call" => Call(rest),
            _ => $"{parts[0]}_{Digits}_{rest}",
        };
    }

    /// <summary>Index, ID, name, arguments, in which there may be colons, and status.</summary>
    private static JsonObject Call(string rest)
    {
        string[] parts = rest.Split(':', 4);
        int end = parts[3].LastIndexOf(':');
        return new JsonObject
        {
            ["id"] = $"fc_{Digits}_{parts[0]}",
            ["type"] = "function_call",
            ["call_id"] = parts[1],
            ["name"] = parts[2],
            ["arguments"] = parts[3][..end],
            ["status"] = parts[3][(end + 1)..],
        };
    }
}
