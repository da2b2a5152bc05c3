using System.Net.Sockets;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Transport;

/// <summary>What a connection says of its end, and that the platform's handler repeats requests exactly when it does so without such connections.</summary>
public sealed class ClosableConnectionTests
{
    private static readonly Uri Nowhere = new("http://127.0.0.1:9");

    [Theory]
    [InlineData("GET", false, true)]
    [InlineData("GET", false, false)]
    [InlineData("GET", true, true)]
    [InlineData("GET", true, false)]
    [InlineData("POST", false, true)]
    [InlineData("POST", false, false)]
    [InlineData("POST", true, true)]
    [InlineData("POST", true, false)]
    public async Task UsedConnection_EndsWhenARequestHasArrived_IsRepeatedByThePlatformAsWithoutIt(string method, bool resets, bool async)
    {
        (bool isAnswered, int sent, _) = await SendTwiceAsync(method, resets, async, isPrepared: false, endsBefore: false);
        (bool isAnsweredHere, int sentHere, Exception? thrown) = await SendTwiceAsync(method, resets, async, isPrepared: true, endsBefore: false);
        Assert.Equal((isAnswered, sent), (isAnsweredHere, sentHere));
        Assert.Equal(!isAnswered, thrown is not null && TransportExceptions.IsUnanswered(thrown));
        Assert.Equal(method == "GET" && !resets, isAnswered);
    }

    [Theory]
    [InlineData("GET", false, true)]
    [InlineData("POST", false, true)]
    [InlineData("POST", false, false)]
    [InlineData("POST", true, true)]
    [InlineData("POST", true, false)]
    public async Task UsedConnection_EndedBeforeTheRequest_ThePlatformTakesAnother(string method, bool resets, bool async)
    {
        (bool isAnswered, int sent, _) = await SendTwiceAsync(method, resets, async, isPrepared: true, endsBefore: true);
        Assert.Equal((true, 2), (isAnswered, sent));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EndOfAPooledConnection_BeforeTheRequestIsWritten_IsNoExceptionUntilContentIsSent(bool async)
    {
        await using ClosableConnection connection = new(new Scripted([]));
        Assert.Equal(0, await ReadAsync(connection, async));
        await WriteAsync(connection, "GET /a HTTP/1.1\r\n\r\n", async);
        Assert.Equal(0, await ReadAsync(connection, async));
        _ = await Assert.ThrowsAsync<UnansweredIOException>(() => WriteAsync(connection, "POST /a HTTP/1.1\r\n\r\n{", async));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task End_AfterAByteThatCameWhileContentWasWritten_IsNotUnanswered(bool async)
    {
        await using ClosableConnection connection = new(new Scripted([1, 0]));
        await WriteAsync(connection, "POST /a HTTP/1.1\r\n\r\n{", async);
        Assert.Equal(1, await ReadAsync(connection, async));
        await WriteAsync(connection, "more}", async);
        Assert.Equal(0, await ReadAsync(connection, async));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task End_OfTheNextRequest_IsUnansweredAgain(bool async)
    {
        await using ClosableConnection connection = new(new Scripted([1, 0]));
        await WriteAsync(connection, "POST /a HTTP/1.1\r\n\r\n{}", async);
        Assert.Equal(1, await ReadAsync(connection, async));
        await WriteAsync(connection, "POST /a HTTP/1.1\r\n\r\n{}", async);
        Assert.Equal(0, await connection.ReadAsync(Memory<byte>.Empty));
        _ = await Assert.ThrowsAsync<UnansweredIOException>(() => ReadAsync(connection, async));
    }

    [Theory]
    [InlineData(SocketError.ConnectionReset, true)]
    [InlineData(SocketError.Shutdown, true)]
    [InlineData(SocketError.TimedOut, false)]
    public async Task FailureOfAWrite_IsUnansweredIfThePeerEnded(SocketError error, bool isUnanswered)
    {
        await using ClosableConnection connection = new(new Scripted([]) { WriteFailure = new IOException(null, new SocketException((int)error)) });
        foreach (bool async in (bool[])[true, false])
        {
            IOException exception = await Assert.ThrowsAnyAsync<IOException>(() => WriteAsync(connection, "POST /a HTTP/1.1\r\n\r\n{}", async));
            Assert.Equal(isUnanswered, exception is UnansweredIOException);
        }
    }

    // The platform finds such bytes only if they are still in the socket.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BytesAfterAnAnswer_TheNextRequestIsAnsweredOrNotSent(bool async)
    {
        await using LoopbackHop hop = new(Nowhere, async exchange =>
        {
            await exchange.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n{new string('x', 20_000)}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        using SocketsHttpHandler handler = new();
        using HttpClient http = new(ClosableConnection.Prepare(handler));
        for (int i = 0; i < 4; i++)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, new Uri(hop.Endpoint, "/a")) { Content = new StringContent("{}") };
            int sent = hop.Count("/a");
            try
            {
                using HttpResponseMessage response = async
                    ? await http.SendAsync(request).OrTimeout()
                    : await TestTimeouts.OnOwnThread(() => http.Send(request));
                Assert.Equal(20_000, (await response.Content.ReadAsByteArrayAsync()).Length);
            }
            catch (HttpRequestException exception)
            {
                Assert.True(TransportExceptions.IsUnanswered(exception), exception.ToString());
                Assert.Equal(sent, hop.Count("/a"));
            }
        }
    }

    /// <summary>Sends two requests over one connection, which ends at the second one, or before it.</summary>
    private static async Task<(bool IsAnswered, int Sent, Exception? Thrown)> SendTwiceAsync(
        string method, bool resets, bool async, bool isPrepared, bool endsBefore)
    {
        int requests = 0;
        await using LoopbackHop hop = new(Nowhere, async exchange =>
        {
            int number = Interlocked.Increment(ref requests);
            if (number != 2 || endsBefore)
            {
                await exchange.AnswerAsync(200, "x");
            }

            if (number == (endsBefore ? 1 : 2))
            {
                exchange.End(resets);
            }

            return true;
        });
        Socket? first = null;
        using SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                first ??= socket;
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using HttpClient http = new(isPrepared ? ClosableConnection.Prepare(handler) : handler);
        await SendAsync();
        await TestTimeouts.UntilAsync(() => !endsBefore || first!.Poll(0, SelectMode.SelectRead));

        Exception? thrown = await Record.ExceptionAsync(SendAsync);
        return (thrown is null, hop.Count("/a"), thrown);

        async Task SendAsync()
        {
            using HttpRequestMessage request = new(new HttpMethod(method), new Uri(hop.Endpoint, "/a"))
            {
                Content = method == "POST" ? new StringContent("{}") : null,
            };
            using HttpResponseMessage response = async
                ? await http.SendAsync(request).OrTimeout()
                : await TestTimeouts.OnOwnThread(() => http.Send(request));
        }
    }

    private static async Task<int> ReadAsync(ClosableConnection connection, bool async)
    {
        byte[] buffer = new byte[8];
        return async ? await connection.ReadAsync(buffer) : connection.Read(buffer);
    }

    private static async Task WriteAsync(ClosableConnection connection, string text, bool async)
    {
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(text);
        if (async)
        {
            await connection.WriteAsync(bytes);
        }
        else
        {
            connection.Write(bytes);
        }
    }

    /// <summary>Gives so many bytes in each read, and then its end.</summary>
    private sealed class Scripted(int[] reads) : MemoryStream
    {
        private int _next;

        public Exception? WriteFailure { get; init; }

        public override int Read(Span<byte> buffer) => buffer.Length == 0 || _next == reads.Length ? 0 : reads[_next++];

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (WriteFailure is not null)
            {
                throw WriteFailure;
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            WriteFailure is null ? default : throw WriteFailure;
    }
}
