using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;
using Privatemode.AI.IntegrationTests.Handler;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Pipeline.Answers;

/// <summary>A program leaves a stream while half of an event has arrived: the call at the service ends, and all that it held is given back.</summary>
public sealed class HalfEventTests : HandlerTest
{
    private readonly HalvingHandler _network = new();
    private readonly ConcurrencyLimiter _limiter = new(new() { PermitLimit = 1 });
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _unobserved;

    protected override void Configure(PrivatemodeOptions options)
    {
        options.Transport.HttpMessageHandler = _network;
        options.Transport.InsecureAcceptAnyHandlerOnLoopback = true;
        options.Transport.RateLimiter = _limiter;
    }

    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options) => options.BeforeStreamEvent = async (index, gone) =>
    {
        // Kept after this function: the program can leave while an event is being sent.
        _ = gone.Register(() => _gone.TrySetResult());
        if (index > HalvingHandler.Whole)
        {
            await _gone.Task;
        }
    };

    [Fact]
    public async Task Adapter_DisposedBetweenTwoUpdates_GivesEverythingBack() => await LeaveAsync(async () =>
    {
        await using IAsyncEnumerator<ChatResponseUpdate> updates = Chat.GetStreamingResponseAsync("hi").GetAsyncEnumerator();
        string text = "";
        while (text.Length == 0)
        {
            Assert.True(await updates.MoveNextAsync());
            text += updates.Current.Text;
        }
    });

    [Fact]
    public async Task Adapter_CanceledWhileItWaitsForTheRest_GivesEverythingBack() => await LeaveAsync(async () =>
    {
        using CancellationTokenSource leaving = new();
        _ = _network.Halved.Task.ContinueWith(_ => leaving.Cancel(), TaskScheduler.Default);
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate _ in Chat.GetStreamingResponseAsync("hi", cancellationToken: leaving.Token))
            {
            }
        });
    });

    [Theory]
    [InlineData(ChatPath)]
    [InlineData(MessagesPath)]
    public async Task Handler_StreamDisposedAfterHalfOfADecryptedEvent_GivesEverythingBack(string path) => await LeaveAsync(async () =>
    {
        using HttpResponseMessage response = await SendAsync(path);
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        await stream.ReadExactlyAsync(new byte[10]);
    });

    [Theory]
    [InlineData(ChatPath)]
    [InlineData(MessagesPath)]
    public async Task Handler_ResponseDisposedWhileAReadWaitsForTheRest_EndsTheReadAndGivesEverythingBack(string path) => await LeaveAsync(async () =>
    {
        using HttpResponseMessage response = await SendAsync(path);
        Stream stream = await response.Content.ReadAsStreamAsync();
        Task reading = stream.CopyToAsync(Stream.Null);
        await _network.Halved.Task;
        response.Dispose();
        Assert.NotNull(await Record.ExceptionAsync(() => reading));
    });

    private Task<HttpResponseMessage> SendAsync(string path) => Http.SendAsync(
        Post(path, path == ChatPath ? ChatBody(stream: true) : MessageBody(stream: true)), HttpCompletionOption.ResponseHeadersRead);

    private async Task LeaveAsync(Func<Task> call)
    {
        void Note(object? sender, UnobservedTaskExceptionEventArgs e) =>
            _unobserved += e.Exception.ToString().Contains(HalvingHandler.Lost, StringComparison.Ordinal) ? 1 : 0;
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            Deployment.Model.Reply("one two three four");
            await Task.Run(call).OrTimeout();
            await _gone.Task.OrTimeout();
            await PermitAsync().OrTimeout();
            await CollectAsync();
            Assert.Equal(0, _unobserved);

            // The session and the connection pool are as usable as before.
            Assert.Equal("You said: again", (await Chat.GetResponseAsync("again").OrTimeout()).Text);
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }
    }

    /// <summary>Collects until a task that was left on purpose has been reported, so that any other would have been reported too.</summary>
    private static async Task CollectAsync()
    {
        const string Left = "left on purpose";
        bool isReported = false;
        void See(object? sender, UnobservedTaskExceptionEventArgs e) => isReported |= e.Exception.ToString().Contains(Left, StringComparison.Ordinal);
        TaskScheduler.UnobservedTaskException += See;
        try
        {
            await Task.Run(() => { _ = Task.FromException(new InvalidOperationException(Left)); });
            await TestTimeouts.UntilAsync(() =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return isReported;
            });
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= See;
        }
    }

    /// <summary>Waits until the permit is available again. A read that was under way may release it.</summary>
    private async Task PermitAsync()
    {
        while (_limiter.GetStatistics()!.CurrentAvailablePermits != 1)
        {
            await Task.Yield();
        }
    }

    public override async Task DisposeAsync()
    {
        _ = _gone.TrySetResult();
        await base.DisposeAsync();
        _network.Dispose();
        await _limiter.DisposeAsync();
    }

    /// <summary>A network on which event streams stop in the middle of an event.</summary>
    private sealed class HalvingHandler() : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
    {
        /// <summary>The number of events that arrive as a whole.</summary>
        public const int Whole = 2;

        public const string Lost = "The connection was lost in the middle of an event.";

        public TaskCompletionSource Halved { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (response.Content.Headers.ContentType?.MediaType == "text/event-stream")
            {
                StreamContent halved = new(new HalvedStream(await response.Content.ReadAsStreamAsync(cancellationToken), Halved));
                halved.Headers.ContentType = response.Content.Headers.ContentType;
                response.Content = halved;
            }

            return response;
        }
    }

    /// <summary>Passes on whole events and the beginning of the next one, byte by byte, and then waits.</summary>
    private sealed class HalvedStream(Stream inner, TaskCompletionSource halved) : MemoryStream
    {
        private const int Beginning = 40;

        private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _events;
        private int _rest;
        private byte _last;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_rest == Beginning)
            {
                _ = halved.TrySetResult();
                await _disposed.Task.WaitAsync(cancellationToken);
                throw new IOException(HalvingHandler.Lost);
            }

            int read = await inner.ReadAsync(buffer[..1], cancellationToken);
            byte next = buffer.Span[0];
            _rest += _events == HalvingHandler.Whole ? 1 : 0;
            _events += next == '\n' && _last == '\n' ? 1 : 0;
            _last = next;
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            _ = _disposed.TrySetResult();
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
