using System.Net;
using System.Net.Sockets;
using System.Text;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Hosting;

/// <summary>A connection on which a test writes and reads bytes itself.</summary>
public sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;

    private RawConnection(Socket socket) => _socket = socket;

    public static RawConnection Open(Uri address, int? receiveBuffer = null)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } size)
        {
            socket.ReceiveBufferSize = size;
        }

        socket.Connect(IPAddress.Parse(address.Host.Trim('[', ']')), address.Port);
        return new RawConnection(socket);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => _ = await _socket.SendAsync(bytes).AsTask().OrTimeout();

    /// <summary>A request with a JSON body and further header lines, each ending with a line break.</summary>
    public Task PostAsync(string path, string json, string headers = "") => SendAsync(
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        $"Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\n{headers}\r\n{json}");

    /// <summary>Reads what is there, at least one byte; empty at the end of the connection.</summary>
    /// <exception cref="SocketException">The connection was reset.</exception>
    public async Task<string> ReadAsync(int most = 16 * 1024)
    {
        byte[] buffer = new byte[most];
        return Encoding.UTF8.GetString(buffer, 0, await _socket.ReceiveAsync(buffer).OrTimeout());
    }

    /// <summary>Reads until a text occurs, and returns everything up to then.</summary>
    public async Task<string> ReadUntilAsync(string text)
    {
        StringBuilder read = new();
        while (!read.ToString().Contains(text, StringComparison.Ordinal))
        {
            string more = await ReadAsync();
            if (more.Length == 0)
            {
                throw new InvalidOperationException($"The connection ended before '{text}': {read}");
            }

            _ = read.Append(more);
        }

        return read.ToString();
    }

    /// <summary>Reads to the end of the connection; the second value says whether it was reset.</summary>
    public async Task<(string Text, bool WasReset)> ReadToEndAsync()
    {
        StringBuilder read = new();
        try
        {
            while (await ReadAsync() is { Length: > 0 } more)
            {
                _ = read.Append(more);
            }

            return (read.ToString(), false);
        }
        catch (SocketException)
        {
            return (read.ToString(), true);
        }
    }

    /// <summary>Resets the connection.</summary>
    public void Reset() => _socket.Close(0);

    public void Dispose() => _socket.Dispose();
}
