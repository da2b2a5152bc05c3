using System.Buffers.Text;

namespace Privatemode.AI.Benchmarks.Wire;

/// <summary>As much of HTTP/1.1 as the harness needs: one request after another with a Content-Length, with headers as .NET writes them.</summary>
internal sealed class HarnessRequest(Stream stream)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _filled;
    private int _bodyStart;
    private int _bodyLength;
    private Range _secretId;

    public bool IsExchange { get; private set; }

    /// <summary>The ID of the secret; empty for a request in the clear.</summary>
    public ReadOnlySpan<byte> SecretId => _buffer.AsSpan(_secretId);

    public ReadOnlyMemory<byte> Body => _buffer.AsMemory(_bodyStart, _bodyLength);

    /// <summary>Reads the next request; false when the peer has gone.</summary>
    public bool TryRead()
    {
        int consumed = _bodyStart + _bodyLength;
        _buffer.AsSpan(consumed, _filled - consumed).CopyTo(_buffer);
        (_filled, _bodyStart, _bodyLength) = (_filled - consumed, 0, 0);
        int headEnd;
        while ((headEnd = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (!Fill())
            {
                return false;
            }
        }

        ReadOnlySpan<byte> head = _buffer.AsSpan(0, headEnd);
        IsExchange = head.StartsWith("POST /privatemode/v1/secret "u8);
        _secretId = Header(head, "\r\nPrivatemode-Secret-ID: "u8);
        _ = Utf8Parser.TryParse(head[Header(head, "\r\nContent-Length: "u8)], out _bodyLength, out _);
        _bodyStart = headEnd + 4;
        while (_filled < _bodyStart + _bodyLength)
        {
            if (!Fill())
            {
                return false;
            }
        }

        return true;
    }

    private static Range Header(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name)
    {
        int at = head.IndexOf(name);
        if (at < 0)
        {
            return default;
        }

        int start = at + name.Length;
        int length = head[start..].IndexOf((byte)'\r');
        return length < 0 ? start..head.Length : start..(start + length);
    }

    private bool Fill()
    {
        if (_filled == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 4);
        }

        int read = stream.Read(_buffer, _filled, _buffer.Length - _filled);
        _filled += read;
        return read > 0;
    }
}
