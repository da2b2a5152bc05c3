using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Testing;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using OpenAIReason = OpenAI.Chat.ChatFinishReason;

namespace Privatemode.AI.Tests.Chat;

public sealed class FinishReasonTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Theory]
    [InlineData("stop", "stop")]
    [InlineData("length", "length")]
    [InlineData("tool_calls", "tool_calls")]
    [InlineData("function_call", "tool_calls")]
    [InlineData("content_filter", "content_filter")]
    [InlineData("STOP", "stop")]

    // OpenAI's parser throws on these.
    [InlineData("repetition", "repetition")]
    [InlineData("eos_token", "eos_token")]
    [InlineData("Weird \"one\" ä", "Weird \"one\" ä")]
    public async Task FinishReason_KnownOrNot_IsTold(string reason, string expected)
    {
        _ = fixture.Deployment.Model.Reply("text").WithFinishReason(reason);
        ChatResponse whole = await fixture.Chat.GetResponseAsync("hi");
        _ = fixture.Deployment.Model.Reply("text").WithFinishReason(reason);
        ChatResponse streamed = (await fixture.StreamAsync()).ToChatResponse();

        foreach (ChatResponse response in (ChatResponse[])[whole, streamed])
        {
            Assert.Equal(new ChatFinishReason(expected), response.FinishReason);
            Assert.Equal("text", response.Text);
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    public async Task FinishReason_MissingFromAWholeAnswer_IsNull(string reason)
    {
        ChatResponse response = await fixture.AnswerAsync(
            ChatFixture.Whole($$$"""{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":{{{reason}}}}"""));

        Assert.Null(response.FinishReason);
        Assert.Equal("x", response.Text);
    }

    /// <summary>Some servers write an empty reason where others write null.</summary>
    [Fact]
    public async Task FinishReason_EmptyOnEarlierEvents_IsNotOne()
    {
        List<ChatResponseUpdate> updates = await fixture.StreamAsync(
            ChatFixture.Delta("""{"content":"a"}""", "\"\""), ChatFixture.Delta("""{"content":"b"}""", "\"\""), ChatFixture.Delta("{}", "\"stop\""));

        Assert.Equal([null, null, ChatFinishReason.Stop], updates.Select(update => update.FinishReason));
        Assert.Equal("ab", updates.ToChatResponse().Text);
    }

    [Fact]
    public async Task FinishReason_OnlyEmpty_IsATruncatedStream()
    {
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(
            () => fixture.StreamAsync(ChatFixture.Delta("""{"content":"a"}""", "\"\""), ChatFixture.Delta("""{"content":"b"}""", "\"\"")));

        Assert.Equal("truncated-stream", exception.ErrorType);
    }

    [Fact]
    public async Task FinishReason_RemovedFromAStream_IsATruncatedStream()
    {
        _ = fixture.Deployment.Model.Reply("one two three");
        fixture.Deployment.Faults.Inject(Fault.RemoveFinishEvent);

        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => fixture.StreamAsync());

        Assert.Equal("truncated-stream", exception.ErrorType);
        Assert.DoesNotContain("two", exception.ToString());
    }

    [Fact]
    public async Task FinishReason_Streamed_StaysFromWhereItCame()
    {
        _ = fixture.Deployment.Model.Reply("one two").WithToolCall("f", "{}");

        List<ChatResponseUpdate> updates = await fixture.StreamAsync();

        ChatFinishReason?[] reasons = [.. updates.Select(update => update.FinishReason)];
        int first = Array.FindIndex(reasons, reason => reason is not null);
        Assert.InRange(first, 1, reasons.Length - 2);
        Assert.All(reasons[first..], reason => Assert.Equal(ChatFinishReason.ToolCalls, reason));
    }

    /// <summary>vLLM ends a generation it gives up with these, then writes the end mark as if all were well.</summary>
    [Theory]
    [InlineData("abort")]
    [InlineData("error")]
    public async Task FinishReason_OfAnAnswerBrokenOff_IsAServiceFailure(string reason)
    {
        _ = fixture.Deployment.Model.Reply("canary").WithFinishReason(reason);
        PrivatemodeServiceException whole = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => fixture.Chat.GetResponseAsync("hi"));

        _ = fixture.Deployment.Model.Reply("canary text").WithFinishReason(reason);
        List<ChatResponseUpdate> updates = [];
        PrivatemodeServiceException streamed = await Assert.ThrowsAsync<PrivatemodeServiceException>(async () =>
        {
            await foreach (ChatResponseUpdate update in fixture.Chat.GetStreamingResponseAsync("hi"))
            {
                updates.Add(update);
            }
        });

        Assert.Equal("canary text", updates.ToChatResponse().Text);
        foreach (PrivatemodeServiceException exception in (PrivatemodeServiceException[])[whole, streamed])
        {
            Assert.Equal(ServiceFailureReason.Unavailable, exception.Reason);
            Assert.Equal(reason, exception.ErrorCode);
            Assert.NotNull(exception.RequestId);
            Assert.DoesNotContain("canary", exception.ToString());
        }
    }

    /// <summary>Users of the OpenAI client get an answer that says it may not be whole, without members that no server wrote.</summary>
    [Fact]
    public async Task FinishReason_UnknownToTheOpenAIClient_IsLength()
    {
        _ = fixture.Deployment.Model.Reply("text").WithFinishReason("repetition");

        ChatCompletion completion = await fixture.Client.OpenAI.GetChatClient(ChatFixture.Model).CompleteChatAsync(new UserChatMessage("hi"));

        Assert.Equal(OpenAIReason.Length, completion.FinishReason);
        Assert.DoesNotContain("repetition", ModelReaderWriter.Write(completion).ToString(), StringComparison.Ordinal);
    }
}
