using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Calls;

public sealed class ManyChatsTests
{
    private const int Chats = 1000;
    private const int Forgettings = 20;

    [Fact]
    public async Task Chats_ThousandOverEightConnectionsWhileTheSecretIsForgotten_AreAllAnswered()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(new() { RecordRequests = false });
        int answered = 0;
        int forgotten = 0;
        deployment.Model.SetFallback(request =>
        {
            if (Interlocked.Increment(ref answered) % (Chats / Forgettings) == 0 && Interlocked.Increment(ref forgotten) <= Forgettings)
            {
                deployment.ForgetSecrets();
            }

            return ScriptedAnswer.Text($"re: {LastUserText(request)}");
        });
        PrivatemodeOptions options = new();
        deployment.ConfigureClient(options);
        using SocketsHttpHandler handler = options.LimitConnections(8);
        await using PrivatemodeClient client = new(options);
        IChatClient chat = client.AsIChatClient("gpt-oss-120b");

        string[] texts = await Task.WhenAll(
            Enumerable.Range(0, Chats).Select(i => i % 2 == 0 ? AskAsync(chat, i) : StreamAsync(chat, i))).OrTimeout();

        Assert.Equal(Enumerable.Range(0, Chats).Select(i => $"re: chat {i}"), texts);
        Assert.True(forgotten >= Forgettings, $"The secret was forgotten {forgotten} times only.");
        Assert.Equal(1, PeakConcurrentKeyExchanges(deployment));
        Assert.InRange(deployment.KeyExchangeCount, 2, Forgettings + 1);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_PeakConcurrentKeyExchanges")]
    private static extern int PeakConcurrentKeyExchanges(PrivatemodeTestDeployment deployment);

    private static async Task<string> AskAsync(IChatClient chat, int i) => (await chat.GetResponseAsync($"chat {i}")).Text;

    private static async Task<string> StreamAsync(IChatClient chat, int i) =>
        (await chat.GetStreamingResponseAsync($"chat {i}").ToChatResponseAsync()).Text;

    private static string LastUserText(RecordedRequest request)
    {
        using System.Text.Json.JsonDocument body = System.Text.Json.JsonDocument.Parse(request.DecryptedBody!);
        return body.RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!;
    }
}
