using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Streams cancelled at random moments give everything back at once, and not only when a garbage collection comes by.</summary>
public sealed class CancellationStressTests : IAsyncLifetime
{
    private const int Cancellations = 8000;
    private const int Permits = 16;

    private readonly CountingLimiter _limiter = new(Permits);
    private PrivatemodeTestDeployment _deployment = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync(new() { RecordRequests = false });
        _deployment.Model.SetFallback(static request => request.PathAndQuery.Contains("/audio/", StringComparison.Ordinal)
            ? ScriptedAnswer.Transcription("one two three")
            : ScriptedAnswer.Text("one two three"));
        _client = _deployment.CreateClient(options => options.Transport.RateLimiter = _limiter);
        await _client.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _deployment.DisposeAsync();
        await _limiter.DisposeAsync();
    }

    [Fact]
    public async Task EightThousandCancelledStreams_GiveAllPermitsBack()
    {
        int next = 0;
        int cancelled = 0;
        await Task.WhenAll(Enumerable.Range(0, Permits).Select(worker => Task.Run(async () =>
        {
            Random random = new(worker);
            while (Interlocked.Increment(ref next) <= Cancellations)
            {
                using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(random.NextDouble() * 8));
                if (await Record.ExceptionAsync(() => StreamAsync(random.Next(4), source.Token)) is { } exception)
                {
                    Assert.IsAssignableFrom<OperationCanceledException>(exception);
                    _ = Interlocked.Increment(ref cancelled);
                }
            }
        }))).WaitAsync(TestTimeouts.Default * 3);
        Assert.Equal((0, 0), (_limiter.InUse, _limiter.FromFinalizers));
        Assert.InRange(cancelled, Cancellations / 10, Cancellations);
    }

    private async Task StreamAsync(int way, CancellationToken cancellationToken)
    {
        switch (way)
        {
            case 0:
                await using (MemoryStream audio = new(Recording.Wave(1000)))
                {
                    ISpeechToTextClient speech = _client.AsISpeechToTextClient("whisper-large-v3");
                    await DrainAsync(speech.GetStreamingTextAsync(audio, null, cancellationToken), cancellationToken);
                }

                break;
            case 1:
                TextCompletionRequest request = new("hi");
                await DrainAsync(_client.GetTextCompletionClient("gpt-oss-120b").CompleteStreamingAsync(request, cancellationToken), cancellationToken);
                break;
            default:
                await DrainAsync(_client.AsIChatClient("gpt-oss-120b").GetStreamingResponseAsync("hi", null, cancellationToken), cancellationToken);
                break;
        }
    }

    private static async Task DrainAsync<T>(IAsyncEnumerable<T> items, CancellationToken cancellationToken)
    {
        await foreach (T _ in items.WithCancellation(cancellationToken))
        {
        }
    }

    /// <summary>Counts permits in use, and those that only the finalizer of a lease gave back.</summary>
    private sealed class CountingLimiter(int permits) : RateLimiter
    {
        private int _inUse;
        private int _fromFinalizers;

        public int InUse => Volatile.Read(ref _inUse);

        public int FromFinalizers => Volatile.Read(ref _fromFinalizers);

        public override TimeSpan? IdleDuration => null;

        public override RateLimiterStatistics? GetStatistics() => null;

        protected override RateLimitLease AttemptAcquireCore(int permitCount)
        {
            Assert.InRange(Interlocked.Increment(ref _inUse), 1, permits);
            return new Permit(this);
        }

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) =>
            new(AttemptAcquireCore(permitCount));

        private sealed class Permit(CountingLimiter limiter) : RateLimitLease
        {
            public override bool IsAcquired => true;

            public override IEnumerable<string> MetadataNames => [];

            public override bool TryGetMetadata(string metadataName, [NotNullWhen(true)] out object? metadata)
            {
                metadata = null;
                return false;
            }

            protected override void Dispose(bool disposing)
            {
                _ = Interlocked.Decrement(ref limiter._inUse);
                if (Environment.StackTrace.Contains("SecretLease.Release", StringComparison.Ordinal))
                {
                    _ = Interlocked.Increment(ref limiter._fromFinalizers);
                }

                base.Dispose(disposing);
            }
        }
    }
}
