using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Transport;

/// <summary>Every way of getting no answer has its own name.</summary>
public sealed class BoundedHttpClientTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly FakeHandler _handler = new();
    private readonly HttpClient _http;

    public BoundedHttpClientTests() => _http = new HttpClient(_handler);

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_ConnectionNotMadeInTime_IsUnreachableAndNoCancellation(bool async)
    {
        _handler.Answer = _ => throw new TaskCanceledException("The operation was canceled.", new TimeoutException("ConnectTimeout"));
        Assert.Equal(ServiceFailureReason.Unreachable, (await Assert.ThrowsAsync<PrivatemodeServiceException>(() => SendAsync(async))).Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_OwnExceptionWhileConnecting_ComesThrough(bool async)
    {
        _handler.Answer = _ => throw new HttpRequestException("x", new PrivatemodeConfigurationException("Endpoint", "no loopback"));
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => SendAsync(async));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Send_SynchronousReadStalls_EndsWithTheDeadlineOrTheCaller(bool callerCancels, bool readThrowsIo)
    {
        using StalledStream stalled = new(readThrowsIo);
        using CancellationTokenSource caller = new();
        _handler.Answer = _ => new HttpResponseMessage { Content = new StreamContent(stalled) };
        Task<Exception?> sending = TestTimeouts.OnOwnThread<Exception?>(() => SendBlocking(caller.Token));
        await stalled.Reading.OrTimeout();
        if (callerCancels)
        {
            await caller.CancelAsync();
            Assert.IsAssignableFrom<OperationCanceledException>(await sending);
        }
        else
        {
            _time.Advance(TimeSpan.FromSeconds(31));
            Assert.Equal(ServiceFailureReason.Timeout, Assert.IsType<PrivatemodeServiceException>(await sending).Reason);
        }
    }

    [Fact]
    public async Task Send_ConnectionBreaksInTheBody_IsUnreachable()
    {
        using StalledStream broken = new(throwsIo: true);
        broken.Dispose();
        _handler.Answer = _ => new HttpResponseMessage { Content = new StreamContent(broken) };
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => SendAsync(async: false));
        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Send_HandlerFollowedARedirect_IsRefused(bool async, bool inPlace)
    {
        Uri elsewhere = new("https://elsewhere.example/x");
        _handler.Answer = request =>
        {
            request.RequestUri = inPlace ? elsewhere : request.RequestUri;
            return new HttpResponseMessage { RequestMessage = inPlace ? null : new HttpRequestMessage(HttpMethod.Get, elsewhere) };
        };
        using HttpClient http = HttpTransports.Create(_handler, isTestTrust: false, isLoopbackOnly: true);
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(async () => await
            new BoundedHttpClient(http, _time).SendAsync(new(HttpMethod.Get, "https://127.0.0.1/x"), 100, "the test", async, CancellationToken.None));
        Assert.Equal("Transport.HttpMessageHandler", exception.Setting);
    }

    private Exception? SendBlocking(CancellationToken cancellationToken) =>
        Record.Exception(() => { _ = new ValueTask<HttpAnswer>(SendAsync(async: false, cancellationToken)).Completed(); });

    private async Task<HttpAnswer> SendAsync(bool async, CancellationToken cancellationToken = default) => await new BoundedHttpClient(_http, _time).SendAsync(
        new HttpRequestMessage(HttpMethod.Get, "https://host.example/x"), 100, "the test", async, cancellationToken);

    /// <summary>Gives nothing until it is disposed, then fails as a closed connection does.</summary>
    private sealed class StalledStream(bool throwsIo) : MemoryStream
    {
        private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _closed = new();

        public Task Reading => _reading.Task;

        public override bool CanRead => true;

        public override int Read(Span<byte> buffer) => Read();

        public override int Read(byte[] buffer, int offset, int count) => Read();

        protected override void Dispose(bool disposing)
        {
            _closed.Set();
            base.Dispose(disposing);
        }

        private int Read()
        {
            _ = _reading.TrySetResult();
            Assert.True(_closed.Wait(TestTimeouts.Default));
            throw throwsIo ? new IOException("closed") : new ObjectDisposedException("stream");
        }
    }
}
