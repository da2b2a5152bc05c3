using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests;

/// <summary>A client that is disposed while its streams are read: its keys are cleared, and no stream gives a wrong or a short answer.</summary>
public sealed class DisposedClientTests : DeploymentTest
{
    private const int Rounds = 10;
    private const int Streams = 4;

    [Fact]
    public async Task Streams_ClientIsDisposedMeanwhile_EndCompleteOrWithAnException()
    {
        string answer = string.Join(' ', Enumerable.Range(0, 400));
        for (int round = 0; round < Rounds; round++)
        {
            PrivatemodeClient client = Deployment.CreateClient();
            IChatClient chat = client.AsIChatClient(ModelId);
            using SemaphoreSlim begun = new(0);
            for (int i = 0; i < Streams; i++)
            {
                _ = Deployment.Model.Reply(answer);
            }

            Task<(string Text, Exception? Failure)>[] streams = [.. Enumerable.Range(0, Streams).Select(_ => Task.Run(() => ReadAsync(chat, begun)))];
            for (int i = 0; i < Streams; i++)
            {
                await begun.WaitAsync().OrTimeout();
            }

            await client.DisposeAsync();
            foreach ((string text, Exception? failure) in await Task.WhenAll(streams).OrTimeout())
            {
                Assert.StartsWith(text, answer, StringComparison.Ordinal);
                Assert.True(failure is null ? text == answer : failure is ObjectDisposedException or OperationCanceledException, failure?.ToString());
            }
        }
    }

    private static async Task<(string Text, Exception? Failure)> ReadAsync(IChatClient chat, SemaphoreSlim begun)
    {
        string text = "";
        Exception? failure = await Record.ExceptionAsync(async () =>
        {
            await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync("hi"))
            {
                if (text.Length == 0 && update.Text.Length > 0)
                {
                    _ = begun.Release();
                }

                text += update.Text;
            }
        });
        return (text, failure);
    }
}
