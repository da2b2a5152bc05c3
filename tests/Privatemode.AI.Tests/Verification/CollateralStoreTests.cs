using System.Globalization;
using System.Net;
using System.Text;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>What is downloaded, what a copy is good for, and what becomes of those who wait in line.</summary>
public sealed class CollateralStoreTests : IDisposable
{
    private static readonly ServiceFailureReason Gone = ServiceFailureReason.Other;
    private static readonly DateTimeOffset End = new(2999, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Rubbish = "<html>"u8.ToArray();

    // Downloads are shared by the whole process: an address nobody else uses.
    private readonly Uri _address = new($"https://vendor.example/{Guid.NewGuid()}");
    private readonly ManualTimeProvider _time = new();
    private readonly FakeHandler _handler = new();
    private readonly MemoryCollateralCache _memory = new(Guid.NewGuid().ToString());
    private readonly HttpClient _http;

    public CollateralStoreTests()
    {
        _http = new HttpClient(_handler);
        Serve("file");
    }

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_Twice_IsDownloadedOnce(bool async)
    {
        CollateralFile first = await GetAsync(async: async);
        CollateralFile second = await GetAsync(async: async);
        Assert.Equal((false, true), (first.IsFromCache, second.IsFromCache));
        Assert.Equal(("a,b", "file"), (second.Chain, Encoding.ASCII.GetString(second.Body)));
        Assert.Single(_handler.Requests);
    }

    [Fact]
    public async Task Get_CopyGrowsOld_IsDownloadedAgainUnlessItNeverChanges()
    {
        _ = await GetAsync();
        _time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.True((await GetAsync()).IsFromCache);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True((await GetAsync(CollateralFreshness.Unchanging)).IsFromCache);
        Assert.False((await GetAsync()).IsFromCache);
        Assert.Equal(2, _handler.Requests.Count);
    }

    [Fact]
    public async Task Get_CopyOfAListGrowsAnHourOld_IsDownloadedAgain()
    {
        _ = await GetAsync(CollateralFreshness.Hourly);
        _time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(1));
        Assert.True((await GetAsync(CollateralFreshness.Hourly)).IsFromCache);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False((await GetAsync(CollateralFreshness.Hourly)).IsFromCache);
        Assert.Equal(2, _handler.Requests.Count);
    }

    [Fact]
    public async Task Get_DownloadOfAnotherWorldOfTrustIsUnderWay_IsNotWaitedFor()
    {
        using HangingHandler hanging = new();
        using HttpClient http = new(hanging);
        using CancellationTokenSource leaving = new();
        Task<CollateralFile> other = GetAsync(http, leaving.Token);
        await hanging.Asked.OrTimeout();
        CollateralStore store = new(Downloads(), [_memory], _time, scope: "test trust");
        Assert.False((await store.GetAsync(Request(), CollateralFreshness.Recent, async: true, default).AsTask().OrTimeout()).IsFromCache);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other.OrTimeout());
    }

    [Fact]
    public async Task Get_CopyFromTheFuture_IsNotBelieved()
    {
        _ = await GetAsync();
        _time.JumpTo(_time.GetUtcNow().AddMinutes(-5));
        Assert.False((await GetAsync()).IsFromCache);
    }

    [Fact]
    public async Task Get_Fresh_UsesACopyThatWasJustDownloaded()
    {
        _ = await GetAsync();
        Assert.True((await GetAsync(CollateralFreshness.Fresh)).IsFromCache);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.False((await GetAsync(CollateralFreshness.Fresh)).IsFromCache);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_HostIsUnreachable_UsesTheOldCopyAndReportsIt(bool async)
    {
        _ = await GetAsync();
        Refuse();
        _time.Advance(TimeSpan.FromDays(2));
        CollateralFile copy = await GetAsync(async: async);
        Assert.Equal((true, true), (copy.IsFromCache, copy.IsStale));
        Assert.False((await GetAsync(CollateralFreshness.Unchanging)).IsStale);
    }

    [Fact]
    public async Task Get_HostIsUnreachableWhileManyWait_AllFailWithTheFirst()
    {
        using ManualResetEventSlim refuse = new();
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _handler.Answer = _ =>
        {
            asked.TrySetResult();
            Assert.True(refuse.Wait(TestTimeouts.Default));
            return new HttpResponseMessage(HttpStatusCode.Gone);
        };
        Task<CollateralFile> first = TestTimeouts.OnOwnThread(() => new ValueTask<CollateralFile>(GetAsync(async: false)).Completed());
        await asked.Task.OrTimeout();
        Task<CollateralFile>[] waiting = [.. Enumerable.Range(0, 20).Select(_ => GetAsync())];
        refuse.Set();
        foreach (Task<CollateralFile> task in (Task<CollateralFile>[])[first, .. waiting])
        {
            PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => task.OrTimeout());
            Assert.Equal((Gone, 410), (exception.Reason, exception.Status));
        }

        Assert.Single(_handler.Requests);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => GetAsync());
        Assert.Equal(2, _handler.Requests.Count);
    }

    [Fact]
    public async Task Get_HostIsUnreachableWhileManyWaitWithACopy_AllUseTheCopy()
    {
        _ = await GetAsync();
        _time.Advance(TimeSpan.FromDays(2));
        using ManualResetEventSlim refuse = new();
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _handler.Answer = _ =>
        {
            asked.TrySetResult();
            Assert.True(refuse.Wait(TestTimeouts.Default));
            return new HttpResponseMessage(HttpStatusCode.NotFound);
        };
        Task<CollateralFile> first = Task.Run(() => GetAsync());
        await asked.Task.OrTimeout();
        Task<CollateralFile>[] waiting = [.. Enumerable.Range(0, 20).Select(_ => GetAsync())];
        refuse.Set();
        Assert.All(await Task.WhenAll([first, .. waiting]).OrTimeout(), file => Assert.True(file.IsStale));
        Assert.Equal(2, _handler.Requests.Count);
    }

    [Fact]
    public async Task Get_CallerInLineIsCancelled_TheOthersGoOn()
    {
        using ManualResetEventSlim answer = new();
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _handler.Answer = _ =>
        {
            asked.TrySetResult();
            Assert.True(answer.Wait(TestTimeouts.Default));
            return new HttpResponseMessage();
        };
        Task<CollateralFile> first = Task.Run(() => GetAsync());
        await asked.Task.OrTimeout();
        using CancellationTokenSource cancellation = new();
        Task<CollateralFile> cancelled = GetAsync(cancellationToken: cancellation.Token);
        Task<CollateralFile> third = GetAsync();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.OrTimeout());
        answer.Set();
        _ = await first.OrTimeout();
        Assert.True((await third.OrTimeout()).IsFromCache);
    }

    [Fact]
    public async Task Get_FartherCacheHasIt_TheNearerOneGetsIt()
    {
        MemoryCollateralCache far = new(Guid.NewGuid().ToString());
        _ = await new CollateralStore(Downloads(), [far], _time).GetAsync(Request(), CollateralFreshness.Recent, async: true, default);
        CollateralStore both = new(Downloads(), [_memory, far], _time);
        Assert.True((await both.GetAsync(Request(), CollateralFreshness.Recent, async: true, default)).IsFromCache);
        Assert.NotNull(await _memory.GetAsync(_address.AbsoluteUri, 1000, async: true, default));
        Assert.Single(_handler.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_CopyIsLongerThanADownloadMayBe_IsDownloaded(bool async)
    {
        await KeepAsync(new byte[12]);
        Assert.False((await GetAsync(async: async)).IsFromCache);
        await KeepAsync(new byte[11]);
        Assert.True((await GetAsync(async: async)).IsFromCache);
    }

    /// <summary>The symptom: a client behind a broken proxy kept all others of the process from verifying.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_DownloadOfAnotherClientHangs_OneOfThoseWhoWaitDownloadsForAll(bool async)
    {
        using HangingHandler hanging = new();
        using HttpClient broken = new(hanging);
        using CancellationTokenSource end = new();
        Task<CollateralFile> first = GetAsync(broken, end.Token);
        await hanging.Asked.OrTimeout();
        Task<CollateralFile>[] waiting = [.. Enumerable.Range(0, 20).Select(i => i > 0 || async
            ? GetAsync()
            : TestTimeouts.OnOwnThread(() => new ValueTask<CollateralFile>(GetAsync(async: false)).Completed()))];
        _ = await _time.TimerAsync(due => due == SharedDownload.MaxWait).OrTimeout();
        Assert.Empty(_handler.Requests);
        _time.Advance(SharedDownload.MaxWait);
        _ = await Task.WhenAll(waiting).OrTimeout();
        Assert.Single(_handler.Requests);
        Assert.False(first.IsCompleted);
        Assert.True((await GetAsync()).IsFromCache);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.OrTimeout());
    }

    [Fact]
    public async Task Get_CallerWhoDownloadsIsCancelled_OneOfThoseWhoWaitDownloadsForAll()
    {
        using HangingHandler hanging = new();
        using HttpClient other = new(hanging);
        using CancellationTokenSource impatient = new();
        Task<CollateralFile> first = GetAsync(other, impatient.Token);
        await hanging.Asked.OrTimeout();
        Task<CollateralFile>[] waiting = [.. Enumerable.Range(0, 20).Select(_ => GetAsync())];
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.OrTimeout());
        _ = await Task.WhenAll(waiting).OrTimeout();
        Assert.Single(_handler.Requests);
    }

    /// <summary>The symptom: all clients waited for as long as one application's cache took.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_FartherCacheHangs_IsAMissAfterTwoSecondsForAllWhoWait(bool async)
    {
        using HangingCache cache = new();
        CollateralStore store = new(Downloads(), [_memory, new TimedCollateralCache(cache, _time)], _time);
        Task<CollateralFile> first = TestTimeouts.OnOwnThread(
            () => store.GetAsync(Request(), CollateralFreshness.Recent, async, default).AsTask().GetAwaiter().GetResult());
        _ = await _time.TimerAsync(due => due == TimeSpan.FromSeconds(2)).OrTimeout();
        await cache.Asked.OrTimeout();
        Task<CollateralFile> other = GetAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False((await first).IsFromCache);
        Assert.True((await other.OrTimeout()).IsFromCache);

        // Not to be written to either, as long as it hangs.
        Assert.Equal((1, 1), (cache.Calls, _handler.Requests.Count));
    }

    [Theory]
    [InlineData("2020-01-02", 5, "2020-01-01", 6)] // an earlier date
    [InlineData("2020-01-01", 5, "2020-01-02", 4)] // a lower number
    public async Task Get_TheDownloadIsOlderThanTheCopy_TheCopyStaysAndSaysSo(string keptDate, int keptNumber, string date, int number)
    {
        await KeepAsync(Document(keptDate, keptNumber));
        _time.Advance(TimeSpan.FromDays(2));
        Serve(Document(date, number));
        for (int i = 0; i < 2; i++)
        {
            CollateralFile file = await GetAsync();
            Assert.Equal(Document(keptDate, keptNumber), file.Body);
            Assert.Equal((true, true), (file.IsFromCache, file.IsStale));
        }

        Assert.Equal(2, _handler.Requests.Count);
        Serve(Document("2020-01-03", 6));
        CollateralFile newer = await GetAsync();
        Assert.Equal((false, false), (newer.IsFromCache, newer.IsStale));
    }

    [Fact]
    public async Task Get_CachesDiffer_TheNewestJudgesAndReplacesTheOthers()
    {
        MemoryCollateralCache far = new($"{Guid.NewGuid()}"), farther = new($"{Guid.NewGuid()}");
        await KeepAsync(Document("2020-01-01", 5), far);
        await KeepAsync(Document("2020-01-02", 6), farther);
        CollateralStore store = new(Downloads(), [_memory, far, farther], _time);
        Assert.Equal(Document("2020-01-02", 6), (await store.GetAsync(Request(), CollateralFreshness.Recent, async: true, default)).Body);
        Assert.Empty(_handler.Requests);
        foreach (MemoryCollateralCache cache in (MemoryCollateralCache[])[_memory, far, farther])
        {
            Assert.Equal(
                Document("2020-01-02", 6), CollateralFile.Decode((await cache.GetAsync(_address.AbsoluteUri, 1000, async: true, default))!)!.Body);
        }
    }

    [Fact]
    public async Task Get_DownloadIsNotAuthentic_IsReturnedButNotCached()
    {
        Serve(Rubbish);
        CollateralFile file = await GetAsync();
        Assert.Equal((false, false), (file.Version is not null, file.IsFromCache));
        Assert.Null(await _memory.GetAsync(_address.AbsoluteUri, 1000, async: true, default));
        await KeepAsync(Document("2020-01-02", 6));
        _time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(Document("2020-01-02", 6), (await GetAsync()).Body);
    }

    [Fact]
    public async Task Get_TheCopyIsNotAuthentic_IsDownloaded()
    {
        await KeepAsync(Rubbish);
        Assert.False((await GetAsync()).IsFromCache);
    }

    // The date and the number of a document, as far as these tests are concerned.
    private static byte[] Document(string date, int number) => Encoding.ASCII.GetBytes($"{date}{number}");

    private static DocumentVersion? VersionOf(CollateralFile file)
    {
        string text = Encoding.ASCII.GetString(file.Body);
        return text == "<html>" ? null
            : DateTimeOffset.TryParse(text[..Math.Min(10, text.Length)], CultureInfo.InvariantCulture, out DateTimeOffset date)
                ? new DocumentVersion(date, text[^1], End)
                : new DocumentVersion(End, 0, End);
    }

    private CollateralRequest Request() => new(_address, 11, "the file", VersionOf) { ChainHeader = "Chain" };

    private async Task KeepAsync(byte[] body, MemoryCollateralCache? cache = null) => await (cache ?? _memory).SetAsync(
        _address.AbsoluteUri,
        new CollateralFile(body, "", _time.GetUtcNow()) { Version = new DocumentVersion(End, 0, End) }.Encode(),
        End,
        async: true,
        default);

    private PublicDownloads Downloads() => new(new BoundedHttpClient(_http, _time), _time);

    private Task<CollateralFile> GetAsync(
        CollateralFreshness demand = CollateralFreshness.Recent, bool async = true, CancellationToken cancellationToken = default) =>
        new CollateralStore(Downloads(), [_memory], _time).GetAsync(Request(), demand, async, cancellationToken).AsTask();

    private Task<CollateralFile> GetAsync(HttpClient http, CancellationToken cancellationToken) =>
        new CollateralStore(new PublicDownloads(new BoundedHttpClient(http, _time), _time), [_memory], _time)
            .GetAsync(Request(), CollateralFreshness.Recent, async: true, cancellationToken).AsTask();

    private void Refuse() => _handler.Answer = _ => new HttpResponseMessage(HttpStatusCode.NotFound);

    private void Serve(string file) => Serve(Encoding.ASCII.GetBytes(file));

    private void Serve(byte[] file) => _handler.Answer = _ =>
    {
        HttpResponseMessage response = new() { Content = new ByteArrayContent(file) };
        response.Headers.Add("Chain", ["a", "b"]);
        return response;
    };

    private sealed class HangingHandler : HttpMessageHandler
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => _asked.Task;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _ = _asked.TrySetResult();
            return new TaskCompletionSource<HttpResponseMessage>().Task.WaitAsync(cancellationToken);
        }
    }
}
