using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A hop between a client and a deployment, as a gateway is: it sees every request, and may answer it itself or end the connection.</summary>
internal sealed class LoopbackHop : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _target;
    private readonly Func<Exchange, Task<bool>> _handle;
    private readonly List<string> _seen = [];

    /// <param name="target">The deployment.</param>
    /// <param name="handle">Called for each request; returns <see langword="true"/> if it dealt with the request, and <see langword="false"/> to pass
    /// the request on.</param>
    public LoopbackHop(Uri target, Func<Exchange, Task<bool>> handle)
    {
        _target = target;
        _handle = handle;
        _listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _ = AcceptAsync();
    }

    public Uri Endpoint { get; }

    /// <summary>Counts the requests for a path that have arrived so far.</summary>
    public int Count(string path)
    {
        lock (_seen)
        {
            return _seen.Count(seen => seen == path);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                client.NoDelay = true;
                _ = ServeAsync(client);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The hop was disposed of.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using TcpClient upstream = new();
        try
        {
            using (client)
            {
                NetworkStream stream = new(client);
                while (await ReadAsync(stream) is { } request)
                {
                    lock (_seen)
                    {
                        _seen.Add(request.Path);
                    }

                    Exchange exchange = new(client, request.Path, request.Head, _stop.Token);
                    if (await _handle(exchange))
                    {
                        continue;
                    }

                    await PassOnAsync(upstream, client, request.Bytes);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two sides has closed its connection.
        }
    }

    /// <summary>Sends a request on; what comes back is copied for as long as the connection lasts.</summary>
    private async Task PassOnAsync(TcpClient upstream, Socket client, byte[] request)
    {
        if (!upstream.Connected)
        {
            await upstream.ConnectAsync(_target.Host, _target.Port, _stop.Token);
            NetworkStream answers = upstream.GetStream();
            _ = CopyAsync(answers, client);
        }

        await upstream.GetStream().WriteAsync(request, _stop.Token);
    }

    private async Task CopyAsync(NetworkStream answers, Socket client)
    {
        try
        {
            await answers.CopyToAsync(new NetworkStream(client), _stop.Token);
            client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // See ServeAsync.
        }
    }

    /// <summary>Reads one request with a <c>Content-Length</c>; null when the client closed the connection.</summary>
    private async Task<(string Path, string Head, byte[] Bytes)?> ReadAsync(NetworkStream stream)
    {
        using MemoryStream bytes = new();
        byte[] buffer = new byte[16 * 1024];
        int end = -1;
        while (end < 0 || bytes.Length < end)
        {
            int read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0)
            {
                return null;
            }

            bytes.Write(buffer, 0, read);
            end = end < 0 ? EndOf(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)) : end;
        }

        string text = Encoding.Latin1.GetString(bytes.ToArray());
        return (text.Split(' ')[1], text[..(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)], bytes.ToArray());
    }

    /// <summary>Returns where the request ends, or -1 while that is unknown.</summary>
    private static int EndOf(ReadOnlySpan<byte> bytes)
    {
        int head = bytes.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return -1;
        }

        string? length = Encoding.Latin1.GetString(bytes[..head]).Split("\r\n")
            .FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return head + 4 + (length is null ? 0 : int.Parse(length["Content-Length:".Length..], CultureInfo.InvariantCulture));
    }

    /// <summary>One request at the hop, and what the hop may do about it.</summary>
    internal sealed class Exchange(Socket client, string path, string head, CancellationToken stop)
    {
        public string Path => path;

        /// <summary>Request line and headers.</summary>
        public string Head => head;

        /// <summary>Cancelled when the hop is disposed of.</summary>
        public CancellationToken Stop => stop;

        /// <summary>Writes bytes to the client as they are.</summary>
        public async Task WriteAsync(string text) => _ = await client.SendAsync(Encoding.UTF8.GetBytes(text), stop);

        /// <summary>Writes an answer in plain text.</summary>
        public Task AnswerAsync(int status, string body) => WriteAsync(
            $"HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

        /// <summary>Ends the connection: the client sees RST, or FIN if it was closed in order.</summary>
        public void End(bool resets)
        {
            if (resets)
            {
                client.LingerState = new LingerOption(enable: true, seconds: 0);
            }

            client.Dispose();
        }
    }
}
