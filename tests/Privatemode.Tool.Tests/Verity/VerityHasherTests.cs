using System.Buffers.Binary;
using System.Reflection;
using Microsoft.Win32.SafeHandles;
using Privatemode.Tool.Verity;

namespace Privatemode.Tool.Tests.Verity;

/// <summary>
/// Root hashes against those of veritysetup 2.6 (cryptsetup), made with
/// <c>veritysetup format --uuid=00000000-0000-0000-0000-000000000000 --salt=S --data-block-size=D --hash-block-size=H image tree</c>.
/// </summary>
public sealed class VerityHasherTests : IDisposable
{
    private const string Salt32 = "abababababababababababababababababababababababababababababababab";

    private const string Salt256 =
        "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c" +
        "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c" +
        "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c" +
        "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c";

    private readonly string _file = Path.Combine(Path.GetTempPath(), "privatemode-verity-" + Guid.NewGuid().ToString("N"));

    /// <summary>Blocks, size of a data block, size of a hash block, salt, root hash.</summary>
    public static TheoryData<int, int, int, string, string> RootHashes => new()
    {
        { 1, 4096, 4096, "00", "c8e7b2c6051f146faf41ddacb67e77dfc2fa7363a1f763142cd18fd734ed7386" },
        { 2, 4096, 4096, "00", "5681609b0cf950d24ae88674bb06666dfeb92c55c718775dafec4e8ae0323e5b" },
        { 127, 4096, 4096, "00", "e3746248cd380a96db6defe103ac42719e4f8a2d284ded8abc555aea937704f7" },
        { 128, 4096, 4096, "00", "70b5b62a96cdb056878d0492920f0ee36ffe3ecc2affcd2e2b69b3c215dabc59" },
        { 129, 4096, 4096, "00", "f1056923a5822f75789aaa33001505994fa7652c33d07171fd7504ac9beb2a65" },
        { 2000, 4096, 4096, "00", "76bc578370092041b2ce4b936850a48d1db739c8ca17e6a3c1aeb2a76b60c731" },
        { 16384, 4096, 4096, "00", "7b3cd71c2375e45ac5194d426653df9b21e230554ab8eb7201a190e5e8c6e5af" },
        { 16385, 4096, 4096, "00", "8f9739495a3273f7dcc090feb3900a919a8c4a733bffbcfd045843d0fb27f64a" },
        { 16384, 512, 512, "00", "8b0d2b87ab40eca6a1f06aa93d0db9dbdfc22a2258f7b3b274cee85ec773c47c" },
        { 16385, 512, 512, "00", "3aae75c55edeb714023fdbccacb8b37b60f175a096ffef627522fd45412f6011" },
        { 300, 512, 512, "00", "78b35cfe8b9968a0717c0effbe4fcb864674e5f6b8eea7873ef40589c7bbb14e" },
        { 129, 4096, 4096, "", "4774220b8a36b797f1a9ff2af6d5069ba552c909a1af3ebc906f1074a69dea04" },
        { 129, 4096, 4096, Salt32, "c1c7876a414ecbbe6d3e357838410fa1351d0308e6bb429ac4b9e8d0cf7d954e" },
        { 129, 4096, 4096, Salt256, "5d65e21630796447abf0a41e9c5d7ed40bf262f90e3b067e4c4011aba7f5e7dd" },
        { 300, 1024, 1024, "00", "3f8b45ae49f027124352158e48d3dc210dd05dd7709a7d730025a1f6107f3053" },
        { 300, 4096, 512, "00", "28029d4d6acddfa1edcfeba9621a12c1621de4bc452876b5e08eaebcd4ce04bf" },
        { 300, 1024, 4096, "00", "3669fa121efe286b17df12403991846a15ae63429f153ff132e44783b26f7056" },
        { 300, 2048, 1024, "00", "66da8218725795a52a74216898e5ef41c5141088af30766573d50a26e620cb10" },
    };

    public void Dispose() => File.Delete(_file);

    [Theory]
    [MemberData(nameof(RootHashes))]
    public async Task RootHash_IsThatOfVeritysetup(int blocks, int dataBlockSize, int hashBlockSize, string salt, string rootHash)
    {
        VerityImage image = new()
        {
            HashOffset = (long)blocks * dataBlockSize,
            DataBlocks = blocks,
            DataBlockSize = dataBlockSize,
            HashBlockSize = hashBlockSize,
            Salt = Convert.FromHexString(salt),
        };
        using SafeFileHandle data = Write(Data(blocks * dataBlockSize));

        VerityResult result = await new VerityHasher(image).HashAsync(data, null, null, CancellationToken.None);

        Assert.Equal(rootHash, Convert.ToHexStringLower(result.RootHash));
    }

    [Fact]
    public async Task StoredTree_OfVeritysetup_IsFound()
    {
        using SafeFileHandle data = Write([.. Data(40 * 512), .. StoredTree()]);

        VerityImage image = VerityImage.Read(data, null, 40 * 512);
        VerityResult result = await new VerityHasher(image).HashAsync(data, data, null, CancellationToken.None);

        Assert.Equal((40, 512, 512, "00"), (image.DataBlocks, image.DataBlockSize, image.HashBlockSize, Convert.ToHexString(image.Salt)));
        Assert.Equal("7a5f493f6f991b9073cecbccdda38e018361f7edb8c6008118e3bcfc8b3ec52d", Convert.ToHexStringLower(result.RootHash));
        Assert.Null(result.FirstDifferentBlock);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    [InlineData(39)]
    public async Task ChangedBlock_IsNamed(int block)
    {
        byte[] bytes = [.. Data(40 * 512), .. StoredTree()];
        bytes[block * 512 + 511] ^= 1;
        using SafeFileHandle data = Write(bytes);

        VerityResult result = await new VerityHasher(VerityImage.Read(data, null, 40 * 512)).HashAsync(data, data, null, CancellationToken.None);

        Assert.Equal(block, result.FirstDifferentBlock);
        Assert.NotEqual("7a5f493f6f991b9073cecbccdda38e018361f7edb8c6008118e3bcfc8b3ec52d", Convert.ToHexStringLower(result.RootHash));
    }

    [Fact]
    public async Task TreeInAFileOfItsOwn_IsRead()
    {
        string treeFile = _file + "-tree";
        File.WriteAllBytes(treeFile, StoredTree());
        try
        {
            using SafeFileHandle data = Write(Data(40 * 512));
            using SafeFileHandle tree = File.OpenHandle(treeFile);

            VerityImage image = VerityImage.Read(data, tree, null);

            Assert.Equal((40, 0L), (image.DataBlocks, image.HashOffset));
            Assert.Null((await new VerityHasher(image).HashAsync(data, tree, null, CancellationToken.None)).FirstDifferentBlock);
        }
        finally
        {
            File.Delete(treeFile);
        }
    }

    [Fact]
    public async Task Image_ThatBecomesShorter_IsAnError()
    {
        VerityImage image = new() { HashOffset = 0, DataBlocks = 9, DataBlockSize = 512, HashBlockSize = 512, Salt = [] };
        using SafeFileHandle data = Write(Data(8 * 512 + 100));

        await Assert.ThrowsAsync<EndOfStreamException>(() => new VerityHasher(image).HashAsync(data, null, null, CancellationToken.None));
    }

    [Fact]
    public async Task Cancellation_EndsTheWork()
    {
        using CancellationTokenSource cancellation = new();
        VerityImage image = new() { HashOffset = 0, DataBlocks = 8192, DataBlockSize = 512, HashBlockSize = 512, Salt = [] };
        using SafeFileHandle data = Write(Data(8192 * 512));
        long last = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new VerityHasher(image).HashAsync(
            data, null, new Listener(bytes => { last = bytes; cancellation.Cancel(); }), cancellation.Token));

        Assert.Equal(1 << 20, last);
    }

    /// <summary>Where a member of the superblock stands, and a value that is refused.</summary>
    [Theory]
    [InlineData(8, 2, "version 2")]
    [InlineData(12, 0, "hash type 0")]
    [InlineData(32, 0x35313573, "algorithm")]
    [InlineData(64, 256, "data block size of 256")]
    [InlineData(64, 513, "data block size of 513")]
    [InlineData(64, 131_072, "data block size of 131072")]
    [InlineData(68, 0, "hash block size of 0")]
    [InlineData(68, 96, "hash block size of 96")]
    [InlineData(72, 0, "0 data blocks")]
    [InlineData(72, 41, "41 data blocks")]
    [InlineData(76, 1, "data blocks of 512 bytes")]
    [InlineData(80, 257, "salt of 257")]
    public void Superblock_WithAnImpossibleValue_IsRefused(int offset, int value, string message)
    {
        byte[] bytes = [.. Data(40 * 512), .. StoredTree()];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(40 * 512 + offset), value);
        using SafeFileHandle data = Write(bytes);

        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => VerityImage.Read(data, null, 40 * 512)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherImage_WithoutOffset_IsRefused()
    {
        using SafeFileHandle data = Write(Data(8192));

        Assert.Contains("--hash-offset", Assert.Throws<InvalidDataException>(() => VerityImage.Read(data, null, null)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void FileSystem_MustBeInsideTheHashedData(int blocksOfFileSystem, bool leavesUncovered)
    {
        byte[] bytes = Data(3 * 4096);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(1024), 0xE0F5E1E2);
        bytes[1024 + 12] = 12;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1024 + 0x24), blocksOfFileSystem);
        using SafeFileHandle data = Write(bytes);

        VerityImage image = VerityImage.Read(data, null, 3 * 4096);

        Assert.Equal((3, 4096, "00"), (image.DataBlocks, image.DataBlockSize, Convert.ToHexString(image.Salt)));
        Assert.Equal(leavesUncovered, image.LeavesBytesUncovered);
    }

    /// <summary>A block of a hash tree has the root hash of the whole: as the only data block, it would stand for an image with other content.</summary>
    [Theory]
    [InlineData(40, false)]
    [InlineData(1, true)]
    public void BytesBeforeTheSuperblock_MustBeHashed_WithoutAFileSystemToo(int dataBlocks, bool leavesUncovered)
    {
        byte[] bytes = [.. Data(40 * 512), .. StoredTree()];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan((40 * 512) + 72), dataBlocks);
        using SafeFileHandle data = Write(bytes);

        Assert.Equal(leavesUncovered, VerityImage.Read(data, null, 40 * 512).LeavesBytesUncovered);
    }

    // The four bytes of a linear congruential generator, again and again: the same data as in the command above.
    private static byte[] Data(int length)
    {
        byte[] data = new byte[length];
        uint x = 12345;
        for (int i = 0; i < length; i += 4)
        {
            x = unchecked(x * 1664525 + 1013904223);
            for (int k = 0; k < 4 && i + k < length; k++)
                data[i + k] = (byte)(x >> (8 * k));
        }

        return data;
    }

    // Superblock and tree of the first 40 blocks of 512 bytes, with the salt 00.
    private static byte[] StoredTree()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("veritysetup-40-blocks.b64")!;
        using StreamReader reader = new(stream);
        return Convert.FromBase64String(reader.ReadToEnd());
    }

    private SafeFileHandle Write(byte[] bytes)
    {
        File.WriteAllBytes(_file, bytes);
        return File.OpenHandle(_file);
    }

    private sealed class Listener(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }
}
