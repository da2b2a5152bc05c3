using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Chat;

namespace Privatemode.AI.Tests.Testing;

public sealed class ScriptedAnswerTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Fact]
    public async Task WithRawJson_UnaryCall_IsTheAnswerAsItStands()
    {
        ChatResponse response = await fixture.AnswerAsync(
            ChatFixture.Whole("""{"index":0,"message":{"role":"assistant","content":"by hand"},"finish_reason":"stop","odd":7}"""));

        Assert.Equal("by hand", response.Text);
        ChatCompletion raw = Assert.IsType<ChatCompletion>(response.RawRepresentation);
        Assert.True(raw.Patch.TryGetValue("$.choices[0].odd"u8, out int odd));
        Assert.Equal(7, odd);
        Assert.DoesNotContain("by hand", fixture.Deployment.Requests[^1].WireResponseText);
    }

    [Fact]
    public async Task WithRawEvents_StreamedCall_AreTheEventsAsTheyStand()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Delta("""{"role":"assistant","content":"by "}"""), ChatFixture.Delta("""{"content":"hand"}""", "\"length\""));

        Assert.Equal(2, updates.Count);
        Assert.Equal("by hand", updates.ToChatResponse().Text);
        Assert.DoesNotContain("by hand", fixture.Deployment.Requests[^1].WireResponseText);
    }

    [Fact]
    public async Task WithRawJsonAndEvents_EitherCall_TakesItsOwn()
    {
        ScriptedAnswer Both() => fixture.Deployment.Model.Reply("neither")
            .WithRawJson(ChatFixture.Whole("""{"index":0,"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}"""))
            .WithRawEvents(ChatFixture.Delta("""{"content":"event"}""", "\"stop\""));

        _ = Both();
        Assert.Equal("whole", (await fixture.Chat.GetResponseAsync("hi")).Text);
        _ = Both();
        Assert.Equal("event", (await fixture.StreamAsync()).ToChatResponse().Text);
    }
}
