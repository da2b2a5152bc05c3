using System.Buffers.Binary;
using System.Numerics;
using Microsoft.Win32.SafeHandles;

namespace Privatemode.Tool.Verity;

/// <summary>
/// The parameters with which dm-verity protects a disk image.
/// Source: the superblock of veritysetup (cryptsetup, docs/on-disk-format of dm-verity), and the EROFS superblock (Linux, fs/erofs/erofs_fs.h).
/// </summary>
/// <remarks>Everything here is read from the image, which is not trusted: a wrong value leads to another root hash, or is refused.</remarks>
internal sealed class VerityImage
{
    /// <summary>The size of a SHA-256 digest in bytes, and of its slot in a block of the hash tree.</summary>
    public const int DigestSize = 32;

    private const int SuperblockSize = 512;
    private const int ErofsSuperblockOffset = 1024;
    private const uint ErofsMagic = 0xE0F5E1E2;
    private const int ErofsBlockSizeBits = 12;
    private const int MaxSaltLength = 256;

    /// <summary>The byte offset at which the dm-verity superblock is, or would be; also the end of the data.</summary>
    public required long HashOffset { get; init; }

    public required long DataBlocks { get; init; }

    /// <summary>In bytes, a power of two from 512 to 65,536.</summary>
    public required int DataBlockSize { get; init; }

    /// <summary>In bytes, a power of two from 512 to 65,536.</summary>
    public required int HashBlockSize { get; init; }

    /// <summary>0 to 256 bytes, put before each block that is hashed.</summary>
    public required byte[] Salt { get; init; }

    /// <summary>The byte offset of the data block digests in the stored hash tree; null if no tree is stored.</summary>
    public long? LeavesOffset { get; private set; }

    /// <summary>The bytes that the hashes have to cover: those of the EROFS file system, otherwise everything before the superblock.</summary>
    public long BytesToCover { get; init; }

    public long DataBytes => checked(DataBlocks * DataBlockSize);

    /// <summary>True if bytes are outside the hashed data: they could be changed without another root hash.</summary>
    public bool LeavesBytesUncovered => BytesToCover > DataBytes;

    /// <summary>The number of digests in one block of the hash tree.</summary>
    public int DigestsPerBlock => HashBlockSize / DigestSize;

    /// <summary>The number of blocks in each level of the hash tree, starting with the digests of the data. Empty if there is only one data block: its digest
    /// is the root hash.</summary>
    public IReadOnlyList<long> LevelBlocks
    {
        get
        {
            List<long> levels = [];
            for (long below = DataBlocks; below > 1; below = levels[^1])
                levels.Add((below - 1) / DigestsPerBlock + 1);

            return levels;
        }
    }

    /// <summary>Reads the parameters of the hash tree from the superblock, or derives the defaults if the image has no superblock.</summary>
    /// <param name="image">The image: the data, followed by the superblock and the hash tree unless they are in <paramref name="hashDevice"/>.</param>
    /// <param name="hashDevice">A separate file with the superblock and the hash tree, or null.</param>
    /// <param name="hashOffset">The offset of the superblock in bytes, or null for the default: the end of the EROFS file system, or 0 in a separate
    /// file.</param>
    /// <exception cref="InvalidDataException">The image cannot be hashed: the message says what to do.</exception>
    public static VerityImage Read(SafeFileHandle image, SafeFileHandle? hashDevice, long? hashOffset)
    {
        long length = RandomAccess.GetLength(image);
        long? fileSystem = FileSystemEnd(image);
        long offset = hashOffset ?? (hashDevice is not null ? 0 : fileSystem)
            ?? throw new InvalidDataException("This is not an EROFS image. Use --hash-offset.");
        long dataEnd = hashDevice is not null ? length : Math.Min(offset, length);

        Span<byte> superblock = stackalloc byte[SuperblockSize];
        return ReadFully(hashDevice ?? image, superblock, offset) && superblock.StartsWith("verity\0\0"u8)
            ? FromSuperblock(superblock, offset, dataEnd, fileSystem)
            : WithoutSuperblock(offset, dataEnd, fileSystem);
    }

    // What the images of the service are made with: veritysetup's defaults and a salt of one zero byte.
    private static VerityImage WithoutSuperblock(long offset, long dataEnd, long? fileSystem)
    {
        const int BlockSize = 4096;
        if (dataEnd == 0 || dataEnd % BlockSize != 0)
            throw new InvalidDataException(FormattableString.Invariant($"{dataEnd} bytes of data are not a whole number of blocks of {BlockSize} bytes."));

        return new VerityImage
        {
            HashOffset = offset,
            DataBlocks = dataEnd / BlockSize,
            DataBlockSize = BlockSize,
            HashBlockSize = BlockSize,
            Salt = [0],
            BytesToCover = fileSystem ?? dataEnd,
        };
    }

    private static VerityImage FromSuperblock(ReadOnlySpan<byte> superblock, long offset, long dataEnd, long? fileSystem)
    {
        Require("version", BinaryPrimitives.ReadUInt32LittleEndian(superblock[8..]), 1);
        Require("hash type", BinaryPrimitives.ReadUInt32LittleEndian(superblock[12..]), 1);
        if (!superblock.Slice(32, 32).TrimEnd((byte)0).SequenceEqual("sha256"u8))
            throw new InvalidDataException("The superblock names a hash algorithm other than sha256.");

        int dataBlockSize = BlockSize("data", BinaryPrimitives.ReadUInt32LittleEndian(superblock[64..]));
        int hashBlockSize = BlockSize("hash", BinaryPrimitives.ReadUInt32LittleEndian(superblock[68..]));
        ulong blocks = BinaryPrimitives.ReadUInt64LittleEndian(superblock[72..]);
        int saltSize = BinaryPrimitives.ReadUInt16LittleEndian(superblock[80..]);
        if (saltSize > MaxSaltLength)
            throw new InvalidDataException(FormattableString.Invariant($"The superblock has a salt of {saltSize} bytes; {MaxSaltLength} are possible."));
        if (blocks == 0 || blocks > (ulong)(dataEnd / dataBlockSize))
        {
            throw new InvalidDataException(FormattableString.Invariant(
                $"The superblock says {blocks} data blocks of {dataBlockSize} bytes; the image has {dataEnd} bytes of data."));
        }

        VerityImage image = new()
        {
            HashOffset = offset,
            DataBlocks = (long)blocks,
            DataBlockSize = dataBlockSize,
            HashBlockSize = hashBlockSize,
            Salt = superblock.Slice(88, saltSize).ToArray(),
            BytesToCover = fileSystem ?? dataEnd,
        };
        image.LeavesOffset = image.FindLeaves();
        return image;
    }

    // The tree begins at the next block behind the superblock, with its highest level; the digests of the data are its last level.
    private long? FindLeaves()
    {
        IReadOnlyList<long> levels = LevelBlocks;
        long block = (HashOffset + SuperblockSize - 1) / HashBlockSize + 1;
        for (int level = levels.Count - 1; level > 0; level--)
            block += levels[level];

        return levels.Count == 0 ? null : checked(block * HashBlockSize);
    }

    private static void Require(string name, uint value, uint supported)
    {
        if (value != supported)
            throw new InvalidDataException(FormattableString.Invariant($"The superblock has {name} {value}; only {supported} is supported."));
    }

    private static int BlockSize(string name, uint size) => size is >= 512 and <= 65_536 && BitOperations.IsPow2(size)
        ? (int)size
        : throw new InvalidDataException(FormattableString.Invariant(
            $"The superblock has a {name} block size of {size} bytes; powers of two from 512 to 65,536 are possible."));

    // Null if the image is no EROFS file system of 4,096-byte blocks.
    private static long? FileSystemEnd(SafeFileHandle image)
    {
        Span<byte> head = stackalloc byte[64];
        if (!ReadFully(image, head, ErofsSuperblockOffset) || BinaryPrimitives.ReadUInt32LittleEndian(head) != ErofsMagic || head[12] != ErofsBlockSizeBits)
            return null;

        return (long)BinaryPrimitives.ReadUInt32LittleEndian(head[0x24..]) << ErofsBlockSizeBits;
    }

    private static bool ReadFully(SafeFileHandle file, Span<byte> target, long offset)
    {
        while (!target.IsEmpty)
        {
            int read = RandomAccess.Read(file, target, offset);
            if (read == 0)
                return false;

            target = target[read..];
            offset += read;
        }

        return true;
    }
}
