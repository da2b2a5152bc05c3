using System.Buffers;
using System.Text;
using System.Text.Json;
using Privatemode.AI.AspNetCore.Dialects;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.AspNetCore.Tests.Dialects;

/// <summary>What becomes of whole requests that coding assistants sent.</summary>
public sealed class CapturedMessagesTests
{
    private static readonly string[] NeverSent =
    [
        "cache_control", "context_management", "\"thinking\":", "$schema", "propertyNames", "x-anthropic-billing-header", "is_error", "user_id",
    ];

    [ThirdPartyTheory]
    [InlineData("claude-code-01-messages", 1, 1)]
    [InlineData("claude-code-02-after-a-tool", 1, 3)]
    public void Edit_RequestOfClaudeCode_IsWhatTheModelServerTakes(string capture, int folded, int messages)
    {
        JsonElement sent = Body(capture);
        JsonElement edited = Edit(sent, out MessagesEdit edit);
        Assert.Equal((folded, 0, true), (edit.Folded, edit.FoldedLate, edit.IsStream));
        Assert.All(NeverSent, text => Assert.DoesNotContain(text, edited.GetRawText(), StringComparison.Ordinal));
        Assert.Equal(["model", "messages", "system", "tools", "max_tokens", "stream", "output_config"], Names(edited));

        JsonElement system = Assert.Single(edited.GetProperty("system").EnumerateArray());
        Assert.Equal(["type", "text"], Names(system));
        string[] texts = [.. sent.GetProperty("system").EnumerateArray().Skip(1).Select(block => block.GetProperty("text").GetString()!)];
        Assert.Equal(2, texts.Length);
        Assert.Equal(
            string.Join("\n\n", [.. texts, sent.GetProperty("messages")[1].GetProperty("content").GetString()]), system.GetProperty("text").GetString());

        Assert.Equal(messages, edited.GetProperty("messages").GetArrayLength());
        Assert.Equal("high", edited.GetProperty("output_config").GetProperty("effort").GetString());
        Assert.Equal(sent.GetProperty("max_tokens").GetRawText(), edited.GetProperty("max_tokens").GetRawText());
    }

    [ThirdPartyFact]
    public void Edit_ToolsOfClaudeCode_KeepAllTheirProperties()
    {
        JsonElement sent = Body("claude-code-01-messages");
        JsonElement[] before = [.. sent.GetProperty("tools").EnumerateArray()];
        JsonElement[] after = [.. Edit(sent, out _).GetProperty("tools").EnumerateArray()];
        Assert.Equal(24, after.Length);
        Assert.All(before.Zip(after), tool =>
        {
            Assert.Equal(["name", "description", "input_schema"], Names(tool.Second));
            Assert.Equal(tool.First.GetProperty("name").GetString(), tool.Second.GetProperty("name").GetString());
            Assert.Equal(tool.First.GetProperty("description").GetString(), tool.Second.GetProperty("description").GetString());
            Assert.Equal(Properties(tool.First), Properties(tool.Second));
            Assert.Equal(
                tool.First.GetProperty("input_schema").GetProperty("additionalProperties").GetRawText(),
                tool.Second.GetProperty("input_schema").GetProperty("additionalProperties").GetRawText());
        });
    }

    [ThirdPartyFact]
    public void Edit_RequestAfterATool_HasCallAndResultAsTheyWere()
    {
        JsonElement sent = Body("claude-code-02-after-a-tool").GetProperty("messages");
        JsonElement edited = Edit(Body("claude-code-02-after-a-tool"), out _).GetProperty("messages");
        JsonElement call = edited[1].GetProperty("content")[0];
        Assert.Equal(sent[2].GetProperty("content")[0].GetProperty("input").GetRawText(), call.GetProperty("input").GetRawText());
        JsonElement result = edited[2].GetProperty("content")[0];
        Assert.Equal(call.GetProperty("id").GetString(), result.GetProperty("tool_use_id").GetString());
        Assert.Equal(sent[3].GetProperty("content")[0].GetProperty("content").GetString(), result.GetProperty("content").GetString());
    }

    /// <summary>The prompt of the second request begins with that of the first, or the prompt cache has no use.</summary>
    [ThirdPartyFact]
    public void Edit_TwoRequestsOfOneSession_BeginWithTheSameBytes()
    {
        JsonElement first = Edit(Body("claude-code-01-messages"), out _);
        JsonElement second = Edit(Body("claude-code-02-after-a-tool"), out _);
        Assert.Equal(first.GetProperty("system").GetRawText(), second.GetProperty("system").GetRawText());
        Assert.Equal(first.GetProperty("tools").GetRawText(), second.GetProperty("tools").GetRawText());
        Assert.Equal(first.GetProperty("messages")[0].GetRawText(), second.GetProperty("messages")[0].GetRawText());
    }

    [ThirdPartyFact]
    public void Edit_RequestOfOpencode_LosesThinkingAndCacheControl()
    {
        JsonElement edited = Edit(Body("opencode-03-messages"), out MessagesEdit edit);
        Assert.Equal(["model", "max_tokens", "system", "messages", "stream"], Names(edited));
        Assert.Equal(0, edit.Folded);
        Assert.DoesNotContain("cache_control", edited.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(2, edited.GetProperty("messages")[0].GetProperty("content").GetArrayLength());
    }

    [ThirdPartyFact]
    public void Edit_CountOfClaudeCode_HasNoEmptyTools()
    {
        JsonElement edited = Edit(Body("claude-code-03-count-tokens"), out _, countsTokens: true);
        Assert.Equal(["model", "messages"], Names(edited));
    }

    internal static JsonElement Body(string capture) => VectorFiles.ThirdParty($"clients/{capture}.json").GetProperty("body");

    private static JsonElement Edit(JsonElement body, out MessagesEdit edit, bool countsTokens = false)
    {
        ArrayBufferWriter<byte> output = new();
        MessagesSettings settings = new("gpt-oss-120b") { CountsTokens = countsTokens };
        edit = MessagesRewriter.Edit(Encoding.UTF8.GetBytes(body.GetRawText()), settings, output);
        using JsonDocument document = JsonDocument.Parse(output.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static string[] Names(JsonElement value) => [.. value.EnumerateObject().Select(member => member.Name)];

    private static string[] Properties(JsonElement tool) => Names(tool.GetProperty("input_schema").GetProperty("properties"));
}
