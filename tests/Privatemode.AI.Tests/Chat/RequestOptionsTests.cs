using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Chat;

public sealed class RequestOptionsTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private static readonly AIFunctionDeclaration Tool =
        AIFunctionFactory.CreateDeclaration("f", "d", JsonDocument.Parse("""{"type":"object","properties":{}}""").RootElement);

    public static TheoryData<ChatOptions, string> TypedOptions => new()
    {
        { new() { Temperature = 0.1f }, "\"temperature\":0.1" },
        { new() { Temperature = 0 }, "\"temperature\":0" },
        { new() { TopP = 0.9f }, "\"top_p\":0.9" },
        { new() { TopK = 40 }, "\"top_k\":40" },
        { new() { TopK = -1 }, "\"top_k\":-1" },
        { new() { FrequencyPenalty = 0.5f }, "\"frequency_penalty\":0.5" },
        { new() { PresencePenalty = -0.5f }, "\"presence_penalty\":-0.5" },
        { new() { MaxOutputTokens = 100 }, "\"max_completion_tokens\":100" },
        { new() { Seed = long.MaxValue }, "\"seed\":9223372036854775807" },
        { new() { StopSequences = ["a", "\n\"b\""] }, "\"stop\":[\"a\",\"\\n\\\"b\\\"\"]" },
        { new() { StopSequences = [] }, "" },
        { new() { ResponseFormat = ChatResponseFormat.Text }, "\"response_format\":{\"type\":\"text\"}" },
        { new() { ResponseFormat = ChatResponseFormat.Json }, "\"response_format\":{\"type\":\"json_object\"}" },
        { new() { Reasoning = new() { Effort = ReasoningEffort.Low } }, "\"reasoning_effort\":\"low\"" },
        { new() { Reasoning = new() { Effort = ReasoningEffort.Medium } }, "\"reasoning_effort\":\"medium\"" },
        { new() { Reasoning = new() { Effort = ReasoningEffort.High } }, "\"reasoning_effort\":\"high\"" },
        { new() { Reasoning = new() { Output = ReasoningOutput.Full } }, "" },

        // Without tools these have no meaning, and the service rejects them.
        { new() { ToolMode = ChatToolMode.Auto, AllowMultipleToolCalls = true }, "" },
        { new() { Tools = [], ToolMode = ChatToolMode.None }, "" },

        // It is a permission.
        { new() { AllowBackgroundResponses = true }, "" },
    };

    [Theory]
    [MemberData(nameof(TypedOptions))]
    public async Task TypedOption_Set_IsExactlyOneMember(ChatOptions options, string member)
    {
        ChatFixture.AssertJson(Body(member), await fixture.PostAsync(options));
    }

    [Fact]
    public async Task TypedOptions_AllAtOnce_AreAllPosted()
    {
        ChatOptions options = new()
        {
            Temperature = 0.25f,
            TopP = 0.5f,
            TopK = 5,
            FrequencyPenalty = 1,
            PresencePenalty = 2,
            MaxOutputTokens = 3,
            Seed = 4,
            StopSequences = ["x"],
            Reasoning = new() { Effort = ReasoningEffort.Low },
            ResponseFormat = ChatResponseFormat.Json,
            ModelId = "gemma-3-27b",
            Tools = [Tool],
            ToolMode = ChatToolMode.None,
            AllowMultipleToolCalls = false,
            AdditionalProperties = new() { ["min_p"] = 0.5 },
        };

        ChatFixture.AssertJson(
            """
            {"model":"gemma-3-27b","messages":[{"role":"user","content":"hi"}],"temperature":0.25,"top_p":0.5,"top_k":5,"frequency_penalty":1,
             "presence_penalty":2,"max_completion_tokens":3,"seed":4,"stop":["x"],"reasoning_effort":"low","min_p":0.5,
             "response_format":{"type":"json_object"},"tool_choice":"none","parallel_tool_calls":false,
             "tools":[{"type":"function","function":{"name":"f","description":"d",
                "parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}]}
            """,
            await fixture.PostAsync(options));
    }

    [Fact]
    public async Task ModelId_OfOneCall_ReachesBodyAndRoutingHeader()
    {
        ChatResponse other = await fixture.Chat.GetResponseAsync("hi", new ChatOptions { ModelId = "gemma-3-27b" });
        Assert.Equal("gemma-3-27b", Element(fixture.LastBody).GetProperty("model").GetString());
        Assert.Equal("gemma-3-27b", fixture.Deployment.Requests[^1].Headers["Privatemode-Target-Model"]);
        Assert.Equal("gemma-3-27b", other.ModelId);

        _ = await fixture.StreamAsync(new ChatOptions { ModelId = "gemma-3-27b" });
        Assert.Equal("gemma-3-27b", fixture.Deployment.Requests[^1].Headers["Privatemode-Target-Model"]);

        ChatResponse own = await fixture.Chat.GetResponseAsync("hi", new ChatOptions { ModelId = "" });
        Assert.Equal("gpt-oss-120b", fixture.Deployment.Requests[^1].Headers["Privatemode-Target-Model"]);
        Assert.Equal("gpt-oss-120b", own.ModelId);
    }

    [Fact]
    public async Task ConversationId_OfAnAnswer_IsNone()
    {
        Assert.Null((await fixture.Chat.GetResponseAsync("hi")).ConversationId);
        Assert.All(await fixture.StreamAsync(), update => Assert.Null(update.ConversationId));
    }

    /// <summary>One options object is commonly kept and used for every call.</summary>
    [Fact]
    public async Task Options_UsedForSeveralCalls_StayAsTheyAre()
    {
        ChatOptions options = new()
        {
            StopSequences = ["x"],
            Tools = [Tool],
            TopK = 5,
            AdditionalProperties = new() { ["min_p"] = 0.5 },
            Instructions = "i",
        };

        string first = await fixture.PostAsync(options);
        _ = await fixture.StreamAsync(options);
        string third = await fixture.PostAsync(options);

        ChatFixture.AssertJson(first, third);
        Assert.Equal(["x"], options.StopSequences);
        Assert.Single(options.Tools!);
        Assert.Single(options.AdditionalProperties!);
        Assert.Null(options.ModelId);
    }

    [Fact]
    public async Task Options_UsedByConcurrentCalls_DoNotMix()
    {
        ChatOptions options = new() { StopSequences = ["x"], Tools = [Tool], AdditionalProperties = new() { ["min_p"] = 0.5 } };
        string expected = await fixture.PostAsync(options);
        int before = fixture.Deployment.Requests.Count;

        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => fixture.Chat.GetResponseAsync("hi", options))).WaitAsync(TestTime.Limit);

        Assert.All(fixture.Deployment.Requests.Skip(before), request =>
        {
            JsonElement body = Element(request.DecryptedBody!);
            Assert.Equal(1, body.GetProperty("stop").GetArrayLength());
            Assert.Equal(1, body.GetProperty("tools").GetArrayLength());
            Assert.True(JsonElement.DeepEquals(Element(expected).GetProperty("tools"), body.GetProperty("tools")));
        });
    }

    private static string Body(string member) =>
        $$"""{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]{{(member.Length > 0 ? "," : "")}}{{member}}}""";

    private static JsonElement Element(string json) => JsonDocument.Parse(json).RootElement;
}
