using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatResponseFormat = OpenAI.Chat.ChatResponseFormat;

namespace Privatemode.AI.Tests.Chat;

public sealed class RawRepresentationFactoryTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Fact]
    public async Task Factory_TypedOptionsToo_BaseWinsAndGapsAreFilled()
    {
        ChatOptions options = new()
        {
            RawRepresentationFactory = _ => new ChatCompletionOptions
            {
                Temperature = 0.25f,
                MaxOutputTokenCount = 7,
                Seed = 1,
                ReasoningEffortLevel = ChatReasoningEffortLevel.Low,
                ResponseFormat = ChatResponseFormat.CreateTextFormat(),
                EndUserId = "u",
            },
            Temperature = 0.75f,
            MaxOutputTokens = 9,
            Seed = 2,
            TopP = 0.5f,
            FrequencyPenalty = 0.5f,
            PresencePenalty = 0.5f,
            Reasoning = new() { Effort = ReasoningEffort.High },
            ResponseFormat = Microsoft.Extensions.AI.ChatResponseFormat.Json,
        };

        ChatFixture.AssertJson(
            """
            {"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}],"temperature":0.25,"max_completion_tokens":7,"seed":1,
             "reasoning_effort":"low","response_format":{"type":"text"},"user":"u","top_p":0.5,"frequency_penalty":0.5,"presence_penalty":0.5}
            """,
            await fixture.PostAsync(options));
    }

    [Fact]
    public async Task Factory_StopSequencesAndTools_AreAppendedTo()
    {
        ChatOptions options = new()
        {
            RawRepresentationFactory = _ =>
            {
                ChatCompletionOptions raw = new() { ToolChoice = ChatToolChoice.CreateRequiredChoice(), AllowParallelToolCalls = false };
                raw.StopSequences.Add("first");
                raw.Tools.Add(ChatTool.CreateFunctionTool("raw"));
                return raw;
            },
            StopSequences = ["second"],
            Tools = [AIFunctionFactory.CreateDeclaration("own", "d", System.Text.Json.JsonDocument.Parse("{}").RootElement)],
            ToolMode = ChatToolMode.Auto,
            AllowMultipleToolCalls = true,
        };

        ChatFixture.AssertJson(
            """
            {"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}],"stop":["first","second"],"tool_choice":"required",
             "parallel_tool_calls":false,"tools":[{"type":"function","function":{"name":"raw"}},
                {"type":"function","function":{"name":"own","description":"d",
                    "parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}]}
            """,
            await fixture.PostAsync(options));
    }

    [Fact]
    public async Task Factory_PatchedMembers_WinOverTypedOptions()
    {
        ChatOptions options = new()
        {
            RawRepresentationFactory = _ =>
            {
                ChatCompletionOptions raw = new();
                raw.Patch.Set("$.model"u8, "gemma-3-27b");
                raw.Patch.Set("$.top_k"u8, 1);
                raw.Patch.Set("$.chat_template_kwargs.enable_thinking"u8, false);
                return raw;
            },
            ModelId = "gpt-oss-120b",
            TopK = 2,
        };

        ChatFixture.AssertJson(
            """
            {"model":"gemma-3-27b","messages":[{"role":"user","content":"hi"}],"top_k":1,"chat_template_kwargs":{"enable_thinking":false}}
            """,
            await fixture.PostAsync(options));
        Assert.Equal("gemma-3-27b", fixture.Deployment.Requests[^1].Headers["Privatemode-Target-Model"]);
    }

    [Fact]
    public async Task Factory_IsGivenTheClientAndCalledForEachCall()
    {
        List<IChatClient> given = [];
        ChatOptions options = new()
        {
            RawRepresentationFactory = client =>
            {
                given.Add(client);
                return new ChatCompletionOptions { Temperature = given.Count };
            },
        };

        Assert.Contains("\"temperature\":1", await fixture.PostAsync(options));
        Assert.Contains("\"temperature\":2", await fixture.PostAsync(options));

        Assert.All(given, client => Assert.Same(fixture.Chat, client));
    }

    [Fact]
    public async Task Factory_OfAnotherProvider_IsIgnored()
    {
        ChatFixture.AssertJson(
            """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}],"temperature":0.5}""",
            await fixture.PostAsync(new ChatOptions { RawRepresentationFactory = _ => "not ours", Temperature = 0.5f }));
        ChatFixture.AssertJson(
            """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""",
            await fixture.PostAsync(new ChatOptions { RawRepresentationFactory = _ => null }));
    }
}
