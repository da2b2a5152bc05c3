using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Pipeline.Answers;

/// <summary>Whatever is done to a streamed answer on its way: an error, never a short or a wrong answer.</summary>
public sealed class StreamFaultTests : DeploymentTest
{
    // Event 0 carries the role, 1 to 4 a word each, 5 the finish, 6 the usage.
    private const string Answer = "one two three four";

    public static TheoryData<string, Fault, string, string> Faults => new()
    {
        { "tampered", Fault.TamperEvent(3), "not-authentic", "one two" },
        { "first tampered", Fault.TamperEvent(0), "not-authentic", "" },
        { "usage tampered", Fault.TamperEvent(6), "not-authentic", Answer },
        { "dropped", Fault.DropEvent(2), "not-authentic", "one" },
        { "finish dropped", Fault.DropEvent(5), "not-authentic", Answer },
        { "duplicated", Fault.DuplicateEvent(1), "not-authentic", "one" },
        { "reordered", Fault.SwapEvents(1), "not-authentic", "" },
        { "cut inside an event", Fault.TruncateEvent(2), "truncated-stream", "one" },
        { "cut inside the finish", Fault.TruncateEvent(5), "truncated-stream", Answer },
        { "no end mark", Fault.RemoveEndMarker, "truncated-stream", Answer },
        { "end mark without a finish", Fault.RemoveFinishEvent, "truncated-stream", Answer },
        { "connection cut", Fault.CutConnection(2500), "truncated-stream", "one" },
        { "member in the clear", Fault.UnencryptedEvent(2), "unsealed-member", "one" },
        { "reflected", Fault.ReflectRequest, "reflected", "" },
        { "whole answer in the clear", Fault.UnencryptedSuccess(), "unexpected-form", "" },
        { "whole answer in the clear and marked", Fault.UnencryptedSuccess(withHeader: true), "unsealed-answer", "" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Stream_Fault_ThrowsAfterWhatWasAuthentic(string name, Fault fault, string failure, string text)
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(fault);
        (string received, Exception? exception) = await StreamAsync();
        PrivatemodeIntegrityException integrity = Assert.IsType<PrivatemodeIntegrityException>(exception);
        Assert.Equal((name, failure), (name, integrity.ErrorType));
        Assert.Equal("/v1/chat/completions", integrity.EndpointPath);
        Assert.StartsWith("sdk_", integrity.RequestId, StringComparison.Ordinal);
        Assert.Equal(text, received);
        Assert.Single(Deployment.Requests);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task SynchronousStream_Fault_Throws(string name, Fault fault, string failure, string text)
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(fault);
        string received = "";
        ChatClient chat = Client.OpenAI.GetChatClient(ModelId);
        Exception? exception = await TestTimeouts.OnOwnThread(() => Record.Exception(() =>
        {
            foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreaming("hi"))
            {
                received += string.Concat(update.ContentUpdate.Select(part => part.Text));
            }
        }));
        Assert.Equal((name, failure), (name, Assert.IsType<PrivatemodeIntegrityException>(exception).ErrorType));
        Assert.Equal(text, received);
    }

    [Fact]
    public async Task Stream_ErrorEvent_IsAServiceExceptionAfterTheEventsBefore()
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(Fault.ReplaceEventWithError(3, "the enclave ran out of memory"));
        (string text, Exception? exception) = await StreamAsync();
        PrivatemodeServiceException service = Assert.IsType<PrivatemodeServiceException>(exception);
        Assert.Equal("one two", text);
        Assert.Equal("the enclave ran out of memory", service.ServerMessage);
        Assert.True(service.IsServerMessageAuthenticated);
        Assert.DoesNotContain("memory", service.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_NewerFormat_SaysThatTheClientIsTooOld()
    {
        Deployment.Faults.Inject(Fault.NewerResponseFormat);
        (_, Exception? exception) = await StreamAsync();
        PrivatemodeServiceException service = Assert.IsType<PrivatemodeServiceException>(exception);
        Assert.Equal(ServiceFailureReason.ClientTooOld, service.Reason);
        Assert.Contains("Transport.UseDangerousUnverifiedLocalProxy", service.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_PausesTooLong_IsATimeoutAndNotSentAgain()
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(Fault.StallBeforeEvent(3));
        string text = "";
        await using IAsyncEnumerator<ChatResponseUpdate> updates = Chat.GetStreamingResponseAsync("hi").GetAsyncEnumerator();
        while (text != "one two" && await updates.MoveNextAsync().AsTask().OrTimeout())
        {
            text += updates.Current.Text;
        }

        Task<bool> stalled = updates.MoveNextAsync().AsTask();
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(100)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(100));
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => stalled.OrTimeout());
        Assert.Equal(ServiceFailureReason.Timeout, exception.Reason);
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task SynchronousStream_PausesTooLong_IsATimeout()
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(Fault.StallBeforeEvent(3));
        using SemaphoreSlim reached = new(0);
        ChatClient chat = Client.OpenAI.GetChatClient(ModelId);
        Task<Exception?> streaming = TestTimeouts.OnOwnThread<Exception?>(() => Record.Exception(() =>
        {
            foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreaming("hi"))
            {
                if (update.ContentUpdate is [{ Text: " two" }])
                {
                    reached.Release();
                }
            }
        }));
        Assert.True(await reached.WaitAsync(TestTimeouts.Default));
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(100)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(ServiceFailureReason.Timeout, Assert.IsType<PrivatemodeServiceException>(await streaming).Reason);
    }

    [Fact]
    public async Task Stream_Untouched_IsWholeAndCounted()
    {
        Deployment.Model.Reply(Answer).WithUsage(new() { InputTokenCount = 11, OutputTokenCount = 7, CachedInputTokenCount = 5, ReasoningTokenCount = 3 });
        ChatResponse response = await Chat.GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout();
        Assert.Equal(Answer, response.Text);
        Assert.Equal(18, response.Usage!.TotalTokenCount);
        Assert.Equal(Microsoft.Extensions.AI.ChatFinishReason.Stop, response.FinishReason);
    }
}
