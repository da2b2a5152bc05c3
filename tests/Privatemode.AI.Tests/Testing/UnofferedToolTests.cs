using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Testing;

/// <summary>A misspelt tool in a script was sent to the application, which told the model that there is no such tool: the test passed
/// without the tool.</summary>
public sealed class UnofferedToolTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private static readonly ChatOptions Tools = new()
    {
        Tools = [AIFunctionFactory.Create(() => "21 degrees", "Weather-get_weather"), AIFunctionFactory.Create(() => "12:00", "Clock-get_time")],
    };

    [Theory]
    [InlineData("get_weather", " Did you mean 'Weather-get_weather'?", false)]
    [InlineData("Weather_Get_Weather", " Did you mean 'Weather-get_weather'?", true)]
    [InlineData("get_news", "", false)]
    public async Task ScriptedTool_ThatTheRequestDoesNotOffer_FailsTheCall(string name, string hint, bool streamed)
    {
        _ = fixture.Deployment.Model.ReplyWithToolCall(name, "{}");

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => (streamed
            ? fixture.Chat.GetStreamingResponseAsync("hi", Tools).ToChatResponseAsync() : fixture.Chat.GetResponseAsync("hi", Tools)).OrTimeout());

        Assert.Equal(500, exception.Status);
        Assert.Equal(
            $"The script calls the tool '{name}', which the request does not offer.{hint} The request offers: Weather-get_weather, Clock-get_time. To " +
                "script a call of a tool that does not exist, use WithRawJson or WithRawEvents.",
            exception.ServerMessage);
    }

    [Fact]
    public async Task ScriptedTool_ThatTheRequestOffers_IsCalled()
    {
        _ = fixture.Deployment.Model.ReplyWithToolCall("Clock-get_time", "{}");
        ChatResponse response = await fixture.Chat.GetResponseAsync("hi", Tools).OrTimeout();
        Assert.Equal("Clock-get_time", Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()).Name);
    }

    [Fact]
    public async Task HandWrittenAnswer_CanCallAToolThatDoesNotExist()
    {
        ChatResponse response = await fixture.AnswerAsync(
            ChatFixture.Whole("""
                {"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,
                "tool_calls":[{"id":"1","type":"function","function":{"name":"get_news","arguments":"{}"}}]}}
                """),
            Tools);
        Assert.Equal("get_news", Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()).Name);
    }
}
