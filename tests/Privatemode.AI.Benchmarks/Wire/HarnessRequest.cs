using System.Globalization;
using System.Text;

namespace Privatemode.AI.Benchmarks.Wire;

/// <summary>As much of HTTP/1.1 as the harness needs: one request after another with a Content-Length.</summary>
internal sealed class HarnessRequest(Stream stream)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _filled;
    private int _bodyStart;
    private int _bodyLength;

    public string Path { get; private set; } = "";

    public string? SecretId { get; private set; }

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

        string[] lines = Encoding.ASCII.GetString(_buffer, 0, headEnd).Split("\r\n");
        Path = lines[0].Split(' ')[1];
        SecretId = Header(lines, "Privatemode-Secret-ID");
        _bodyStart = headEnd + 4;
        _bodyLength = int.Parse(Header(lines, "Content-Length") ?? "0", CultureInfo.InvariantCulture);
        while (_filled < _bodyStart + _bodyLength)
        {
            if (!Fill())
            {
                return false;
            }
        }

        return true;
    }

    private static string? Header(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();

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
