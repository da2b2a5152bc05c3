using System.Buffers;
using System.Text;
using System.Text.Json;
using Privatemode.AI.AspNetCore.Dialects;
using Privatemode.AI.Fuzz.Corpus;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Requests of Anthropic's API, which the proxy rewrites: whatever a caller sends is refused, or becomes a request that is known member by member
/// and stays the same when it is rewritten again.</summary>
internal static class MessagesRequestTarget
{
    private const int Longest = 512 * 1024;

    private static readonly HashSet<string> Members =
    [
        "model", "system", "messages", "tools", "tool_choice", "max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "cache_salt",
        "chat_template_kwargs", "output_config",
    ];

    private static readonly HashSet<string> Blocks = ["text", "image", "tool_use", "tool_result", "thinking"];

    private static readonly string[] Own =
    [
        """{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"a"},{"role":"system","content":[{"type":"text","text":"b"}]},""" +
            """{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]}],"system":"c"}""",
        """{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":[""" +
            """{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"x"}]},{"type":"tool_reference","tool_name":"n"}]}]}]}""",
        """{"model":"m","max_tokens":1,"system":"x-anthropic-billing-header: a\nb","messages":[{"role":"assistant","content":[""" +
            """{"type":"thinking","thinking":"h","signature":"s"},{"type":"redacted_thinking","data":"d"}]}],""" +
            """ "thinking":{"type":"disabled"},"mcp_servers":[]}""",
        """{"model":"m","max_tokens":1,"messages":[],"tools":[{"name":"n","input_schema":{"$schema":"s","properties":{"$id":{"propertyNames":{}""" +
            ""","additionalProperties":{"$comment":"c"}}},"anyOf":[{"items":[true]}]}},{"type":"web_search_20250305"}],"tool_choice":{"type":"any"}""" +
            ""","output_config":{"effort":"max","format":{"type":"json_schema","schema":{}}},"cache_salt":"s","chat_template_kwargs":{"a":1}}""",
    ];

    public static FuzzTarget Create() => new("messages-request", [.. Seeds()]) { Largest = Longest };

    private static IEnumerable<FuzzSeed> Seeds() => Own.Select((body, i) => (Name: $"own {i}", Body: Encoding.UTF8.GetBytes(body)))
        .Concat(CorpusFiles.ThirdPartyFiles("clients", "*messages*.json").Select(file => (file.Name, Body: BodyOf(file.Bytes))))
        .Select(seed => new FuzzSeed(seed.Name, [seed.Body], parts => Rewrite(parts[0])));

    private static byte[] BodyOf(byte[] capture)
    {
        using JsonDocument document = JsonDocument.Parse(capture);
        return Encoding.UTF8.GetBytes(document.RootElement.GetProperty("body").GetRawText());
    }

    private static bool Rewrite(byte[] body)
    {
        bool isAccepted = false;
        foreach (string model in (string[])["gpt-oss-120b", "glm-5.3", "kimi-k2.6"])
        {
            MessagesSettings settings = new(model) { LeavesOutHostedTools = model != "kimi-k2.6" };
            isAccepted |= TryRewrite(body, settings);
        }

        _ = TokenEstimate.Of(body);
        return isAccepted;
    }

    private static bool TryRewrite(byte[] body, MessagesSettings settings)
    {
        ArrayBufferWriter<byte> once = new();
        try
        {
            _ = MessagesRewriter.Edit(body, settings, once);
        }
        catch (PrivatemodeRequestException)
        {
            return false;
        }

        ArrayBufferWriter<byte> twice = new();
        _ = MessagesRewriter.Edit(once.WrittenMemory, settings, twice);
        if (!once.WrittenSpan.SequenceEqual(twice.WrittenSpan))
        {
            throw new InvalidOperationException("A request that was rewritten changes when it is rewritten again.");
        }

        Check(once.WrittenMemory, settings.Model);
        return true;
    }

    private static void Check(ReadOnlyMemory<byte> request, string model)
    {
        using JsonDocument document = JsonDocument.Parse(request, new JsonDocumentOptions { MaxDepth = 256, AllowDuplicateProperties = false });
        JsonElement root = document.RootElement;
        Require(root.EnumerateObject().All(member => Members.Contains(member.Name)), "a member that is not known");
        Require(root.TryGetProperty("model", out JsonElement asked) ? asked.ValueEquals(model) : true, "another model");
        foreach (JsonElement message in root.GetProperty("messages").EnumerateArray())
        {
            Require(message.GetProperty("role").ValueEquals("user") || message.GetProperty("role").ValueEquals("assistant"), "another role");
            JsonElement content = message.GetProperty("content");
            Require(
                content.ValueKind == JsonValueKind.String || content.EnumerateArray().All(block => Blocks.Contains(block.GetProperty("type").GetString()!)),
                "a block of another type");
        }

        Require(!root.TryGetProperty("tools", out JsonElement tools) || tools.GetArrayLength() > 0, "an empty list of tools");
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The request has {what}.");
        }
    }
}
