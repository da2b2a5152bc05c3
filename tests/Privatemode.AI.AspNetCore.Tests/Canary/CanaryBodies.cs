using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.IntegrationTests.Canary;

namespace Privatemode.AI.AspNetCore.Tests.Canary;

/// <summary>Requests with the sentinel in every place where a caller can write text.</summary>
internal static class CanaryBodies
{
    // Words of the APIs: with another value the request would be refused, and the test would see nothing.
    private static readonly HashSet<string> Words = new(StringComparer.Ordinal)
    {
        "model", "type", "role", "effort", "tool_choice", "summary", "include", "keep", "stream", "required", "enum", "const",
    };

    public static string Chat(bool stream) => $$"""
        {"model":"gpt-oss-120b","stream":{{Bool(stream)}},"user":"{{Sentinel.Text}}","metadata":{"{{Sentinel.Text}}":"{{Sentinel.Text}}"},
        "safety_identifier":"{{Sentinel.Text}}","prompt_cache_key":"{{Sentinel.Text}}","stop":["{{Sentinel.Text}}"],
        "messages":[{"role":"developer","content":"{{Sentinel.Text}}","name":"{{Sentinel.Text}}"},
        {"role":"user","content":[{"type":"text","text":"{{Sentinel.Text}}"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,{{Convert.ToBase64String(Sentinel.Bytes)}}"} }]},
        {"role":"assistant","content":"{{Sentinel.Text}}","tool_calls":[{"id":"{{Sentinel.Text}}","type":"function",
        "function":{"name":"{{Sentinel.Text}}","arguments":"{\"a\":\"{{Sentinel.Text}}\"}"} }]},
        {"role":"tool","tool_call_id":"{{Sentinel.Text}}","content":"{{Sentinel.Text}}"}],
        "tools":[{"type":"function","function":{"name":"{{Sentinel.Text}}","description":"{{Sentinel.Text}}",
        "parameters":{"type":"object","properties":{"{{Sentinel.Text}}":{"type":"string"} } } } }]}
        """;

    public static string Completion(bool stream) =>
        $$"""{"model":"gpt-oss-120b","stream":{{Bool(stream)}},"prompt":"{{Sentinel.Text}}","user":"{{Sentinel.Text}}"}""";

    public static string Embedding() => $$"""{"model":"qwen3-embedding-4b","input":["{{Sentinel.Text}}"],"user":"{{Sentinel.Text}}"}""";

    public static string Message(bool stream) => $$"""
        {"model":"gpt-oss-120b","max_tokens":64,"stream":{{Bool(stream)}},"metadata":{"user_id":"{{Sentinel.Text}}"},"{{Sentinel.Text}}":"{{Sentinel.Text}}",
        "system":[{"type":"text","text":"x-anthropic-billing-header: {{Sentinel.Text}}"},{"type":"text","text":"{{Sentinel.Text}}"}],
        "messages":[{"role":"user","content":"{{Sentinel.Text}}"},{"role":"system","content":"{{Sentinel.Text}}"},
        {"role":"assistant","content":[{"type":"thinking","thinking":"{{Sentinel.Text}}","signature":"{{Sentinel.Text}}"},
        {"type":"tool_use","id":"{{Sentinel.Text}}","name":"{{Sentinel.Text}}","input":{"{{Sentinel.Text}}":"{{Sentinel.Text}}"} }]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"{{Sentinel.Text}}","content":"{{Sentinel.Text}}"}]}],
        "tools":[{"name":"{{Sentinel.Text}}","description":"{{Sentinel.Text}}","input_schema":{"type":"object","$schema":"{{Sentinel.Text}}"} }]}
        """;

    public static string Response(bool stream) => $$"""
        {"model":"gpt-oss-120b","stream":{{Bool(stream)}},"store":false,"instructions":"{{Sentinel.Text}}","user":"{{Sentinel.Text}}",
        "prompt_cache_key":"{{Sentinel.Text}}","client_metadata":{"{{Sentinel.Text}}":"{{Sentinel.Text}}"},"metadata":{"a":"{{Sentinel.Text}}"},
        "input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"{{Sentinel.Text}}"}]},
        {"type":"function_call","call_id":"{{Sentinel.Text}}","name":"{{Sentinel.Text}}","arguments":"{\"a\":\"{{Sentinel.Text}}\"}"},
        {"type":"function_call_output","call_id":"{{Sentinel.Text}}","output":"{{Sentinel.Text}}"}],
        "tools":[{"type":"function","name":"{{Sentinel.Text}}","description":"{{Sentinel.Text}}","parameters":{"type":"object"} }]}
        """;

    /// <summary>A captured body with the sentinel at the end of every text.</summary>
    public static string Of(JsonElement captured)
    {
        JsonNode body = JsonNode.Parse(captured.GetRawText())!;
        Mark(body, "");
        return body.ToJsonString(new JsonSerializerOptions { TypeInfoResolver = System.Text.Json.Serialization.Metadata.JsonTypeInfoResolver.Combine() });
    }

    private static void Mark(JsonNode? node, string name)
    {
        if (node is JsonObject members)
        {
            foreach (string member in members.Select(member => member.Key).ToArray())
            {
                if (Marked(members[member], member) is { } text)
                {
                    members[member] = text;
                }
                else
                {
                    Mark(members[member], member);
                }
            }
        }
        else if (node is JsonArray items)
        {
            for (int i = 0; i < items.Count; i++)
            {
                if (Marked(items[i], name) is { } text)
                {
                    items[i] = text;
                }
                else
                {
                    Mark(items[i], name);
                }
            }
        }
    }

    private static string? Marked(JsonNode? node, string name) => node?.GetValueKind() != JsonValueKind.String || Words.Contains(name) ? null
        : name == "arguments" ? $$"""{"a":"{{Sentinel.Text}}"}""" : node.GetValue<string>() + Sentinel.Text;

    private static string Bool(bool value) => value ? "true" : "false";
}
