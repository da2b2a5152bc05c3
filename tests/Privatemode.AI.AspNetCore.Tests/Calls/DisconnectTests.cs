using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Privatemode.AI.AspNetCore.Calls;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>A caller can go at any moment: the call at the service ends, and all that the request held is given back.</summary>
public sealed class DisconnectTests : ProxyTest
{
    private const string RecordingPath = "/v1/audio/transcriptions";
    private const string ResetHeader = "x-test-reset";
    private const string AttestPath = "/privatemode/v1/attest";
    private const string SecretPath = "/privatemode/v1/secret";

    /// <summary>The server ends what does not go on after 5 seconds by itself: that would be too late.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(3);

    /// <summary>More than Kestrel and the sockets hold together, so that writing its event waits for the caller.</summary>
    private static readonly string LongWord = new('Q', 100 * 1024);

    private const int SmallBuffer = 4 * 1024;

    private readonly ManualTimeProvider _time = new();
    private readonly LogRecorder _log = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Func<string, int, bool>? _isHeld;
    private WebApplication _app = null!;
    private Uri _address = null!;
    private MeterListener? _listener;
    private Task<HttpStatusCode>? _first;
    private long _activeStreams;
    private long _buffered;

    public static TheoryData<string, bool> Points
    {
        get
        {
            TheoryData<string, bool> points = [];
            foreach (string point in (string[])["verification", "key exchange", "queue", "body", "form", "first byte", "keep-alive", "events", "whole",
                "response", "message", "half of an event", "half of an event of a response", "half of an event of a message"])
            {
                points.Add(point, true);
                points.Add(point, false);
            }

            return points;
        }
    }

    protected override void ConfigureServices(IServiceCollection services)
    {
        _ = services.AddSingleton<TimeProvider>(_time);
        _ = services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = endpoint =>
        {
            Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.SendBufferSize = SmallBuffer;
            return socket;
        });
    }

    protected override void ConfigureKestrel(KestrelServerOptions options)
    {
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MaxResponseBufferSize = SmallBuffer;
    }

    protected override void ConfigureLogging(ILoggingBuilder logging) => logging.AddProvider(_log).SetMinimumLevel(LogLevel.Trace);

    protected override void ConfigureProxy(PrivatemodeProxyOptions options) =>
        options.RateLimit = new ProxyRateLimits { ConcurrentRequests = 1, QueueLength = 1, MaxWait = TimeSpan.FromMinutes(10) };

    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options)
    {
        options.BeforePart = HoldAsync;
        options.BeforeStreamEvent = (index, stop) => HoldAsync("event", index, stop);
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Caller_ThatGoes_EndsTheCallAndGivesEverythingBack(string point, bool isReset)
    {
        await StartAsync(point);
        using RawConnection connection = RawConnection.Open(_address, IsHalf(point) ? SmallBuffer : null);
        await ReachAsync(point, connection);
        int streams = point is "body" or "form" or "whole" ? 0 : point == "queue" ? 2 : 1;
        Assert.Equal(streams, Interlocked.Read(ref _activeStreams));
        if (isReset)
        {
            connection.Reset();
        }

        connection.Dispose();
        if (point is not ("verification" or "key exchange" or "queue" or "body" or "form"))
        {
            await _ended.Task.WaitAsync(Soon);
        }

        using CancellationTokenSource soon = new(Soon);
        await UntilAsync(() => Interlocked.Read(ref _activeStreams) == (point == "queue" ? 1 : 0), soon.Token);
        await UntilAsync(() => Service<KeepAliveClock>().Count == Interlocked.Read(ref _activeStreams), soon.Token);
        await UntilAsync(() => Service<BufferBudget>().InUse == _buffered, soon.Token);
        await NextIsAnsweredAsync(point == "queue" ? 2 : point is "verification" or "key exchange" or "body" or "form" ? 1 : 2);
        Assert.DoesNotContain(_log.Lines, line => line.StartsWith($"Error {PrivatemodeProxyMetrics.MeterName}", StringComparison.Ordinal));
    }

    /// <summary>The server can notice a reset first where the body is read.</summary>
    [Fact]
    public async Task Body_ThatEndsWithAResetConnection_IsNoErrorOfTheProxy()
    {
        using HttpRequestMessage request = Post(ChatPath, ChatBody());
        request.Headers.Add(ResetHeader, "1");
        _ = await Assert.ThrowsAsync<HttpRequestException>(() => Http.SendAsync(request).OrTimeout());
        await UntilAsync(() => _log.Lines.Any(line => line.Contains("RequestEnded", StringComparison.Ordinal)));
        Assert.Contains(_log.Lines, line => line.Contains("499 disconnected", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.StartsWith($"Error {PrivatemodeProxyMetrics.MeterName}", StringComparison.Ordinal));
    }

    protected override void Map(WebApplication app)
    {
        _ = app.Use((context, next) =>
        {
            context.Request.Body = context.Request.Headers.ContainsKey(ResetHeader) ? new ResetStream() : context.Request.Body;
            return next(context);
        });
        base.Map(app);
    }

    public override async Task DisposeAsync()
    {
        _ = _released.TrySetResult();
        _listener?.Dispose();
        if (_app is not null)
        {
            await StopAsync(_app);
        }

        await base.DisposeAsync();
    }

    /// <summary>A proxy of its own: the client of the first one may be verifying on its own already.</summary>
    private async Task StartAsync(string point)
    {
        using (HttpResponseMessage first = await Http.PostAsync(ChatPath, Json(ChatBody("first"))).OrTimeout())
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        }

        string? path = point switch { "verification" => AttestPath, "key exchange" => SecretPath, _ => null };
        _isHeld = path is null ? null : (asked, _) => asked == path;
        (_app, _address) = await StartProxyAsync();
        IMeterFactory meters = _app.Services.GetRequiredService<IMeterFactory>();
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "privatemode.proxy.active_streams" && ReferenceEquals(instrument.Meter.Scope, meters))
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        _listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref _activeStreams, count));
        _listener.Start();
    }

    private async Task ReachAsync(string point, RawConnection connection)
    {
        switch (point)
        {
            case "verification" or "key exchange":
                await connection.PostAsync(ChatPath, ChatBody(stream: true));
                await _reached.Task.OrTimeout();
                await UntilAsync(() => Interlocked.Read(ref _activeStreams) == 1);
                break;
            case "queue":
                _isHeld = (path, part) => path == ChatPath && part == 0;
                _first = PostAsync(ChatBody("first", stream: true));
                await _reached.Task.OrTimeout();
                _buffered = Service<BufferBudget>().InUse;
                await connection.PostAsync(ChatPath, ChatBody("left the queue", stream: true));
                await UntilAsync(() => Interlocked.Read(ref _activeStreams) == 2);
                break;
            case "body" or "form":
                await connection.SendAsync(point == "body"
                    ? $"POST {ChatPath} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"model\":"
                    : $"POST {RecordingPath} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n" +
                        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nhalf of it");
                await UntilAsync(() => Service<BufferBudget>().InUse > 0);
                break;
            default:
                await ReachAnswerAsync(point, connection);
                break;
        }
    }

    private async Task ReachAnswerAsync(string point, RawConnection connection)
    {
        Deployment.Model.Reply(IsHalf(point) ? $"one {LongWord} three" : "one two three");
        _isHeld = point switch
        {
            "first byte" or "keep-alive" => (path, part) => path == ChatPath && part == 0,
            "whole" => (path, part) => path == ChatPath && part == 1,
            "half of an event of a message" => (path, index) => path == "event" && index == 5, // after the long word
            _ => (path, index) => path == "event" && index == 3,
        };
        await (point switch
        {
            "response" or "half of an event of a response" => connection.PostAsync(ResponsesPath, ResponseBody(stream: true)),
            "message" or "half of an event of a message" => connection.PostAsync(MessagesPath, MessageBody(stream: true)),
            _ => connection.PostAsync(ChatPath, ChatBody(stream: point != "whole")),
        });
        await _reached.Task.OrTimeout();
        if (point is "events" or "response" or "message")
        {
            _ = await connection.ReadUntilAsync("\n\n");
        }
        else if (IsHalf(point))
        {
            string read = await connection.ReadUntilAsync("QQQ");
            Assert.EndsWith("QQQ", read.TrimEnd('\r', '\n'), StringComparison.Ordinal); // a chunk of HTTP ends here, the event does not
        }
        else if (point == "keep-alive")
        {
            _time.Advance(TimeSpan.FromSeconds(11));
            _ = await connection.ReadUntilAsync(": keep-alive");
        }
    }

    private static bool IsHalf(string point) => point.StartsWith("half", StringComparison.Ordinal);

    /// <summary>The permit is back, and a place in the queue too: another call passes.</summary>
    private async Task NextIsAnsweredAsync(int calls)
    {
        _isHeld = null;
        Task<HttpStatusCode> next = PostAsync(ChatBody("next"));
        _ = _released.TrySetResult();
        Assert.Equal(HttpStatusCode.OK, await next.OrTimeout());
        Assert.Equal(HttpStatusCode.OK, await (_first ?? next).OrTimeout());
        Assert.Equal(calls + 1, Deployment.Requests.Count);
        Assert.DoesNotContain(Deployment.Requests, request => request.DecryptedBody?.Contains("left the queue", StringComparison.Ordinal) == true);
    }

    private async Task<HttpStatusCode> PostAsync(string body)
    {
        using HttpClient http = NewHttp(_address);
        using HttpResponseMessage answer = await http.PostAsync(ChatPath, Json(body));
        return answer.StatusCode;
    }

    private async ValueTask HoldAsync(string path, int part, CancellationToken stop)
    {
        if (path is "event" or ChatPath)
        {
            // Kept after this method: the caller can go while the answer is being sent.
            _ = stop.Register(() => _ended.TrySetResult());
        }

        if (_isHeld?.Invoke(path, part) == true)
        {
            _ = _reached.TrySetResult();
            await _released.Task.WaitAsync(stop);
        }
    }

    private T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    private sealed class ResetStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new ConnectionResetException("reset");
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource timeout = new(TestTimeouts.Default);
        while (!condition())
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            timeout.Token.ThrowIfCancellationRequested();
        }
    }
}
