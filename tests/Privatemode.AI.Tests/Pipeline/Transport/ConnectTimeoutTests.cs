using System.ClientModel;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.AI;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Transport;

/// <summary>A connection that cannot be made in time is a failure to connect: nothing was sent, nobody cancelled, nothing was disposed.</summary>
public sealed class ConnectTimeoutTests : IAsyncDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private readonly TaskCompletionSource _hanging = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PrivatemodeTestDeployment? _deployment;
    private PrivatemodeClient? _client;
    private volatile bool _hangs;
    private int _hung;

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        await (_deployment?.DisposeAsync() ?? default);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_ServerTakesTheConnectionAndSaysNothing_IsAConnectionError(bool async)
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        using HttpClient http = HttpTransports.Create(HttpTransports.CreateOwn(false, Short, Dns.GetHostAddressesAsync), isTestTrust: false);
        Uri address = new($"https://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/");
        HttpRequestException exception = await Assert.ThrowsAsync<HttpRequestException>(() => async
            ? http.GetAsync(address).OrTimeout()
            : TestTimeouts.OnOwnThread(() => http.Send(new HttpRequestMessage(HttpMethod.Get, address))));
        Assert.Equal(HttpRequestError.ConnectionError, exception.HttpRequestError);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Get_HandlerOfTheApplication_ItsTimeoutIsNotReportedAsAConnectionTimeout(bool async)
    {
        using FakeHandler custom = new() { Answer = _ => throw new TaskCanceledException("x", new TimeoutException()) };
        using HttpClient http = HttpTransports.Create(custom, isTestTrust: false, isLoopbackOnly: true);
        await Assert.ThrowsAsync<TaskCanceledException>(() => async
            ? http.GetAsync(new Uri("https://127.0.0.1")).OrTimeout()
            : TestTimeouts.OnOwnThread(() => http.Send(new HttpRequestMessage(HttpMethod.Get, "https://127.0.0.1"))));
    }

    [Fact]
    public async Task Chat_ConnectionIsNotMadeInTime_IsTriedFourTimesAndUnreachable()
    {
        IChatClient chat = await StartAsync(Short);
        await HangAsync();
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => chat.GetResponseAsync("hi").OrTimeout());
        Assert.Equal((ServiceFailureReason.Unreachable, 4), (exception.Reason, _hung));
    }

    [Fact]
    public async Task SynchronousChat_ConnectionIsNotMadeInTime_IsTriedFourTimesAndUnreachable()
    {
        _ = await StartAsync(Short);
        await HangAsync();
        Task<ClientResult> asking = TestTimeouts.OnOwnThread<ClientResult>(() => _client!.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat("hi"));
        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(() => asking);
        Assert.Equal((0, 4), (exception.Status, _hung));
    }

    [Fact]
    public async Task Chat_CallerCancelsWhileConnecting_IsTheCallersCancellation()
    {
        IChatClient chat = await StartAsync(TestTimeouts.Default);
        await HangAsync();
        using CancellationTokenSource impatient = new();
        Task<ChatResponse> asking = chat.GetResponseAsync("hi", cancellationToken: impatient.Token);
        await _hanging.Task.OrTimeout();
        await impatient.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.OrTimeout());
        Assert.Equal((impatient.Token, 1), (exception.CancellationToken, _hung));
    }

    [Fact]
    public async Task Chat_ClientIsDisposedWhileConnecting_SaysSo()
    {
        IChatClient chat = await StartAsync(TestTimeouts.Default);
        await HangAsync();
        Task<ChatResponse> asking = chat.GetResponseAsync("hi");
        await _hanging.Task.OrTimeout();
        _client!.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => asking.OrTimeout());
    }

    [Theory]
    [InlineData(false, false, false, typeof(PrivatemodeServiceException))]
    [InlineData(false, true, true, typeof(PrivatemodeServiceException))]
    [InlineData(false, false, true, typeof(ObjectDisposedException))]
    [InlineData(true, true, true, typeof(OperationCanceledException))]
    public async Task CutOff_ByWhomever_IsNamedForWhoDidIt(bool byCaller, bool byTime, bool byDisposal, Type expected)
    {
        ManualTimeProvider time = new();
        using CancellationTokenSource caller = new();
        using CancellationTokenSource closing = new();
        using CallDeadline deadline = new(TimeSpan.FromMinutes(1), time, async: true, caller.Token, closing.Token);
        CancellationToken token = deadline.Token;
        await (byCaller ? caller.CancelAsync() : Task.CompletedTask);
        await (byDisposal ? closing.CancelAsync() : Task.CompletedTask);
        time.Advance(byTime ? TimeSpan.FromMinutes(1) : TimeSpan.Zero);
        Assert.Equal(byCaller || byTime || byDisposal, token.IsCancellationRequested);
        Exception exception = deadline.ToException("It took too long.");
        Assert.IsType(expected, exception);
        Assert.True(exception is not PrivatemodeServiceException { Reason: not ServiceFailureReason.Timeout });
    }

    /// <summary>A client that has a secret, and will have to make a connection for its next call.</summary>
    private async Task<IChatClient> StartAsync(TimeSpan connectTimeout)
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        PrivatemodeOptions options = new();
        _deployment.ConfigureClient(options);
        options.Endpoint = new Uri($"http://localhost:{_deployment.Endpoint.Port}");
        options.TimeProvider = new ImmediateTimeProvider();
        options.FactoryHandler = HttpTransports.CreateOwn(isTestTrust: true, connectTimeout, ResolveAsync);
        _client = new PrivatemodeClient(options);
        await _client.ConnectAsync().OrTimeout();
        return _client.AsIChatClient("gpt-oss-120b");
    }

    /// <summary>From here on no connection is left, and none is made.</summary>
    private async Task HangAsync()
    {
        _hangs = true;
        await _deployment!.DisposeAsync();
    }

    private Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        if (!_hangs)
        {
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        }

        _ = Interlocked.Increment(ref _hung);
        _ = _hanging.TrySetResult();
        return new TaskCompletionSource<IPAddress[]>().Task.WaitAsync(cancellationToken);
    }
}
