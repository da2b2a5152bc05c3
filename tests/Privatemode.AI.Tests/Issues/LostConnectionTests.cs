using System.Globalization;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>An answer that is refused by its status gives its connection back: otherwise a few of them use up all connections there are.</summary>
public sealed class LostConnectionTests
{
    private const string Path = "/v1/chat/completions";

    [Theory]
    [InlineData(307, "whole")]
    [InlineData(307, "streamed")]
    [InlineData(307, "synchronous")]
    [InlineData(300, "whole")]
    [InlineData(999, "whole")]
    [InlineData(999, "streamed")]
    [InlineData(999, "synchronous")]
    public async Task AnswerOfARefusedStatus_WithABody_GivesItsConnectionBack(int status, string way)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        bool refuses = true;
        await using LoopbackHop hop = new(deployment.Endpoint, async exchange =>
        {
            bool isRefused = refuses && exchange.Path == Path;
            if (isRefused)
            {
                await exchange.WriteAsync(string.Create(
                    CultureInfo.InvariantCulture, $"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 100000\r\n\r\nhello"));
            }

            return isRefused;
        });
        PrivatemodeOptions options = new();
        deployment.ConfigureClient(options);
        options.Endpoint = hop.Endpoint;
        using SocketsHttpHandler handler = options.LimitConnections(1);
        await using PrivatemodeClient client = new(options);
        _ = await Assert.ThrowsAnyAsync<PrivatemodeException>(() => AskAsync(client, way));
        refuses = false;
        Assert.Equal("You said: hi", await AskAsync(client, way));
    }

    private static async Task<string> AskAsync(PrivatemodeClient client, string way)
    {
        IChatClient chat = client.AsIChatClient("gpt-oss-120b");
        return way switch
        {
            "whole" => (await chat.GetResponseAsync("hi").OrTimeout()).Text,
            "streamed" => (await chat.GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout()).Text,
            _ => await TestTimeouts.OnOwnThread(() => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat("hi").Value.Content[0].Text),
        };
    }
}
