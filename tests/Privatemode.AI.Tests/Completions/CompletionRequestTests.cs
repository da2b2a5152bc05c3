using Privatemode.AI.Completions;
using Privatemode.AI.Tests.Chat;

namespace Privatemode.AI.Tests.Completions;

public sealed class CompletionRequestTests
{
    [Fact]
    public void Request_WithNothingButAPrompt_PostsNothingElse()
    {
        AssertBody("""{"model":"m","prompt":"text"}""", new TextCompletionRequest("text"));
        AssertBody(
            """{"model":"m","prompt":"text","stream":true,"stream_options":{"include_usage":true}}""", new TextCompletionRequest("text"), stream: true);
    }

    [Fact]
    public void Request_WithEverything_PostsIt()
    {
        TextCompletionRequest request = new(["one", ""])
        {
            ModelId = "other",
            Suffix = "after",
            MaxOutputTokens = 0,
            Temperature = 0.1f,
            TopP = 0.5f,
            StopSequences = ["a", "b"],
            Seed = -1,
            Echo = true,
            TopLogProbabilityCount = 0,
            ChoiceCount = 2,
            AdditionalProperties = new() { ["prompt_logprobs"] = 0, ["cache_salt"] = "x", ["nested"] = new Dictionary<string, object?> { ["a"] = 1.5 } },
        };

        AssertBody(
            """
            {"model":"other","prompt":["one",""],"suffix":"after","max_tokens":0,"temperature":0.1,"top_p":0.5,"seed":-1,"logprobs":0,"n":2,
            "stop":["a","b"],"echo":true,"prompt_logprobs":0,"cache_salt":"x","nested":{"a":1.5}}
            """, request);
    }

    [Fact]
    public void Request_OneStopAndAnEmptyList_ArePostedAsTextAndNotAtAll()
    {
        AssertBody("""{"model":"m","prompt":"p","stop":"a","echo":false}""", new TextCompletionRequest("p") { StopSequences = ["a"], Echo = false });
        AssertBody("""{"model":"m","prompt":"p"}""", new TextCompletionRequest(["p"]) { StopSequences = [], ModelId = "" });
    }

    [Theory]
    [InlineData("prompt")]
    [InlineData("model")]
    [InlineData("stream")]
    [InlineData("stream_options")]
    [InlineData("n")]
    [InlineData("max_tokens")]
    [InlineData("logprobs")]
    [InlineData("not a name")]
    public void ExtraMember_OfAReservedName_IsRefused(string name)
    {
        TextCompletionRequest request = new("p") { AdditionalProperties = new() { [name] = "canary" } };
        PrivatemodeRequestException exception = Assert.Throws<PrivatemodeRequestException>(() => Write(request));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Values_ThatJsonDoesNotHave_AreRefused()
    {
        Assert.Equal(
            "TextCompletionRequest.Temperature",
            Assert.Throws<PrivatemodeRequestException>(() => Write(new TextCompletionRequest("p") { Temperature = float.NaN })).Member);
        Assert.Throws<PrivatemodeRequestException>(
            () => Write(new TextCompletionRequest("p") { AdditionalProperties = new() { ["x"] = new object() } }));
    }

    [Fact]
    public void Prompts_MissingOrNull_AreArgumentExceptions()
    {
        Assert.Throws<ArgumentNullException>(() => new TextCompletionRequest((string)null!));
        Assert.Throws<ArgumentNullException>(() => new TextCompletionRequest((IEnumerable<string>)null!));
        Assert.Throws<ArgumentException>(() => new TextCompletionRequest([]));
        Assert.Throws<ArgumentException>(() => new TextCompletionRequest(["a", null!]));
    }

    private static void AssertBody(string expected, TextCompletionRequest request, bool stream = false) =>
        ChatFixture.AssertJson(expected, CompletionRequestWriter.Write(request, "m", stream).ToString());

    private static BinaryData Write(TextCompletionRequest request) => CompletionRequestWriter.Write(request, "m", stream: false);
}
