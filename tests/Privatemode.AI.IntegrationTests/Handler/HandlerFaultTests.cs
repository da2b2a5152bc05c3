using System.Net;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Handler;

/// <summary>Whatever is done to an answer on its way: an exception of this library's, unwrapped, never a short or a wrong answer.</summary>
public sealed class HandlerFaultTests : HandlerTest
{
    private const string Answer = "one two three four";

    public static TheoryData<string, Fault, string> StreamFaults => new()
    {
        { "tampered", Fault.TamperEvent(3), "not-authentic" },
        { "dropped", Fault.DropEvent(2), "not-authentic" },
        { "duplicated", Fault.DuplicateEvent(3), "not-authentic" },
        { "cut inside an event", Fault.TruncateEvent(2), "truncated-stream" },
        { "no end mark", Fault.RemoveEndMarker, "truncated-stream" },
        { "connection cut", Fault.CutConnection(1500), "truncated-stream" },
        { "member in the clear", Fault.UnencryptedEvent(2), "unsealed-member" },
        { "whole answer in the clear", Fault.UnencryptedSuccess(), "unexpected-form" },
        { "whole answer in the clear, as it says", Fault.UnencryptedSuccess(withHeader: true), "unsealed-answer" },
    };

    public static TheoryData<string, Fault, string> WholeFaults => new()
    {
        { "tampered", Fault.TamperEvent(0), "not-authentic" },
        { "in the clear", Fault.UnencryptedSuccess(), "unsealed-member" },
        { "in the clear, as it says", Fault.UnencryptedSuccess(withHeader: true), "unsealed-answer" },
        { "a member in the clear", Fault.UnencryptedEvent(0), "unsealed-member" },
        { "cut", Fault.CutConnection(40), "truncated-answer" },
        { "reflected", Fault.ReflectRequest, "reflected" },
        { "under another status", Fault.ChangeStatus(404), "relabelled-answer" },
    };

    [Theory]
    [MemberData(nameof(StreamFaults))]
    public async Task Stream_Tampered_IsAnIntegrityException(string name, Fault fault, string failure)
    {
        foreach (string path in (string[])[ChatPath, MessagesPath])
        {
            Deployment.Model.Reply(Answer);
            Deployment.Faults.Inject(fault);
            using HttpRequestMessage request = Post(path, path == ChatPath ? ChatBody(stream: true) : MessageBody(stream: true));
            (_, string text, Exception? exception) = await ReadAsync(request);
            Assert.Equal((name, path, failure), (name, path, Assert.IsType<PrivatemodeIntegrityException>(exception).ErrorType));
            Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
            Assert.DoesNotContain("message_stop", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(WholeFaults))]
    public async Task Whole_Tampered_IsAnIntegrityExceptionBeforeTheResponse(string name, Fault fault, string failure)
    {
        foreach (string path in (string[])[ChatPath, MessagesPath])
        {
            Deployment.Faults.Inject(fault);
            using HttpRequestMessage request = Post(path, path == ChatPath ? ChatBody() : MessageBody());
            (HttpResponseMessage? response, _, Exception? exception) = await ReadAsync(request);
            Assert.Equal((name, path, failure), (name, path, Assert.IsType<PrivatemodeIntegrityException>(exception).ErrorType));
            Assert.Null(response);
        }
    }

    /// <summary>As the library would have it that does not ask for a stream: HttpClient itself reads to the end, and wraps what it knows.</summary>
    [Fact]
    public async Task Stream_BufferedByHttpClient_FailsUnwrapped()
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(Fault.TamperEvent(3));
        using HttpRequestMessage request = Post(ChatPath, ChatBody(stream: true));
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => Http.SendAsync(request).OrTimeout());
        Assert.Equal("not-authentic", exception.ErrorType);
    }

    [Fact]
    public async Task SynchronousStream_Tampered_IsAnIntegrityException()
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(Fault.RemoveEndMarker);
        using HttpRequestMessage request = Post(ChatPath, ChatBody(stream: true));
        Exception? failure = await TestTimeouts.OnOwnThread(() => Record.Exception(() =>
        {
            using HttpResponseMessage response = Http.Send(request, HttpCompletionOption.ResponseHeadersRead);
            using StreamReader reader = new(response.Content.ReadAsStream());
            _ = reader.ReadToEnd();
        }));
        Assert.Equal("truncated-stream", Assert.IsType<PrivatemodeIntegrityException>(failure).ErrorType);
    }

    [Fact]
    public async Task Stream_ErrorEvent_IsAServiceException()
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(Fault.ReplaceEventWithError(3, Sentinel.Text));
        using HttpRequestMessage request = Post(ChatPath, ChatBody(stream: true));
        (_, string text, Exception? exception) = await ReadAsync(request);
        PrivatemodeServiceException service = Assert.IsType<PrivatemodeServiceException>(exception);
        Assert.Equal((Sentinel.Text, true), (service.ServerMessage, service.IsServerMessageAuthenticated));
        Assert.Contains("one", text, StringComparison.Ordinal);
        Assert.Empty(Sentinel.FoundIn(exception.ToString()));
    }

    [Fact]
    public async Task Error_Encrypted_IsAResponseThatSaysSo()
    {
        Deployment.Faults.Inject(Fault.EncryptedError(422, "no such thing"));
        using HttpRequestMessage request = Post(ChatPath, ChatBody());
        (HttpResponseMessage? response, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response!.StatusCode);
        Assert.Equal(["true"], response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName));
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        Assert.Contains("no such thing", text, StringComparison.Ordinal);
        Assert.NotNull(response.GetPrivatemodeReceipt());
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Error_InTheClear_IsAResponseThatSaysSoAndNotTriedAgain(int status)
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(status, "go away", TimeSpan.FromHours(1)));
        using HttpRequestMessage request = Post(ChatPath, ChatBody(stream: true));
        (HttpResponseMessage? response, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.Equal(status, (int)response!.StatusCode);
        Assert.Equal(["false"], response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName));
        Assert.Equal(TimeSpan.FromMinutes(1), response.Headers.RetryAfter!.Delta);
        Assert.Contains("go away", text, StringComparison.Ordinal);
        Assert.Null(response.GetPrivatemodeReceipt());
        Assert.Single(Deployment.Requests);
    }

    [Fact]
    public async Task Send_NewerFormat_SaysThatTheClientIsTooOld()
    {
        Deployment.Faults.Inject(Fault.NewerResponseFormat);
        using HttpRequestMessage request = Post(ChatPath, ChatBody());
        (_, _, Exception? failure) = await ReadAsync(request);
        Assert.Equal(ServiceFailureReason.ClientTooOld, Assert.IsType<PrivatemodeServiceException>(failure).Reason);
    }

    [Fact]
    public async Task Stream_PausesTooLong_IsATimeoutAndNotSentAgain()
    {
        Deployment.Model.Reply(Answer);
        Deployment.Faults.Inject(Fault.StallBeforeEvent(3));
        using HttpRequestMessage request = Post(ChatPath, ChatBody(stream: true));
        Task<(HttpResponseMessage? Response, string Text, Exception? Failure)> reading = ReadAsync(request);
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(100)).OrTimeout();
        while (!reading.IsCompleted)
        {
            // Each event sets the timer anew; only the last one is not followed by another.
            Time.Advance(TimeSpan.FromSeconds(100));
            await Task.Yield();
        }

        (_, _, Exception? failure) = await reading;
        Assert.Equal(ServiceFailureReason.Timeout, Assert.IsType<PrivatemodeServiceException>(failure).Reason);
        Assert.Single(Deployment.Requests);
    }
}
