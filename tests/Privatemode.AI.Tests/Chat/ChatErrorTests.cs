using System.ClientModel;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Chat;

/// <summary>Whatever goes wrong, callers catch exceptions of this library, which say nothing of prompt or answer.</summary>
public sealed class ChatErrorTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Canary = "canary";

    public static TheoryData<int, ServiceFailureReason> Statuses => new()
    {
        { 400, ServiceFailureReason.InvalidRequest },
        { 404, ServiceFailureReason.ModelUnavailable },
        { 422, ServiceFailureReason.InvalidRequest },
        { 500, ServiceFailureReason.Other },
    };

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task ModelError_IsAServiceExceptionWithTheWordsApart(int status, ServiceFailureReason reason)
    {
        foreach (bool streamed in (bool[])[false, true])
        {
            _ = fixture.Deployment.Model.ReplyWithError(status, $"{Canary}: your prompt was ...", "some_code");

            PrivatemodeServiceException exception = await Assert.ThrowsAnyAsync<PrivatemodeServiceException>(() => CallAsync(streamed));

            Assert.Equal(reason == ServiceFailureReason.ModelUnavailable, exception is PrivatemodeModelUnavailableException);
            Assert.Equal(reason, exception.Reason);
            Assert.Equal(status, exception.Status);
            Assert.Equal("some_code", exception.ErrorCode);
            Assert.Equal($"{Canary}: your prompt was ...", exception.ServerMessage);
            Assert.True(exception.IsServerMessageAuthenticated);
            Assert.NotNull(exception.RequestId);
            Assert.DoesNotContain(Canary, exception.ToString());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ApiKey_Rejected_IsAConfigurationException(bool streamed)
    {
        fixture.Deployment.Faults.Inject(Fault.UnencryptedError(401, Canary));

        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => CallAsync(streamed));

        Assert.Equal("ApiKey", exception.Setting);
        Assert.DoesNotContain(Canary, exception.ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_TamperedWith_IsAnIntegrityException(bool streamed)
    {
        _ = fixture.Deployment.Model.Reply($"{Canary} one two three");
        fixture.Deployment.Faults.Inject(Fault.TamperEvent(streamed ? 2 : 0));

        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => CallAsync(streamed));

        Assert.DoesNotContain(Canary, exception.ToString());
    }

    [Fact]
    public async Task ErrorInBetween_IsAServiceExceptionAfterWhatCameBefore()
    {
        _ = fixture.Deployment.Model.Reply("one two three four");
        fixture.Deployment.Faults.Inject(Fault.ReplaceEventWithError(3, Canary));
        List<ChatResponseUpdate> updates = [];

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(async () =>
        {
            await foreach (ChatResponseUpdate update in fixture.Chat.GetStreamingResponseAsync("hi"))
            {
                updates.Add(update);
            }
        });

        Assert.Equal("one two", updates.ToChatResponse().Text);
        Assert.Equal(Canary, exception.ServerMessage);
        Assert.Equal("500", exception.ErrorCode);
        Assert.DoesNotContain(Canary, exception.ToString());
    }

    /// <summary>OpenAI's parser quotes what it does not understand in its exceptions, of five different types.</summary>
    [Theory]
    [InlineData("""{"index":0,"message":{"role":"assistant","content":[{"type":"text","text":{"canary":1}}]},"finish_reason":"stop"}""")]
    [InlineData("""{"index":0,"message":{"role":"assistant","tool_calls":[{"id":"c","type":"canary"}]},"finish_reason":"tool_calls"}""")]
    [InlineData("""{"index":0,"message":{"role":"assistant","tool_calls":[{"id":"c","function":{"name":{"canary":1}}}]},"finish_reason":"stop"}""")]
    [InlineData("""{"index":0,"message":{"role":"assistant","audio":{"data":"canary!"}},"finish_reason":"stop"}""")]
    [InlineData("")]
    public async Task WholeAnswer_ThatTheParserCannotRead_IsAServiceException(string choice)
    {
        PrivatemodeServiceException exception =
            await Assert.ThrowsAsync<PrivatemodeServiceException>(() => fixture.AnswerAsync(ChatFixture.Whole(choice)));

        Assert.Equal(ServiceFailureReason.Other, exception.Reason);
        Assert.Null(exception.InnerException);
        Assert.DoesNotContain(Canary, exception.ToString());
    }

    [Theory]
    [InlineData("""{"content":[{"type":"text","text":{"canary":1}}]}""")]
    [InlineData("""{"tool_calls":[{"index":0,"id":"c","type":"canary"}]}""")]
    [InlineData("""{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":{"canary":1}}}]}""")]
    [InlineData("""{"audio":{"data":"canary!"}}""")]
    public async Task Event_ThatTheParserCannotRead_IsAServiceException(string delta)
    {
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => fixture.StreamAsync(ChatFixture.Delta("""{"content":"a"}"""), ChatFixture.Delta(delta), ChatFixture.Delta("{}", "\"stop\"")));

        Assert.Equal(ServiceFailureReason.Other, exception.Reason);
        Assert.Null(exception.InnerException);
        Assert.DoesNotContain(Canary, exception.ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Service_Unreachable_IsOneServiceExceptionNotACollection(bool streamed)
    {
        PrivatemodeTestDeployment gone = await PrivatemodeTestDeployment.StartAsync();
        await using PrivatemodeClient client = gone.CreateClient(options => options.TimeProvider = new Fakes.ImmediateTimeProvider());
        await client.ConnectAsync();
        await gone.DisposeAsync();

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => CallAsync(streamed, client.AsIChatClient(ChatFixture.Model)));

        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
        Assert.False(exception.InnerException is AggregateException or ClientResultException);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_Disposed_IsAnObjectDisposedException(bool streamed)
    {
        PrivatemodeClient client = fixture.Deployment.CreateClient();
        IChatClient chat = client.AsIChatClient(ChatFixture.Model);
        await client.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => CallAsync(streamed, chat));
    }

    private Task CallAsync(bool streamed, IChatClient? chat = null)
    {
        chat ??= fixture.Chat;
        Task call = streamed ? chat.GetStreamingResponseAsync("hi").ToChatResponseAsync() : chat.GetResponseAsync("hi");
        return call.WaitAsync(TestTime.Limit);
    }
}
