using System.Globalization;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Answers cut off at random moments, beside calls on the same pooled connections that must all be answered right.</summary>
public sealed class ConnectionStressTests : IAsyncLifetime
{
    private const int CutOffs = 2000;
    private const int Workers = 8;

    // Longer than anything a connection is held up for, so that the rest of an answer comes before, while and after it is given up.
    private const int MaxPauseMilliseconds = 12;

    private readonly SlowServer _server = new(async (id, stop) =>
        await TimeProvider.System.DelayAsync(TimeSpan.FromMilliseconds(id % MaxPauseMilliseconds), async: true, stop));

    private HttpClient _http = null!;
    private int _innocent;
    private int _cut;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TwoThousandCutOffAnswers_AmongOtherCalls_DoNotAffectThem(bool handlerOfTheUsers)
    {
        using SocketsHttpHandler theirs = new() { UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null };
        using HttpMessageInvoker invoker = new(theirs, disposeHandler: false);
        using HttpRequestMessage first = new(HttpMethod.Get, new Uri(_server.Address, "/now/0"));

        // Used before, so that it is too late to change its connections.
        (await invoker.SendAsync(first, CancellationToken.None)).Dispose();
        _http = HttpTransports.Create(handlerOfTheUsers ? theirs : null, isTestTrust: !handlerOfTheUsers);
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Factory.StartNew(
            () =>
            {
                Random random = new(worker);
                for (int id = Interlocked.Increment(ref next); id <= CutOffs; id = Interlocked.Increment(ref next))
                {
                    CutOff(id, random);
                    AskInnocently(id);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).WaitAsync(TestTimeouts.Default * 3);
        Assert.Equal(CutOffs, _innocent);

        // With the same pauses on both sides some are in time.
        Assert.InRange(_cut, CutOffs / 4, CutOffs);
    }

    private void AskInnocently(int id)
    {
        string text = id.ToString(CultureInfo.InvariantCulture);
        using CancellationTokenSource timeout = new(TestTimeouts.Default);
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_server.Address, $"/now/{text}"));
        using HttpResponseMessage response = id % 2 == 0
            ? _http.Send(request, timeout.Token)
            : _http.SendAsync(request, timeout.Token).GetAwaiter().GetResult();
        using StreamReader reader = new(response.Content.ReadAsStream(timeout.Token));
        Assert.Equal(text, reader.ReadToEnd());
        _ = Interlocked.Increment(ref _innocent);
    }

    private void CutOff(int id, Random random)
    {
        using CancellationTokenSource cut = new(TimeSpan.FromMilliseconds(random.NextDouble() * MaxPauseMilliseconds));
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_server.Address, SlowServer.Slow(id, isChunked: random.Next(2) == 0)));
        int way = random.Next(6);
        Exception? failure = Record.Exception(() => Read(way, request, cut.Token));
        if (failure is not null)
        {
            _ = Interlocked.Increment(ref _cut);
            Assert.True(
                failure is OperationCanceledException or ObjectDisposedException or IOException or PrivatemodeServiceException, $"{way}: {failure}");
        }
    }

    /// <summary>Reads an answer in one of the ways the library reads them; it ends when it is whole or cut off.</summary>
    private void Read(int way, HttpRequestMessage request, CancellationToken cut)
    {
        if (way < 2)
        {
            BoundedHttpClient bounded = new(_http, TimeProvider.System);
            _ = bounded.SendAsync(request, 1 << 20, "the test", async: way == 0, cut).AsTask().GetAwaiter().GetResult();
            return;
        }

        bool isSync = way % 2 == 0;
        using HttpResponseMessage response = isSync
            ? _http.Send(request, HttpCompletionOption.ResponseHeadersRead, cut)
            : _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cut).GetAwaiter().GetResult();
        Stream body = response.Content.ReadAsStream(cut);
        if (way < 4)
        {
            using PooledPieces whole = new();
            Assert.True(BoundedReader.TryReadAsync(body, whole, 1 << 20, async: !isSync, cut).AsTask().GetAwaiter().GetResult());
            Assert.Equal(SlowServer.SlowLength, whole.Length);
            return;
        }

        // Disposed by another thread in the middle of a read, or else paused for too long.
        using CancellationTokenRegistration disposal = cut.Register(response.Dispose);
        TimeSpan longest = TimeSpan.FromMilliseconds(MaxPauseMilliseconds / 2);
        using IdleTimeoutStream stream = new(body, longest, longest, () => 0, TimeProvider.System, "sdk_0");
        byte[] buffer = new byte[4096];
        while ((isSync ? stream.Read(buffer) : stream.ReadAsync(buffer, CancellationToken.None).AsTask().GetAwaiter().GetResult()) > 0)
        {
        }
    }
}
