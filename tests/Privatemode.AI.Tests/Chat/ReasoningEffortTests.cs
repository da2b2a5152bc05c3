using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace Privatemode.AI.Tests.Chat;

/// <summary>The words of <c>reasoning_effort</c> that the models of a family know.</summary>
public sealed class ReasoningEffortTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Theory]
    [InlineData("gpt-oss-120b", ReasoningEffort.Low, "low")]
    [InlineData("gpt-oss-120b", ReasoningEffort.Medium, "medium")]
    [InlineData("gpt-oss-120b", ReasoningEffort.High, "high")]
    [InlineData("gpt-oss-120b", ReasoningEffort.ExtraHigh, "high")]
    [InlineData("glm-5.3", ReasoningEffort.Low, "low")]
    [InlineData("glm-5.3", ReasoningEffort.Medium, "high")]
    [InlineData("glm-5.3-flash", ReasoningEffort.High, "high")]
    [InlineData("glm-5.3-flash", ReasoningEffort.ExtraHigh, "max")]
    [InlineData("gemma-3-27b", ReasoningEffort.None, "none")]
    [InlineData("gemma-3-27b", ReasoningEffort.Medium, "medium")]
    [InlineData("gemma-3-27b", ReasoningEffort.ExtraHigh, "xhigh")]
    public async Task Effort_OfAFamily_IsOneOfItsWords(string model, ReasoningEffort effort, string expected)
    {
        string body = await fixture.PostAsync(new ChatOptions { ModelId = model, Reasoning = new() { Effort = effort } });
        ChatFixture.AssertJson(
            $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hi"}],"reasoning_effort":"{{expected}}"}""", body);
    }

    [Theory]
    [InlineData("openai/gpt-oss-120b", "high")]
    [InlineData("GLM-5.3", "max")]
    [InlineData("zai-org/GLM-5.3", "max")]
    [InlineData("glm-flash-latest", "max")]
    [InlineData("glmnet", "xhigh")]
    [InlineData("my-glm-5.3", "xhigh")]
    [InlineData(null, "xhigh")]
    public void Family_OfAModel_IsTheBeginningOfItsName(string? model, string expected) =>
        Assert.Equal(new ChatReasoningEffortLevel(expected), AI.Chat.ReasoningEfforts.ToOpenAI(ReasoningEffort.ExtraHigh, model));

    [Theory]
    [InlineData("gpt-oss-120b")]
    [InlineData("glm-5.3-flash")]
    public async Task NoEffort_OfAModelThatAlwaysReasons_IsRefusedBeforeAnythingIsSent(string model)
    {
        int before = fixture.Deployment.Requests.Count;
        ChatOptions options = new() { ModelId = model, Reasoning = new() { Effort = ReasoningEffort.None } };
        PrivatemodeRequestException exception =
            await Assert.ThrowsAsync<PrivatemodeRequestException>(() => fixture.Chat.GetResponseAsync("hi", options));
        Assert.Equal("ChatOptions.Reasoning.Effort", exception.Member);
        Assert.Contains("ReasoningEffort.Low", exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, fixture.Deployment.Requests.Count);
    }

    [Fact]
    public async Task Model_OfTheCallersBase_DecidesTheFamily()
    {
        ChatOptions options = new()
        {
            Reasoning = new() { Effort = ReasoningEffort.ExtraHigh },
            RawRepresentationFactory = _ =>
            {
                ChatCompletionOptions raw = new();
                raw.Patch.Set("$.model"u8, "glm-5.3");
                return raw;
            },
        };
        Assert.Contains("\"reasoning_effort\":\"max\"", await fixture.PostAsync(options), StringComparison.Ordinal);
    }
}
