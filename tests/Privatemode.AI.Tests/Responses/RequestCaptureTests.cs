using System.Text.Json;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Responses;

/// <summary>What coding assistants sent to a server of the Responses API.</summary>
public sealed class RequestCaptureTests
{
    [ThirdPartyFact]
    public void Codex_FirstRequest_BecomesAChat()
    {
        (JsonElement request, JsonElement chat, RequestTranslation translated) = Translate("codex-01-first.json");
        Assert.Equal(["model", "messages", "tools", "tool_choice", "parallel_tool_calls", "stream", "stream_options"], Names(chat));
        Assert.Equal(["system", "user", "user"], chat.Items("messages").Select(message => message.Text("role")));
        string[] developer = [.. request.Items("input").Where(item => item.Text("role") == "developer").SelectMany(item => item.Items("content"))
            .Select(part => part.Text("text"))];
        Assert.Equal(string.Join("\n\n", developer), chat.GetProperty("messages")[0].Text("content"));
        Assert.Equal(
            [
                "exec_command", "write_stdin", "request_user_input", "view_image", "multi_agent_v1__close_agent", "multi_agent_v1__resume_agent",
                "multi_agent_v1__send_input", "multi_agent_v1__spawn_agent", "multi_agent_v1__wait_agent", "get_goal", "create_goal", "update_goal",
            ],
            chat.Items("tools").Select(tool => tool.GetProperty("function").Text("name")));
        Assert.Equal(
            request.GetProperty("tools")[0].GetProperty("parameters").GetRawText(),
            chat.GetProperty("tools")[0].GetProperty("function").GetProperty("parameters").GetRawText());
        Assert.Equal(["web_search"], translated.Facts.LeftOutTools);
        Assert.True(translated.Facts.WantsReasoning);
        Assert.Equal(request.Text("prompt_cache_key"), translated.Facts.CacheKey);
        Assert.DoesNotContain("installation", translated.Chat, StringComparison.Ordinal);
    }

    [ThirdPartyFact]
    public void Codex_AfterATool_HasTheCallAndItsOutput()
    {
        (JsonElement request, JsonElement chat, RequestTranslation translated) = Translate("codex-02-after-a-tool.json");
        JsonElement[] messages = [.. chat.Items("messages")];
        Assert.Equal(["system", "user", "user", "assistant", "tool"], messages.Select(message => message.Text("role")));
        JsonElement call = messages[3].GetProperty("tool_calls")[0];
        Assert.Equal("c1", call.Text("id"));
        Assert.Equal("exec_command", call.GetProperty("function").Text("name"));
        Assert.Equal(request.GetProperty("input")[5].Text("output"), messages[4].Text("content"));
        Assert.Equal(0, translated.Facts.ForeignReasoning);

        // All that the second request has before the call, the first one has too: that is what the prompt cache of the service compares.
        (_, JsonElement first, _) = Translate("codex-01-first.json");
        Assert.Equal(
            first.Items("messages").Select(message => message.GetRawText()), messages.Take(3).Select(message => message.GetRawText()));
        Assert.Equal(first.GetProperty("tools").GetRawText(), chat.GetProperty("tools").GetRawText());
    }

    [ThirdPartyFact]
    public void Codex_HostedToolsRefused_NamesTheTool()
    {
        byte[] body = Body("codex-01-first.json");
        PrivatemodeRequestException refused = Assert.Throws<PrivatemodeRequestException>(() => RequestTranslation.Of(body));
        Assert.Equal("tools[8]", refused.Member);
        Assert.Contains("\"web_search\"", refused.Message, StringComparison.Ordinal);
    }

    [ThirdPartyFact]
    public void OpenCode_Title_BecomesAChat()
    {
        (_, JsonElement chat, RequestTranslation translated) = Translate("opencode-04-responses.json", leavesOutHosted: false);
        Assert.Equal(["model", "messages", "reasoning_effort", "max_completion_tokens", "stream", "stream_options"], Names(chat));
        Assert.Equal("low", chat.Text("reasoning_effort"));
        Assert.Equal(8192, chat.Int("max_completion_tokens"));
        Assert.Null(translated.Facts.CacheKey);
    }

    [ThirdPartyFact]
    public void OpenCode_WithTools_BecomesAChat()
    {
        (JsonElement request, JsonElement chat, RequestTranslation translated) = Translate("opencode-05-responses.json", leavesOutHosted: false);
        Assert.Equal(["system", "user"], chat.Items("messages").Select(message => message.Text("role")));
        Assert.Equal(
            request.Items("tools").Select(tool => tool.Text("name")), chat.Items("tools").Select(tool => tool.GetProperty("function").Text("name")));
        Assert.All(chat.Items("tools"), tool => Assert.False(tool.GetProperty("function").TryGetProperty("strict", out _)));
        Assert.Equal(request.Text("prompt_cache_key"), translated.Facts.CacheKey);
    }

    private static (JsonElement Request, JsonElement Chat, RequestTranslation Translated) Translate(string file, bool leavesOutHosted = true)
    {
        byte[] body = Body(file);
        RequestTranslation translated = RequestTranslation.Of(body, leavesOutHosted);
        using JsonDocument request = JsonDocument.Parse(body);
        using JsonDocument chat = JsonDocument.Parse(translated.Chat);
        return (request.RootElement.Clone(), chat.RootElement.Clone(), translated);
    }

    private static byte[] Body(string file) =>
        System.Text.Encoding.UTF8.GetBytes(VectorFiles.ThirdParty($"clients/{file}").GetProperty("body").GetRawText());

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(member => member.Name);
}
