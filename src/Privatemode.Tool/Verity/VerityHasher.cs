using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Privatemode.Tool.Verity;

/// <summary>The root hash of an image, and the first data block that differs from the stored tree.</summary>
/// <param name="RootHash">32 bytes.</param>
/// <param name="FirstDifferentBlock">
/// Null if all blocks agree with the stored tree, or no tree is stored. The tree is not trusted: this only helps to find the difference if the root hash
/// differs.
/// </param>
internal sealed record VerityResult(byte[] RootHash, long? FirstDifferentBlock);

/// <summary>
/// Computes the root hash of dm-verity: each data block is hashed with the salt, the digests fill blocks, which are hashed in turn, until one block is left.
/// </summary>
internal sealed class VerityHasher(VerityImage image)
{
    // Large enough that reading costs little, small enough that a cancellation is noticed at once.
    private const int BatchBytes = 1 << 20;

    private readonly List<Level> _levels = [.. image.LevelBlocks.Select(_ => new Level(image.HashBlockSize))];
    private byte[]? _root;

    /// <summary>Reads and hashes the whole image, with all processors. Memory: two batches of 1 MiB and a block for each level.</summary>
    /// <param name="progress">Receives the number of bytes that have been hashed.</param>
    /// <exception cref="EndOfStreamException">The image has become shorter while it was read.</exception>
    public async Task<VerityResult> HashAsync(SafeFileHandle data, SafeFileHandle? tree, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        int blocksInBatch = Math.Max(1, BatchBytes / image.DataBlockSize);
        byte[][] batches = [new byte[blocksInBatch * image.DataBlockSize], new byte[blocksInBatch * image.DataBlockSize]];
        byte[] digests = new byte[blocksInBatch * VerityImage.DigestSize];
        long? firstDifferent = null;

        Task<int> reading = ReadBatchAsync(data, batches[0], 0, cancellationToken);
        for (long block = 0, batch = 0; block < image.DataBlocks; batch++)
        {
            int count = await reading / image.DataBlockSize;
            byte[] bytes = batches[batch % 2];
            if (block + count < image.DataBlocks)
                reading = ReadBatchAsync(data, batches[(batch + 1) % 2], block + count, cancellationToken);

            HashBlocks(bytes, count, digests, cancellationToken);
            if (firstDifferent is null && tree is not null && image.LeavesOffset is { } leaves)
                firstDifferent = FindDifference(tree, leaves, block, digests.AsSpan(0, count * VerityImage.DigestSize));

            for (int i = 0; i < count; i++)
                Add(0, digests.AsSpan(i * VerityImage.DigestSize, VerityImage.DigestSize));

            block += count;
            progress?.Report(block * image.DataBlockSize);
        }

        FinishLevels();
        return new VerityResult(_root!, firstDifferent);
    }

    private async Task<int> ReadBatchAsync(SafeFileHandle data, byte[] target, long firstBlock, CancellationToken cancellationToken)
    {
        int length = (int)Math.Min(target.Length, (image.DataBlocks - firstBlock) * image.DataBlockSize);
        long offset = firstBlock * image.DataBlockSize;
        for (int read = 0; read < length;)
        {
            int now = await RandomAccess.ReadAsync(data, target.AsMemory(read, length - read), offset + read, cancellationToken);
            read += now > 0 ? now : throw new EndOfStreamException("The image has become shorter while it was read.");
        }

        return length;
    }

    private void HashBlocks(byte[] bytes, int count, byte[] digests, CancellationToken cancellationToken)
    {
        ParallelOptions options = new() { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(
            0, count, options, () => IncrementalHash.CreateHash(HashAlgorithmName.SHA256),
            (i, _, hash) =>
            {
                Hash(hash, bytes.AsSpan(i * image.DataBlockSize, image.DataBlockSize), digests.AsSpan(i * VerityImage.DigestSize));
                return hash;
            },
            hash => hash.Dispose());
    }

    private void Hash(IncrementalHash hash, ReadOnlySpan<byte> block, Span<byte> digest)
    {
        hash.AppendData(image.Salt);
        hash.AppendData(block);
        hash.GetHashAndReset(digest);
    }

    private static long? FindDifference(SafeFileHandle tree, long leaves, long firstBlock, ReadOnlySpan<byte> digests)
    {
        byte[] stored = ArrayPool<byte>.Shared.Rent(digests.Length);
        try
        {
            int read = 0;
            for (int now = -1; read < digests.Length && now != 0; read += now)
                now = RandomAccess.Read(tree, stored.AsSpan(read, digests.Length - read), leaves + firstBlock * VerityImage.DigestSize + read);

            int common = digests[..read].CommonPrefixLength(stored.AsSpan(0, read));
            return common == digests.Length ? null : firstBlock + common / VerityImage.DigestSize;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }

    // Puts a digest into a level. A full block is hashed into the level above; the only block of the highest level becomes the root.
    private void Add(int index, ReadOnlySpan<byte> digest)
    {
        if (index == _levels.Count)
        {
            _root = digest.ToArray();
            return;
        }

        Level level = _levels[index];
        digest.CopyTo(level.Block.AsSpan(level.Used));
        level.Used += VerityImage.DigestSize;
        if (level.Used == level.Block.Length)
            Close(index);
    }

    private void FinishLevels()
    {
        for (int index = 0; index < _levels.Count; index++)
        {
            if (_levels[index].Used > 0)
                Close(index);
        }
    }

    private void Close(int index)
    {
        Level level = _levels[index];
        level.Block.AsSpan(level.Used).Clear();
        level.Used = 0;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> digest = stackalloc byte[VerityImage.DigestSize];
        Hash(hash, level.Block, digest);
        Add(index + 1, digest);
    }

    private sealed class Level(int size)
    {
        public byte[] Block { get; } = new byte[size];

        public int Used { get; set; }
    }
}
