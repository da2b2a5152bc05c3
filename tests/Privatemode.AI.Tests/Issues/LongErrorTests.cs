using System.ClientModel;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Model servers repeat the request they reject, attachments included, once for each mistake in it.</summary>
public sealed class LongErrorTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    [Theory]
    [InlineData(400, false)]
    [InlineData(400, true)]
    [InlineData(422, false)]
    public async Task Error_LongerThanAMebibyte_IsNotReportedAsTampering(int status, bool streamed)
    {
        _ = fixture.Deployment.Model.ReplyWithError(status, new string('x', 3_000_000));

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => streamed ? fixture.StreamAsync() : fixture.Chat.GetResponseAsync("hi")).WaitAsync(TestTime.Limit);

        Assert.Equal((ServiceFailureReason.InvalidRequest, status), (exception.Reason, exception.Status));
        Assert.Null(exception.ServerMessage);
        Assert.False(exception.IsServerMessageAuthenticated);
        Assert.NotNull(exception.RequestId);
        Assert.Contains("too long to be read", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(nameof(exception.ServerMessage), exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Error_LongAndPassing_IsTriedAgain()
    {
        _ = fixture.Deployment.Model.ReplyWithError(503, new string('x', 3_000_000)).Then.Reply("now");

        Assert.Equal("now", (await fixture.Chat.GetResponseAsync("hi").WaitAsync(TestTime.Limit)).Text);
    }

    [Fact]
    public async Task Error_OfAFewHundredKilobytes_IsReadWhole()
    {
        _ = fixture.Deployment.Model.ReplyWithError(400, new string('x', 400_000));

        PrivatemodeServiceException exception =
            await Assert.ThrowsAsync<PrivatemodeServiceException>(() => fixture.Chat.GetResponseAsync("hi")).WaitAsync(TestTime.Limit);

        Assert.Equal(400_000, exception.ServerMessage!.Length);
        Assert.True(exception.IsServerMessageAuthenticated);
    }

    [Fact]
    public async Task PlainClient_LongError_ThrowsItsOwnExceptionWithTheStatus()
    {
        _ = fixture.Deployment.Model.ReplyWithError(400, new string('x', 3_000_000));

        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(
            () => fixture.Client.OpenAI.GetChatClient(ChatFixture.Model).CompleteChatAsync([new UserChatMessage("hi")])).WaitAsync(TestTime.Limit);

        Assert.Equal(400, exception.Status);
    }
}
