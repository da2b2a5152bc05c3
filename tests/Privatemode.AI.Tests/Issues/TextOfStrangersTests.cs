using System.ClientModel;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Text that anybody on the way can write must not put control characters into exceptions, which end up in logs.</summary>
public sealed class TextOfStrangersTests : IAsyncLifetime
{
    private const string ChatPath = "/v1/chat/completions";
    private const string AttestPath = "/privatemode/v1/attest";
    private const string Forged = "\u001b[2K\u001b[1A ERROR forged";

    private PrivatemodeTestDeployment _deployment = null!;

    /// <summary>Answers that are not HTTP. The platform's handler quotes what it could not read.</summary>
    public static TheoryData<string, string> GarbledAnswers
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string path in (string[])[ChatPath, AttestPath])
            {
                data.Add(path, $"HTTP/1.1 abc {Forged}\r\n\r\n");
                data.Add(path, $"{Forged}\r\n\r\n");
                data.Add(path, $"HTTP/1.1 200 OK\r\n{Forged}\r\n\r\n");
                data.Add(path, $"HTTP/1.1 200 OK\r\nX{Forged}: a\r\n\r\n");
                data.Add(path, $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{Forged}\r\n");
                data.Add(path, $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}{Forged}\r\n");
                data.Add(path, $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{Forged}\r\n\r\n");
            }

            return data;
        }
    }

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [MemberData(nameof(GarbledAnswers))]
    public async Task GarbledAnswer_TheExceptionDoesNotQuoteIt(string path, string answer)
    {
        await using LoopbackHop hop = NewHop(path, async exchange =>
        {
            await exchange.WriteAsync(answer);
            exchange.End(resets: false);
        });
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.Endpoint = hop.Endpoint);
        Exception exception = await Assert.ThrowsAnyAsync<PrivatemodeException>(
            () => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout());
        Assert.DoesNotContain("forged", exception.ToString(), StringComparison.Ordinal);

        exception = await Assert.ThrowsAnyAsync<Exception>(
            () => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChatAsync([new UserChatMessage("hi")]).OrTimeout());
        Assert.DoesNotContain("forged", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusedKeyExchange_ControlCharactersAreNotTakenOver()
    {
        await using LoopbackHop hop = NewHop(AttestPath, exchange => exchange.AnswerAsync(403, $"no{Forged}\r\n\u202Eabc"));
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.Endpoint = hop.Endpoint);
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => client.ConnectAsync().OrTimeout());
        Assert.Equal("no [2K [1A ERROR forged   abc", exception.ServerMessage);
    }

    [Fact]
    public async Task ReasonPhrase_WithControlCharacters_IsTreatedAsAbsent()
    {
        await using LoopbackHop hop = NewHop(ChatPath, exchange => exchange.WriteAsync(
            $"HTTP/1.1 400 no{Forged}\r\nContent-Type: application/json\r\nPrivatemode-Encrypted: false\r\nContent-Length: 2\r\n\r\n{{}}"));
        await using PrivatemodeClient client = _deployment.CreateClient(options => options.Endpoint = hop.Endpoint);
        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(
            () => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChatAsync([new UserChatMessage("hi")]).OrTimeout());
        Assert.Equal("Bad Request", exception.GetRawResponse()!.ReasonPhrase);
        Assert.DoesNotContain("forged", exception.ToString(), StringComparison.Ordinal);
    }

    private LoopbackHop NewHop(string path, Func<LoopbackHop.Exchange, Task> answer) => new(_deployment.Endpoint, async exchange =>
    {
        if (exchange.Path == path)
        {
            await answer(exchange);
        }

        return exchange.Path == path;
    });
}
