using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>The timeout of a synchronous call holds while no thread of the pool is free, though the platform needs one for the connection.</summary>
[Collection(ThreadPoolAlone.Name)]
public sealed class BusyThreadPoolTests : IDisposable
{
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromMilliseconds(300);

    // Much more than a timeout that holds, and less than the limit of the test.
    private static readonly TimeSpan AtLast = TimeSpan.FromSeconds(20);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly HttpClient _http = HttpTransports.Create(custom: null, isTestTrust: true);

    public BusyThreadPoolTests() => _listener.Start();

    public void Dispose()
    {
        _http.Dispose();
        _listener.Stop();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SynchronousCall_NoThreadOfThePoolIsFree_EndsAtItsTimeout(bool hasConnection)
    {
        Task<Socket>? serving = hasConnection ? TestTimeouts.OnOwnThread(() => AnswerOnce()) : null;
        if (hasConnection)
        {
            using HttpResponseMessage first = await TestTimeouts.OnOwnThread(() => Send(TestTimeouts.Default));
        }

        using Socket? connection = serving is null ? null : await serving;
        (Exception? failure, TimeSpan taken) = await TestTimeouts.OnOwnThread(() => WithBusyPool(() =>
        {
            long begun = Stopwatch.GetTimestamp();
            Exception? exception = Record.Exception(() => Send(ResponseTimeout).Dispose());
            return (exception, Stopwatch.GetElapsedTime(begun));
        }));
        Assert.IsAssignableFrom<OperationCanceledException>(failure);
        Assert.InRange(taken, ResponseTimeout / 2, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task SynchronousStream_NoThreadOfThePoolIsFree_EndsAtItsTimeout()
    {
        Task<Socket> serving = TestTimeouts.OnOwnThread(() => AnswerOnce("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"));
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://{_listener.LocalEndpoint}/");
        using HttpResponseMessage response = await TestTimeouts.OnOwnThread(() => _http.Send(request, HttpCompletionOption.ResponseHeadersRead));
        using Socket connection = await serving;
        Task<int> closing = TestTimeouts.OnOwnThread(() => CloseAtLast(connection));
        using IdleTimeoutStream stream = new(
            await response.Content.ReadAsStreamAsync(), ResponseTimeout, ResponseTimeout, () => 0, TimeProvider.System, "sdk_0");
        Exception? failure = await TestTimeouts.OnOwnThread(() => WithBusyPool(() => Record.Exception(() => stream.Read(new byte[1]))));
        Assert.Equal(ServiceFailureReason.Timeout, Assert.IsType<PrivatemodeServiceException>(failure).Reason);
        _ = await closing;
    }

    [Fact]
    public async Task SynchronousPause_NoThreadOfThePoolIsFree_Ends()
    {
        using CancellationTokenSource atLast = new();
        using ManualResetEventSlim ended = new();
        Task<bool> cancelling = TestTimeouts.OnOwnThread(() =>
        {
            bool isEnded = ended.Wait(AtLast);
            atLast.Cancel();
            return isEnded;
        });
        await TestTimeouts.OnOwnThread(() => WithBusyPool<object?>(() =>
        {
            _ = Record.Exception(() => TimeProvider.System.DelayAsync(ResponseTimeout, async: false, atLast.Token).Completed());
            ended.Set();
            return null;
        }));
        Assert.True(await cancelling);
    }

    private HttpResponseMessage Send(TimeSpan responseTimeout)
    {
        using CallDeadline deadline = new(responseTimeout, TimeProvider.System, async: false, CancellationToken.None);
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://{_listener.LocalEndpoint}/");
        return _http.Send(request, deadline.Token);
    }

    /// <summary>Answers one request and leaves the connection open.</summary>
    private Socket AnswerOnce(string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    {
        Socket socket = _listener.AcceptSocket();
        _ = socket.Receive(new byte[4096]);
        _ = socket.Send(Encoding.ASCII.GetBytes(answer));
        return socket;
    }

    /// <summary>Closes a connection once the other side has done so, or else after so long that a test that still waits has failed.</summary>
    private static int CloseAtLast(Socket connection)
    {
        connection.ReceiveTimeout = (int)AtLast.TotalMilliseconds;
        _ = Record.Exception(() => connection.Receive(new byte[1]));
        connection.Dispose();
        return 0;
    }

    /// <summary>Blocks all threads the pool may have until the work is done.</summary>
    private static T WithBusyPool<T>(Func<T> work)
    {
        ThreadPool.GetMinThreads(out int minimum, out int minimumOfPorts);
        ThreadPool.GetMaxThreads(out int maximum, out int maximumOfPorts);

        // Not disposed: some of the work below begins only after the end.
        ManualResetEventSlim done = new();
        SemaphoreSlim blocked = new(0);
        int threads = Math.Max(minimum, ThreadPool.ThreadCount);
        Assert.True(ThreadPool.SetMaxThreads(threads, maximumOfPorts));
        try
        {
            for (int i = 0; i < threads * 20; i++)
            {
                _ = ThreadPool.UnsafeQueueUserWorkItem(
                    _ =>
                    {
                        _ = blocked.Release();
                        done.Wait();
                    },
                    null);
            }

            // More of them than threads: nothing that is queued behind them gets one.
            Assert.True(blocked.Wait(TestTimeouts.Default));
            return work();
        }
        finally
        {
            done.Set();
            _ = ThreadPool.SetMaxThreads(maximum, maximumOfPorts);
            _ = ThreadPool.SetMinThreads(minimum, minimumOfPorts);
        }
    }
}
