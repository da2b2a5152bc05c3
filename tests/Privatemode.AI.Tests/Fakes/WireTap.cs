using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A TCP relay in front of a server on this machine. It keeps every byte that clients send, so that tests see requests as they are on the
/// socket and not as some HTTP server presents them.</summary>
internal sealed class WireTap : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly List<MemoryStream> _connections = [];
    private readonly List<Task> _relays = [];
    private readonly Lock _gate = new();
    private readonly int _serverPort;
    private readonly Task _accepting;

    public WireTap(Uri server)
    {
        _serverPort = server.Port;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect to.</summary>
    public Uri Address { get; }

    /// <summary>All requests so far, connection by connection.</summary>
    public IReadOnlyList<TappedRequest> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _connections.SelectMany(connection => Parse(connection.ToArray()))];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_relays);
        _closing.Dispose();
    }

    private static IEnumerable<TappedRequest> Parse(byte[] bytes)
    {
        int position = 0;
        while (bytes.AsSpan(position).IndexOf("\r\n\r\n"u8) is >= 0 and int length)
        {
            string[] lines = Encoding.Latin1.GetString(bytes, position, length).Split("\r\n");
            string[] start = lines[0].Split(' ');
            (string Name, string Value)[] headers = [.. lines.Skip(1).Select(line => (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..].Trim()))];
            yield return new TappedRequest(start[0], start[1], headers);
            string size = headers.SingleOrDefault(header => header.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)).Value ?? "0";
            position += length + 4 + int.Parse(size, CultureInfo.InvariantCulture);
            if (position > bytes.Length)
            {
                yield break;
            }
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_closing.Token);
                MemoryStream sent = new();
                lock (_gate)
                {
                    _connections.Add(sent);
                }

                _relays.Add(RelayAsync(client, sent));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task RelayAsync(TcpClient client, MemoryStream sent)
    {
        using (client)
        using (TcpClient server = new())
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _serverPort, _closing.Token);
                await Task.WhenAny(
                    CopyAsync(client.GetStream(), server.GetStream(), sent), CopyAsync(server.GetStream(), client.GetStream(), null));
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException)
            {
                // Disposed, or the server is.
            }
        }
    }

    private async Task CopyAsync(NetworkStream source, NetworkStream target, MemoryStream? copy)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await source.ReadAsync(buffer, _closing.Token) is > 0 and int read)
            {
                lock (_gate)
                {
                    copy?.Write(buffer, 0, read);
                }

                await target.WriteAsync(buffer.AsMemory(0, read), _closing.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // One side is gone; the relay ends.
        }
    }
}

/// <summary>A request as it was on the socket.</summary>
internal sealed record TappedRequest(string Method, string Path, IReadOnlyList<(string Name, string Value)> Headers);
