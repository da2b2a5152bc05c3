using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>What an exception advises must fit its cause.</summary>
public sealed class MisleadingAdviceTests
{
    public static TheoryData<string> BrokenHeads =>
    [
        $"HTTP/1.1 200 OK\r\nX-Large: {new string('x', 100_000)}\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno header at all\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
    ];

    [Theory]
    [MemberData(nameof(BrokenHeads))]
    public async Task Call_OversizedOrGarbledHeader_DoesNotBlameTheNetwork(string head)
    {
        (Uri address, Task serving) = Serve(head);
        using HttpClient http = new();
        using HttpClientPipelineTransport transport = new(http);
        using PipelineMessage message = transport.CreateMessage();
        message.Request.Uri = address;
        ClientResultException raw = await Assert.ThrowsAsync<ClientResultException>(() => transport.ProcessAsync(message).AsTask().OrTimeout());
        await serving.OrTimeout();
        AssertAdvice(Assert.IsType<PrivatemodeServiceException>(ServiceErrors.Map(raw)));
    }

    [Theory]
    [MemberData(nameof(BrokenHeads))]
    public async Task KeyExchange_OversizedOrGarbledHeader_DoesNotBlameTheNetwork(string head)
    {
        (Uri address, Task serving) = Serve(head);
        using HttpClient http = new();
        AssertAdvice(await Assert.ThrowsAsync<PrivatemodeServiceException>(() => new BoundedHttpClient(http, TimeProvider.System)
            .SendAsync(new HttpRequestMessage(HttpMethod.Get, address), 1000, "the key exchange", async: true, default).AsTask().OrTimeout()));
        await serving.OrTimeout();
    }

    [Theory]
    [InlineData(201)]
    [InlineData(204)]
    [InlineData(206)]
    public void StatusThatIsNoAnswer_DoesNotAskForAnotherRequest(int status)
    {
        PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(ServiceErrors.From(new ServiceError(status)));
        Assert.DoesNotContain("Change the request", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Endpoint", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PartialContent_IsNoAnswer()
    {
        using AnsweringNetwork network = new();
        using StringContent body = new("""{"model":"m","input":["hi"]}""", Encoding.UTF8, "application/json");
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => network.SendAsync(
            "/v1/embeddings", body, 206,
            seal => $$"""{"created":{{seal("1")}},"data":{{seal("[]")}},"model":{{seal("\"m\"")}},"object":{{seal("\"list\"")}}}"""));
        Assert.Equal(206, exception.Status);
        Assert.Contains("Endpoint", exception.Message, StringComparison.Ordinal);
    }

    private static void AssertAdvice(PrivatemodeServiceException exception)
    {
        Assert.DoesNotContain("Check the network", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("could not be reached", exception.Message, StringComparison.Ordinal);
        Assert.Contains("header", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Answers one connection with these bytes.</summary>
    private static (Uri Address, Task Serving) Serve(string answer)
    {
        TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return (new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"), ServeAsync());

        async Task ServeAsync()
        {
            using (listener)
            {
                using Socket socket = await listener.AcceptSocketAsync();
                _ = await socket.ReceiveAsync(new byte[4096]);
                _ = await socket.SendAsync(Encoding.ASCII.GetBytes(answer));
                socket.Shutdown(SocketShutdown.Send);
                try
                {
                    _ = await socket.ReceiveAsync(new byte[1]);
                }
                catch (SocketException)
                {
                    // The client hangs up on what it does not understand.
                }
            }
        }
    }
}
