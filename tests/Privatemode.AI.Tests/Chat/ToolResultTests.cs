using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Tests.Chat;

public sealed class ToolResultTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    public static TheoryData<object?, string> Results => new()
    {
        { null, "" },
        { "", "" },
        { "21 degrees, \"clear\"\n", "21 degrees, \"clear\"\n" },
        { "{\"json\":\"as text\"}", "{\"json\":\"as text\"}" },
        { Element("\"quoted\""), "quoted" },
        { Element("""{"a": [1, 2.50, null]}"""), """{"a":[1,2.50,null]}""" },
        { Element("null"), "null" },
        { JsonNode.Parse("""{"b":"ä"}"""), """{"b":"ä"}""" },
        { 42, "42" },
        { true, "true" },
        { new List<string> { "x", "y" }, """["x","y"]""" },
        { new Dictionary<string, object?> { ["k"] = 1.5 }, """{"k":1.5}""" },
        { new TextContent("plain"), "plain" },
        { new AIContent[] { new TextContent("one"), new TextContent("two") }, "one\ntwo" },
        { new List<AIContent>(), "" },
    };

    [Theory]
    [MemberData(nameof(Results))]
    public async Task Result_OfAnyJsonKind_IsPostedAsTheModelShouldReadIt(object? result, string text)
    {
        string posted = await fixture.PostAsync(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", result)]));

        JsonElement message = Element(posted)[0];
        Assert.Equal("tool", message.GetProperty("role").GetString());
        Assert.Equal("call_1", message.GetProperty("tool_call_id").GetString());
        Assert.Equal(text, message.GetProperty("content").GetString());
    }

    [Fact]
    public async Task Result_OfSeveralContentsNotAllText_IsJson()
    {
        AIContent[] result = [new TextContent("t"), new DataContent(new byte[] { 1 }, "image/png")];

        string posted = await fixture.PostAsync(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", result)]));

        JsonElement content = Element(Element(posted)[0].GetProperty("content").GetString()!);
        Assert.Equal(2, content.GetArrayLength());
        Assert.Equal("t", content[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Results_InOneMessage_AreOneMessageEachInOrder()
    {
        ChatFixture.AssertJson(
            """
            [{"role":"tool","tool_call_id":"call_2","content":"b"},{"role":"tool","tool_call_id":"call_1","content":"a"},
             {"role":"tool","tool_call_id":"call_3","content":"c"}]
            """,
            await fixture.PostAsync(
                new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_2", "b"), new FunctionResultContent("call_1", "a")]),
                new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_3", "c")])));
    }

    public static TheoryData<object> NotSerializable => new() { new Unknown(), new Action(() => { }), double.NaN };

    /// <summary>A result that vanishes would leave a call without an answer, and nobody would know why.</summary>
    [Theory]
    [MemberData(nameof(NotSerializable))]
    public async Task Result_ThatIsNotSerializable_IsAConfigurationErrorAndNothingIsSent(object result) => await RefusedAsync(result);

    [Fact]
    public async Task Result_ThatContainsItself_IsAConfigurationErrorAndNothingIsSent()
    {
        Dictionary<string, object?> cycle = [];
        cycle["canary"] = cycle;
        await RefusedAsync(cycle);
    }

    private async Task RefusedAsync(object result)
    {
        int before = fixture.Deployment.Requests.Count;

        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => fixture.PostAsync(new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", result)])));

        Assert.Equal("FunctionResultContent.Result", exception.Member);
        Assert.DoesNotContain("canary", exception.ToString());
        Assert.Equal(before, fixture.Deployment.Requests.Count);
    }

    private static JsonElement Element(string json) => JsonDocument.Parse(json).RootElement;

    private sealed class Unknown
    {
        public override string ToString() => "canary";
    }
}
