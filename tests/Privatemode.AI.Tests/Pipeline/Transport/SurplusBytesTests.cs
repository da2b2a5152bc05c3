using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Transport;

/// <summary>While the network is faster than its reader, a connection reads more than requested. Each byte still arrives once, in order.</summary>
public sealed class SurplusBytesTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reads_AnyLengths_ReturnTheBytesInTheirOrderUpToTheEnd(bool async)
    {
        byte[] sent = new byte[300_000];
        Random random = new(16);
        random.NextBytes(sent);
        using Network network = new(sent, random);
        await using ClosableConnection connection = new(network);
        byte[] received = new byte[sent.Length];
        int count = 0;
        while (count < sent.Length)
        {
            byte[] buffer = new byte[random.Next(3) switch { 0 => 0, 1 => random.Next(1, 200), _ => 4096 }];
            int read = await ReadAsync(connection, buffer, async);
            Assert.True(read > 0 || buffer.Length == 0, $"no bytes after {count}");
            buffer.AsSpan(0, read).CopyTo(received.AsSpan(count));
            count += read;
        }

        Assert.Equal(sent, received);
        Assert.Equal(0, await ReadAsync(connection, new byte[1], async));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reads_OfAFastNetwork_AreFew(bool async)
    {
        using Network network = new(new byte[1024 * 1024], random: null);
        await using ClosableConnection connection = new(network);
        while (await ReadAsync(connection, new byte[4096], async) > 0)
        {
        }

        Assert.InRange(network.Reads, 32, 36);
    }

    [Fact]
    public async Task Read_AfterAShortOne_AsksForNoMoreThanTheCaller()
    {
        using Network network = new(new byte[1024], random: null);
        await using ClosableConnection connection = new(network);
        Assert.Equal(1024, await connection.ReadAsync(new byte[4096]));
        Assert.Equal(0, await connection.ReadAsync(new byte[4096]));
        Assert.Equal(4096, network.MostAskedFor);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Request_WithBytesOfNoAnswerBefore_IsRefusedAndCanBeSentAgain(bool async)
    {
        using Network network = new(new byte[64], random: null);
        await using ClosableConnection connection = new(network);
        Assert.Equal(8, await ReadAsync(connection, new byte[8], async));
        Assert.Equal(8, await ReadAsync(connection, new byte[8], async));
        byte[] head = "POST / HTTP/1.1\r\n\r\n"u8.ToArray();
        _ = async
            ? await Assert.ThrowsAsync<UnansweredIOException>(() => connection.WriteAsync(head).AsTask())
            : Assert.Throws<UnansweredIOException>(() => connection.Write(head));
        Assert.Equal(64, network.Length);
        Assert.Equal(64, network.Position);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_OfAClosedConnection_ReturnsNoSurplus(bool async)
    {
        using Network network = new(new byte[64], random: null);
        ClosableConnection connection = new(network);
        Assert.Equal(8, await ReadAsync(connection, new byte[8], async));
        Assert.Equal(8, await ReadAsync(connection, new byte[8], async));
        await connection.DisposeAsync();
        _ = await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => ReadAsync(connection, new byte[8], async));
    }

    [Fact]
    public void Take_TheLastByte_WipesTheBuffer()
    {
        SurplusBytes surplus = new();
        _ = surplus.End(8, new byte[8], larger: null);
        byte[] larger = surplus.BufferFor(8)!;
        "a secret answer"u8.CopyTo(larger);
        Assert.Equal(8, surplus.End(15, new byte[8], larger));
        Assert.False(surplus.IsEmpty);
        Assert.Equal(7, surplus.Take(new byte[8]));
        Assert.True(surplus.IsEmpty);
        Assert.True(larger.AsSpan(0, 15).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_InMidAnswer_WipesTheRest(bool async)
    {
        byte[] answer = Enumerable.Repeat((byte)7, 64).ToArray();
        using Network network = new(answer, random: null);
        ClosableConnection connection = new(network);
        Assert.Equal(8, await ReadAsync(connection, new byte[8], async));
        Assert.Equal(8, await ReadAsync(connection, new byte[8], async));
        byte[] larger = connection.Field<SurplusBytes>("_surplus").Field<byte[]>("_bytes");
        Assert.Equal(answer[8..], larger[..56]);
        if (async)
        {
            await connection.DisposeAsync();
        }
        else
        {
            connection.Dispose();
        }

        // Other tests may rent the array now, but write no such answer.
        Assert.NotEqual(answer[16..], larger[8..56]);
    }

    [Fact]
    public void End_WhenClosedMeanwhile_WipesTheRest()
    {
        SurplusBytes surplus = new();
        _ = surplus.End(8, new byte[8], larger: null);
        byte[] larger = surplus.BufferFor(8)!;
        byte[] answer = Enumerable.Repeat((byte)9, 64).ToArray();
        answer.CopyTo(larger, 0);
        surplus.Close();
        _ = Assert.Throws<ObjectDisposedException>(() => surplus.End(64, new byte[8], larger));
        Assert.True(surplus.IsEmpty);
        Assert.NotEqual(answer[8..], larger[8..64]);
        _ = Assert.Throws<ObjectDisposedException>(() => surplus.Take(new byte[8]));
    }

    private static async Task<int> ReadAsync(ClosableConnection connection, byte[] buffer, bool async) =>
        async ? await connection.ReadAsync(buffer) : connection.Read(buffer);

    /// <summary>Fills each buffer or, with a random number generator, often only a part of it.</summary>
    private sealed class Network(byte[] sent, Random? random) : MemoryStream(sent)
    {
        public int Reads { get; private set; }

        public int MostAskedFor { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            ObjectDisposedException.ThrowIf(!CanRead, this);
            Reads++;
            MostAskedFor = Math.Max(MostAskedFor, buffer.Length);
            return base.Read(random is not null && random.Next(2) == 0 ? buffer[..Math.Min(buffer.Length, random.Next(1, 40_000))] : buffer);
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return Read(buffer.Span);
        }
    }
}
