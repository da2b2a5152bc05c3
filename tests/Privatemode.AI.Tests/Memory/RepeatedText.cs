using System.Text;

namespace Privatemode.AI.Tests.Memory;

/// <summary>A text of about this length in which one part is repeated; takes no memory.</summary>
/// <param name="length">The most bytes it has.</param>
/// <param name="before">What it begins with.</param>
/// <param name="repeated">What is repeated as often as there is room for.</param>
/// <param name="after">What it ends with.</param>
/// <param name="mostPerRead">The most bytes one read returns.</param>
internal sealed class RepeatedText(int length, string before, string repeated, string after, int mostPerRead = int.MaxValue) : Stream
{
    private readonly byte[] _before = Encoding.ASCII.GetBytes(before);
    private readonly byte[] _repeated = Encoding.ASCII.GetBytes(repeated);
    private readonly byte[] _after = Encoding.ASCII.GetBytes(after);
    private int _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int times = (length - _before.Length - _after.Length) / _repeated.Length;
        int end = _before.Length + times * _repeated.Length;
        int count = Math.Min(Math.Min(buffer.Length, mostPerRead), end + _after.Length - _at);
        for (int i = 0; i < count; i++, _at++)
        {
            buffer[i] = _at < _before.Length ? _before[_at]
                : _at < end ? _repeated[(_at - _before.Length) % _repeated.Length]
                : _after[_at - end];
        }

        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
