using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Chat;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Some parsers of model servers end a streamed call by sending all of its arguments once more.</summary>
public sealed class RepeatedToolArgumentsTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Whole = """{"city": "Köln", "days": {"from": 1, "to": 2}}""";

    [Theory]
    [InlineData(Whole, Whole)]
    [InlineData("{", Whole)]
    [InlineData("""{"city": "Kö""", """ln", "days": {"from": 1, "to": 2}""", Whole)]
    [InlineData("""{"city": "Köln", "days": {"from": 1, "to": 2}""", Whole, "")]
    public async Task Arguments_SentAgainAtTheEnd_AreThoseOfTheCall(params string[] pieces)
    {
        FunctionCallContent call = await CallAsync(pieces);

        Assert.Null(call.Exception);
        Assert.Equal(["city", "days"], call.Arguments!.Keys);
        Assert.Equal("Köln", call.Arguments["city"]!.ToString());
    }

    [Theory]
    [InlineData("""{"a":""", """{"a":1}""", "}")]
    [InlineData("""{"a":[""", """{"a":1}""", "]}")]
    [InlineData("  ", """{"a":1}""", " ")]
    public async Task Arguments_ThatRepeatThemselves_StayWhole(params string[] pieces)
    {
        FunctionCallContent call = await CallAsync(pieces);

        Assert.Null(call.Exception);
        using JsonDocument expected = JsonDocument.Parse(string.Concat(pieces));
        Assert.True(JsonElement.DeepEquals(
            expected.RootElement.GetProperty("a"), Assert.IsType<JsonElement>(call.Arguments!["a"])));
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""")]
    [InlineData("""{"a":1}""", """{"a":1} }""")]
    [InlineData("""{"a":""", """{"b":1}""")]
    [InlineData("""{"a":""", """{"a":""")]
    public async Task Arguments_FollowedByOthers_CannotBeRead(params string[] pieces)
    {
        FunctionCallContent call = await CallAsync(pieces);

        Assert.NotNull(call.Exception);
        Assert.True(call.InformationalOnly);
    }

    private async Task<FunctionCallContent> CallAsync(string[] pieces)
    {
        List<string> events = [ChatFixture.Delta("""{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}""")];
        events.AddRange(pieces.Select(piece => ChatFixture.Delta(
            $$$"""{"tool_calls":[{"index":0,"id":null,"function":{"name":null,"arguments":{{{Quote(piece)}}}}}]}""")));
        events.Add(ChatFixture.Delta("{}", "\"tool_calls\""));
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(events);
        return Assert.IsType<FunctionCallContent>(Assert.Single(updates.ToChatResponse().Messages[0].Contents));
    }

    private static string Quote(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
