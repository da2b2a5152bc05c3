using System.Text;
using Microsoft.Extensions.Caching.Distributed;
using Privatemode.AI.Endpoints;

namespace Privatemode.AI.Tests.Endpoints;

/// <summary>A cache that fails is a cache without the file.</summary>
public sealed class CollateralCacheTests : IDisposable
{
    private const string Key = "https://vendor.example/list";
    private const int Limit = 1000;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-cache-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Directory_KeepsFilesForOthers(bool async)
    {
        string path = Path.Combine(_directory.FullName, "made", "for it");
        Assert.Null(await new DirectoryCollateralCache(path).GetAsync(Key, Limit, async, default));
        await new DirectoryCollateralCache(path).SetAsync(Key, [1, 2], async, default);
        await new DirectoryCollateralCache(path).SetAsync(Key, [3], async, default);
        Assert.Equal([3], await new DirectoryCollateralCache(path).GetAsync(Key, Limit, async, default));
        Assert.Single(Directory.GetFiles(path));
    }

    [Theory]
    [InlineData("a file", true)]
    [InlineData("a file", false)]
    [InlineData("zero\0byte", true)]
    [InlineData("zero\0byte", false)]
    public async Task Directory_CannotBeUsed_IsOneWithoutTheFile(string name, bool async)
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "a file"), "");
        DirectoryCollateralCache cache = new(Path.Combine(_directory.FullName, name));
        await cache.SetAsync(Key, [1], async, default);
        Assert.Null(await cache.GetAsync(Key, Limit, async, default));
    }

    [Fact]
    public async Task Directory_FileCannotBeReplacedOrRead_IsIgnoredAndLeavesNothingBehind()
    {
        DirectoryCollateralCache cache = new(_directory.FullName);
        await cache.SetAsync(Key, [1], async: true, default);
        string path = Assert.Single(Directory.GetFiles(_directory.FullName));
        File.Delete(path);
        Directory.CreateDirectory(Path.Combine(path, "not empty"));
        await cache.SetAsync(Key, [2], async: true, default);
        Assert.Null(await cache.GetAsync(Key, Limit, async: true, default));
        Assert.Empty(Directory.GetFiles(_directory.FullName));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Directory_HugeFile_IsNotRead(bool async)
    {
        DirectoryCollateralCache cache = new(_directory.FullName);
        await cache.SetAsync(Key, new byte[Limit], async, default);
        Assert.Equal(Limit, (await cache.GetAsync(Key, Limit, async, default))!.Length);
        Assert.Null(await cache.GetAsync(Key, Limit - 1, async, default));
        using (FileStream file = File.OpenWrite(Assert.Single(Directory.GetFiles(_directory.FullName))))
        {
            file.SetLength(1L << 30);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(await cache.GetAsync(Key, Limit, async: false, default));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024 * 1024);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Directory_LinkToADeviceWithoutEnd_IsNotReadWhole(bool async)
    {
        if (!File.Exists("/dev/zero"))
        {
            return;
        }

        DirectoryCollateralCache cache = new(_directory.FullName);
        await cache.SetAsync(Key, [1], async, default);
        string path = Assert.Single(Directory.GetFiles(_directory.FullName));
        File.Delete(path);
        _ = File.CreateSymbolicLink(path, "/dev/zero");
        Assert.Null(await cache.GetAsync(Key, Limit, async, default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DistributedAndMemory_HugeFile_IsNone(bool async)
    {
        ICollateralCache[] caches = [new DistributedCollateralCache(new FakeCache()), new MemoryCollateralCache($"{Guid.NewGuid()}")];
        foreach (ICollateralCache cache in caches)
        {
            await cache.SetAsync(Key, new byte[Limit], async, default);
            Assert.NotNull(await cache.GetAsync(Key, Limit, async, default));
            Assert.Null(await cache.GetAsync(Key, Limit - 1, async, default));
        }
    }

    [Fact]
    public async Task Directory_CancelledWhileWriting_LeavesNothingBehind()
    {
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        DirectoryCollateralCache cache = new(_directory.FullName);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.SetAsync(Key, new byte[1000], async: true, cancelled.Token).AsTask());
        Assert.Empty(Directory.GetFiles(_directory.FullName));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Distributed_Throws_IsOneWithoutTheFile(bool async)
    {
        foreach (Exception trouble in (Exception[])[new InvalidOperationException(), new TimeoutException(), new TaskCanceledException()])
        {
            DistributedCollateralCache cache = new(new FakeCache { Trouble = trouble });
            await cache.SetAsync(Key, [1], async, default);
            Assert.Null(await cache.GetAsync(Key, Limit, async, default));
        }
    }

    [Fact]
    public async Task Distributed_CallerCancels_IsACancellation()
    {
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        DistributedCollateralCache cache = new(new FakeCache { Trouble = new OperationCanceledException() });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.GetAsync(Key, Limit, async: true, cancelled.Token).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.SetAsync(Key, [1], async: true, cancelled.Token).AsTask());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Distributed_KeepsFilesForAMonth(bool async)
    {
        FakeCache files = new();
        DistributedCollateralCache cache = new(files);
        Assert.Null(await cache.GetAsync(Key, Limit, async, default));
        await cache.SetAsync(Key, [1], async, default);
        Assert.Equal([1], await cache.GetAsync(Key, Limit, async, default));
        Assert.Equal(TimeSpan.FromDays(30), files.Options!.AbsoluteExpirationRelativeToNow);
    }

    [Fact]
    public async Task Memory_OtherScope_HasOtherFiles()
    {
        MemoryCollateralCache one = new(Guid.NewGuid().ToString());
        await one.SetAsync(Key, [1], async: true, default);
        Assert.Equal([1], await one.GetAsync(Key, Limit, async: true, default));
        Assert.Null(await new MemoryCollateralCache(Guid.NewGuid().ToString()).GetAsync(Key, Limit, async: true, default));
    }

    [Fact]
    public void File_Encoded_IsReadAgain()
    {
        DateTimeOffset at = new(2026, 5, 4, 3, 2, 1, 7, TimeSpan.Zero);
        CollateralFile file = CollateralFile.Decode(new CollateralFile([1, (byte)'\n', 3], "-----é%0A", at).Encode())!;
        Assert.Equal([1, (byte)'\n', 3], file.Body);
        Assert.Equal(("-----é%0A", at, true), (file.Chain, file.FetchedAt, file.IsFromCache));
        Assert.Empty(CollateralFile.Decode(new CollateralFile([], "", at).Encode())!.Body);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("privatemode-collateral-2\n5\n\nx")]
    [InlineData("privatemode-collateral-1\n")]
    [InlineData("privatemode-collateral-1\n5\n")]
    [InlineData("privatemode-collateral-1\n\n\nx")]
    [InlineData("privatemode-collateral-1\nx\n\nx")]
    [InlineData("privatemode-collateral-1\n5x\n\nx")]
    [InlineData("privatemode-collateral-1\n-5\n\nx")]
    [InlineData("privatemode-collateral-1\n999999999999999999\n\nx")]
    [InlineData("privatemode-collateral-1\n99999999999999999999999\n\nx")]
    [InlineData("privatemode-collateral-1\n5\n?\nx")]
    public void File_ForeignBytes_AreNone(string text) => Assert.Null(CollateralFile.Decode(Encoding.ASCII.GetBytes(text)));

    private sealed class FakeCache : IDistributedCache
    {
        private readonly Dictionary<string, byte[]> _files = [];

        public Exception? Trouble { get; init; }

        public DistributedCacheEntryOptions? Options { get; private set; }

        public byte[]? Get(string key) => Trouble is null ? _files.GetValueOrDefault(key) : throw Trouble;

        public Task<byte[]?> GetAsync(string key, CancellationToken token = default) => Task.Run(() => Get(key), CancellationToken.None);

        public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
        {
            Options = options;
            _files[key] = Trouble is null ? value : throw Trouble;
        }

        public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
            Task.Run(() => Set(key, value, options), CancellationToken.None);

        public void Refresh(string key) => throw new NotSupportedException();

        public Task RefreshAsync(string key, CancellationToken token = default) => throw new NotSupportedException();

        public void Remove(string key) => throw new NotSupportedException();

        public Task RemoveAsync(string key, CancellationToken token = default) => throw new NotSupportedException();
    }
}
