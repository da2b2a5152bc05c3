using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Internal;

public sealed class ReadOnlyStreamTests
{
    [Fact]
    public async Task Read_IntoAnArray_ReadsIntoTheSpan()
    {
        using Numbers stream = new();
        byte[] buffer = new byte[4];

        Assert.Equal(2, stream.Read(buffer, 1, 2));
#pragma warning disable CA1835 // The overload with an array is what is tested.
        Assert.Equal(1, await stream.ReadAsync(buffer, 3, 1, CancellationToken.None));
#pragma warning restore CA1835

        Assert.Equal([0, 1, 2, 3], buffer);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Read(buffer, 3, 2));
        Assert.Throws<ArgumentNullException>(() => { _ = stream.ReadAsync(null!, 0, 0, CancellationToken.None); });
    }

    [Fact]
    public void WhatIsNotReading_IsNotSupported()
    {
        using Numbers stream = new();

        Assert.Equal((true, false, false), (stream.CanRead, stream.CanSeek, stream.CanWrite));
        Assert.Throws<NotSupportedException>(() => stream.Length);
        Assert.Throws<NotSupportedException>(() => stream.Position);
        Assert.Throws<NotSupportedException>(() => stream.Position = 0);
        Assert.Throws<NotSupportedException>(() => stream.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => stream.SetLength(0));
        Assert.Throws<NotSupportedException>(() => stream.Write([1], 0, 1));
        stream.Flush();
    }

    private sealed class Numbers : ReadOnlyStream
    {
        private byte _next;

        public override int Read(Span<byte> buffer)
        {
            foreach (ref byte value in buffer)
            {
                value = ++_next;
            }

            return buffer.Length;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
    }
}
