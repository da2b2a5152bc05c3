using System.Text;
using Microsoft.Extensions.Caching.Distributed;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>A cache that fails is a cache without the file.</summary>
public sealed class CollateralCacheTests : IDisposable
{
    private const string Key = "https://vendor.example/list";
    private const int Limit = 1000;

    private static readonly ManualTimeProvider Time = new();
    private static readonly DateTimeOffset Until = Time.GetUtcNow().AddDays(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-cache-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Directory_KeepsFilesForOthers(bool async)
    {
        string path = Path.Combine(_directory.FullName, "made", "for it");
        Assert.Null(await Directories(path).GetAsync(Key, Limit, async, default));
        await Directories(path).SetAsync(Key, [1, 2], Until, async, default);
        await Directories(path).SetAsync(Key, [3], Until, async, default);
        Assert.Equal([3], await Directories(path).GetAsync(Key, Limit, async, default));
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
        DirectoryCollateralCache cache = Directories(Path.Combine(_directory.FullName, name));
        await cache.SetAsync(Key, [1], Until, async, default);
        Assert.Null(await cache.GetAsync(Key, Limit, async, default));
    }

    [Fact]
    public async Task Directory_FileCannotBeReplacedOrRead_IsIgnoredAndLeavesNothingBehind()
    {
        DirectoryCollateralCache cache = Directories(_directory.FullName);
        await cache.SetAsync(Key, [1], Until, async: true, default);
        string path = Assert.Single(Directory.GetFiles(_directory.FullName));
        File.Delete(path);
        Directory.CreateDirectory(Path.Combine(path, "not empty"));
        await cache.SetAsync(Key, [2], Until, async: true, default);
        Assert.Null(await cache.GetAsync(Key, Limit, async: true, default));
        Assert.Empty(Directory.GetFiles(_directory.FullName));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Directory_HugeFile_IsNotRead(bool async)
    {
        DirectoryCollateralCache cache = Directories(_directory.FullName);
        await cache.SetAsync(Key, new byte[Limit], Until, async, default);
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

        DirectoryCollateralCache cache = Directories(_directory.FullName);
        await cache.SetAsync(Key, [1], Until, async, default);
        string path = Assert.Single(Directory.GetFiles(_directory.FullName));
        File.Delete(path);
        _ = File.CreateSymbolicLink(path, "/dev/zero");
        Assert.Null(await cache.GetAsync(Key, Limit, async, default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Directory_FilesPastTheirEnd_AreDeletedAndNothingElseIs(bool async)
    {
        ManualTimeProvider time = new();
        DirectoryCollateralCache cache = new(_directory.FullName, time);
        string foreign = Path.Combine(_directory.FullName, "notes.collateral"), broken = Path.Combine(_directory.FullName, new string('0', 64) + ".collateral");
        string left = Path.Combine(_directory.FullName, new string('1', 64) + ".collateral.0011223344556677.tmp");
        Array.ForEach([foreign, broken, left], path => File.WriteAllText(path, "something else"));
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddHours(-2));
        await SetAsync(cache, "short", time.GetUtcNow().AddDays(1), async);
        await SetAsync(cache, "long", time.GetUtcNow().AddDays(3), async);
        time.Advance(TimeSpan.FromDays(2));
        await SetAsync(cache, "over", time.GetUtcNow().AddDays(-1), async);
        await SetAsync(cache, "other", time.GetUtcNow().AddDays(1), async);
        Assert.Null(await cache.GetAsync("short", Limit, async, default));
        Assert.Null(await cache.GetAsync("over", Limit, async, default));
        Assert.NotNull(await cache.GetAsync("long", Limit, async, default));
        Assert.NotNull(await cache.GetAsync("other", Limit, async, default));
        Assert.Equal((true, true, false), (File.Exists(foreign), File.Exists(broken), File.Exists(left)));
    }

    [Fact]
    public async Task Directory_MoreFilesThanAreKept_TheOldestAreDeleted()
    {
        DirectoryCollateralCache cache = Directories(_directory.FullName);
        string foreign = Path.Combine(_directory.FullName, "notes.txt");
        File.WriteAllText(foreign, "somebody else's, and the oldest");
        for (int i = 0; i < DirectoryCollateralCache.MaxFiles + 5; i++)
        {
            await SetAsync(cache, $"{i}", Until, async: false);
            Array.ForEach(Directory.GetFiles(_directory.FullName), path => File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddMinutes(-1)));
        }

        Assert.True(File.Exists(foreign));
        Assert.Equal(DirectoryCollateralCache.MaxFiles + 1, Directory.GetFiles(_directory.FullName).Length);
        Assert.Null(await cache.GetAsync("4", Limit, async: false, default));
        Assert.NotNull(await cache.GetAsync("5", Limit, async: false, default));
    }

    [Fact]
    public async Task Directory_MoreCertificatesThanAreKept_TheRevocationListStays()
    {
        ManualTimeProvider time = new();
        DirectoryCollateralCache cache = new(_directory.FullName, time);
        await SetAsync(cache, "list", time.GetUtcNow().AddDays(365), async: false);
        for (int i = 0; i < DirectoryCollateralCache.MaxFiles + 5; i++)
        {
            Array.ForEach(Directory.GetFiles(_directory.FullName), path => File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddMinutes(-1)));
            await SetAsync(cache, $"{i}", time.GetUtcNow().AddDays(7 * 365), async: false);
        }

        Assert.Equal(DirectoryCollateralCache.MaxFiles, Directory.GetFiles(_directory.FullName).Length);
        Assert.NotNull(await cache.GetAsync("list", Limit, async: false, default));
        Assert.Null(await cache.GetAsync("5", Limit, async: false, default));
        Assert.NotNull(await cache.GetAsync("6", Limit, async: false, default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DistributedAndMemory_HugeFile_IsNone(bool async)
    {
        ICollateralCache[] caches = [new DistributedCollateralCache(new FakeCache(), Time), new MemoryCollateralCache($"{Guid.NewGuid()}")];
        foreach (ICollateralCache cache in caches)
        {
            await cache.SetAsync(Key, new byte[Limit], Until, async, default);
            Assert.NotNull(await cache.GetAsync(Key, Limit, async, default));
            Assert.Null(await cache.GetAsync(Key, Limit - 1, async, default));
        }
    }

    [Fact]
    public async Task Directory_CancelledWhileWriting_LeavesNothingBehind()
    {
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        DirectoryCollateralCache cache = Directories(_directory.FullName);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.SetAsync(Key, new byte[1000], Until, async: true, cancelled.Token).AsTask());
        Assert.Empty(Directory.GetFiles(_directory.FullName));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Distributed_Throws_IsOneWithoutTheFile(bool async)
    {
        foreach (Exception trouble in (Exception[])[new InvalidOperationException(), new TimeoutException(), new TaskCanceledException()])
        {
            DistributedCollateralCache cache = new(new FakeCache { Trouble = trouble }, Time);
            await cache.SetAsync(Key, [1], Until, async, default);
            Assert.Null(await cache.GetAsync(Key, Limit, async, default));
        }
    }

    [Fact]
    public async Task Distributed_CallerCancels_IsACancellation()
    {
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        DistributedCollateralCache cache = new(new FakeCache { Trouble = new OperationCanceledException() }, Time);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.GetAsync(Key, Limit, async: true, cancelled.Token).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.SetAsync(Key, [1], Until, async: true, cancelled.Token).AsTask());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Distributed_KeepsFilesUntilTheirEnd(bool async)
    {
        FakeCache files = new();
        DistributedCollateralCache cache = new(files, Time);
        Assert.Null(await cache.GetAsync(Key, Limit, async, default));
        await cache.SetAsync(Key, [1], Until, async, default);
        Assert.Equal([1], await cache.GetAsync(Key, Limit, async, default));
        Assert.Equal(TimeSpan.FromDays(20), files.Options!.AbsoluteExpirationRelativeToNow);
        await cache.SetAsync(Key, [1], Time.GetUtcNow().AddYears(7), async, default);
        Assert.Equal(TimeSpan.FromDays(400), files.Options!.AbsoluteExpirationRelativeToNow);
        await cache.SetAsync(Key, [2], Time.GetUtcNow(), async, default);
        Assert.Equal([1], await cache.GetAsync(Key, Limit, async, default));
    }

    [Fact]
    public async Task Memory_OtherScope_HasOtherFiles()
    {
        MemoryCollateralCache one = new(Guid.NewGuid().ToString());
        await one.SetAsync(Key, [1], Until, async: true, default);
        Assert.Equal([1], await one.GetAsync(Key, Limit, async: true, default));
        Assert.Null(await new MemoryCollateralCache(Guid.NewGuid().ToString()).GetAsync(Key, Limit, async: true, default));
    }

    [Fact]
    public void File_Encoded_IsReadAgain()
    {
        DateTimeOffset at = new(2026, 5, 4, 3, 2, 1, 7, TimeSpan.Zero);
        byte[] encoded = new CollateralFile([1, (byte)'\n', 3], "-----é%0A", at) { Version = new DocumentVersion(at, 7, at.AddDays(3)) }.Encode();
        CollateralFile file = CollateralFile.Decode(encoded)!;
        Assert.Equal(at.AddDays(3), CollateralFile.ReadValidUntil(encoded.AsSpan(0, CollateralFile.HeadLength)));
        Assert.Equal([1, (byte)'\n', 3], file.Body);
        Assert.Equal(("-----é%0A", at, true), (file.Chain, file.FetchedAt, file.IsFromCache));
        Assert.Null(file.Version);
        DateTimeOffset last = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);
        encoded = new CollateralFile([], "", last) { Version = new DocumentVersion(last, 0, last) }.Encode();
        Assert.Empty(CollateralFile.Decode(encoded)!.Body);
        Assert.Equal(last, CollateralFile.ReadValidUntil(encoded.AsSpan(0, Math.Min(encoded.Length, CollateralFile.HeadLength))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("privatemode-collateral-3\n5 5\n\nx")]
    [InlineData("privatemode-collateral-1\n5\n\nx")]
    [InlineData("privatemode-collateral-2\n")]
    [InlineData("privatemode-collateral-2\n5\n\nx")]
    [InlineData("privatemode-collateral-2\n5 \n\nx")]
    [InlineData("privatemode-collateral-2\n5 5\n")]
    [InlineData("privatemode-collateral-2\n\n\nx")]
    [InlineData("privatemode-collateral-2\nx 5\n\nx")]
    [InlineData("privatemode-collateral-2\n5x 5\n\nx")]
    [InlineData("privatemode-collateral-2\n-5 5\n\nx")]
    [InlineData("privatemode-collateral-2\n5 999999999999999999\n\nx")]
    [InlineData("privatemode-collateral-2\n99999999999999999999999 5\n\nx")]
    [InlineData("privatemode-collateral-2\n5 5\n?\nx")]
    public void File_ForeignBytes_AreNone(string text) => Assert.Null(CollateralFile.Decode(Encoding.ASCII.GetBytes(text)));

    private static DirectoryCollateralCache Directories(string path) => new(path, Time);

    private static ValueTask SetAsync(DirectoryCollateralCache cache, string key, DateTimeOffset until, bool async)
    {
        CollateralFile file = new([1], "", Time.GetUtcNow()) { Version = new DocumentVersion(Time.GetUtcNow(), 0, until) };
        return cache.SetAsync(key, file.Encode(), until, async, default);
    }

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
