using System.Net.Sockets;
using System.Text;

namespace Privatemode.AI.Benchmarks.Proxy;

/// <summary>A client that costs as little as it can: it writes a request made before, and reads to the end of the answer.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];

    public RawClient(Uri address) => _socket.Connect(address.Host, address.Port);

    public static byte[] Request(string model, bool isStream)
    {
        string body = $$"""
            {"model":"{{model}}",{{(isStream ? "\"stream\":true," : "")}}"messages":[{"role":"user","content":"Shall I take an umbrella in Bochum today?"}]}
            """;
        return Encoding.UTF8.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }

    public void Send(byte[] request) => _ = _socket.Send(request);

    /// <summary>Reads an answer that fits the buffer, with its length.</summary>
    public void ReadWhole()
    {
        int filled = 0;
        while (true)
        {
            filled += Receive(filled);
            int head = _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
            if (head >= 0 && filled >= head + 4 + LengthOf(_buffer.AsSpan(0, head)))
            {
                Require(_buffer.AsSpan(0, filled));
                return;
            }
        }
    }

    /// <summary>Reads a stream to its last event.</summary>
    public void ReadStream()
    {
        int filled = Receive(0);
        Require(_buffer);
        while (_buffer.AsSpan(0, filled).IndexOf("\r\n0\r\n\r\n"u8) < 0)
        {
            // The end may be cut.
            int kept = Math.Min(filled, 8);
            _buffer.AsSpan(filled - kept, kept).CopyTo(_buffer);
            filled = kept + Receive(kept);
        }
    }

    /// <summary>Reads until the first event is there.</summary>
    public void ReadFirstEvent()
    {
        int filled = 0;
        do
        {
            filled += Receive(filled);
        }
        while (_buffer.AsSpan(0, filled).IndexOf("umbrella"u8) < 0);
    }

    public void Dispose() => _socket.Dispose();

    private static void Require(ReadOnlySpan<byte> answer)
    {
        if (!answer.StartsWith("HTTP/1.1 200 "u8))
        {
            throw new InvalidOperationException(Encoding.UTF8.GetString(answer[..Math.Min(answer.Length, 500)]));
        }
    }

    private static int LengthOf(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> name = "Content-Length: "u8;
        int at = head.IndexOf(name) + name.Length;
        int length = 0;
        for (; at < head.Length && head[at] is >= (byte)'0' and <= (byte)'9'; at++)
        {
            length = length * 10 + head[at] - '0';
        }

        return length;
    }

    private int Receive(int at) => _socket.Receive(_buffer, at, _buffer.Length - at, SocketFlags.None) is > 0 and int count
        ? count : throw new InvalidOperationException("The connection ended.");
}
