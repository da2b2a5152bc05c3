using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>
/// An HTTP/1.1 server on a loopback socket that keeps its connections open. It answers <c>/now/{id}</c> at once with the id,
/// <c>/slow/{id}</c> in two halves with a pause in between, and <c>/broken</c> with a first chunk and a second one whose extension is too long.
/// </summary>
internal sealed class SlowServer : IAsyncDisposable
{
    public const int SlowLength = 3000;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _running = [];
    private readonly Func<int, CancellationToken, ValueTask> _pause;
    private readonly string _firstChunk;

    /// <param name="pause">The pause in the answer to the id it gets.</param>
    /// <param name="firstChunk">The first chunk of a broken answer.</param>
    public SlowServer(Func<int, CancellationToken, ValueTask> pause, string firstChunk = "x")
    {
        _pause = pause;
        _firstChunk = firstChunk;
        _listener.Start();
        _running.Add(AcceptAsync());
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>The path of a slow answer: in one piece of known length, or in chunks.</summary>
    public static string Slow(int id, bool isChunked) => $"/slow/{id}/{(isChunked ? "chunked" : "length")}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Task.WhenAll(_running).OrTimeout();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _running.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            client.NoDelay = true;
            NetworkStream stream = client.GetStream();
            using StreamReader reader = new(stream, Encoding.ASCII);
            try
            {
                while (await ReadPathAsync(reader) is { } path)
                {
                    await AnswerAsync(stream, path.Split('/'));
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The client closed the connection, as it should after a read was cut off.
            }
        }
    }

    private async Task<string?> ReadPathAsync(StreamReader reader)
    {
        string? request = await reader.ReadLineAsync(_stop.Token);
        for (string? line = request; !string.IsNullOrEmpty(line);)
        {
            line = await reader.ReadLineAsync(_stop.Token);
        }

        return request?.Split(' ')[1];
    }

    private async Task AnswerAsync(NetworkStream stream, string[] path)
    {
        if (path[1] == "now")
        {
            await WriteAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Length: {path[2].Length}\r\n\r\n{path[2]}");
            return;
        }

        if (path[1] == "broken")
        {
            await WriteAsync(stream, $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{_firstChunk.Length:x}\r\n{_firstChunk}\r\n");
            await WriteAsync(stream, "1;" + new string('a', 100_000));
            return;
        }

        bool isChunked = path[3] == "chunked";
        string half = new('x', SlowLength / 2);
        string chunk = isChunked ? $"{half.Length:x}\r\n{half}\r\n" : half;
        string framing = isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {SlowLength}";
        await WriteAsync(stream, $"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{chunk}");
        await _pause(int.Parse(path[2], CultureInfo.InvariantCulture), _stop.Token);
        await WriteAsync(stream, isChunked ? $"{chunk}0\r\n\r\n" : chunk);
    }

    private async Task WriteAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text), _stop.Token);
}
