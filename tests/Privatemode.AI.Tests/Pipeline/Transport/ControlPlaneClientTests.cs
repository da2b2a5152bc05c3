using System.Net;
using System.Net.Http.Headers;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Transport;

public sealed class ControlPlaneClientTests : IDisposable
{
    private const int Limit = 100;

    private static readonly Uri Service = new("https://service.example");

    private readonly FakeHandler _handler = new();
    private readonly ManualTimeProvider _time = new();
    private readonly HttpClient _http;
    private readonly ControlPlaneClient _client;

    public ControlPlaneClientTests()
    {
        _http = new HttpClient(_handler);
        _client = new ControlPlaneClient(new BoundedHttpClient(_http, _time), Service, "v1.40.0");
    }

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData(400, "odd", ServiceFailureReason.Other)]
    [InlineData(400, "minimum client version is v9", ServiceFailureReason.ClientTooOld)]
    [InlineData(404, "", ServiceFailureReason.Other)]
    [InlineData(408, "", ServiceFailureReason.Unavailable)]
    [InlineData(426, "", ServiceFailureReason.ClientTooOld)]
    [InlineData(429, "", ServiceFailureReason.RateLimited)]
    [InlineData(500, "client version database is away", ServiceFailureReason.Unavailable)]
    [InlineData(503, "", ServiceFailureReason.Unavailable)]
    public async Task Send_Refused_SaysWhatToDo(int status, string text, ServiceFailureReason reason)
    {
        PrivatemodeServiceException exception = await RefusedAsync(status, text);
        Assert.Equal(reason, exception.Reason);
        Assert.Equal(status, exception.Status);
        Assert.Equal(text.Length == 0 ? null : text, exception.ServerMessage);
        Assert.False(exception.IsServerMessageAuthenticated);
        Assert.Null(exception.RetryAfter);
    }

    [Fact]
    public async Task Send_RefusedAtLength_KeepsTheBeginning()
    {
        PrivatemodeServiceException exception = await RefusedAsync(503, new string('x', 100_000));
        Assert.Equal(4096, exception.ServerMessage!.Length);
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(3600, 60)]
    public async Task Send_RefusedWithRetryAfter_IsCapped(int asked, int told)
    {
        PrivatemodeServiceException bySeconds = await RefusedAsync(429, "", new(TimeSpan.FromSeconds(asked)));
        Assert.Equal(TimeSpan.FromSeconds(told), bySeconds.RetryAfter);
        PrivatemodeServiceException byDate = await RefusedAsync(429, "", new(_time.GetUtcNow().AddSeconds(asked)));

        // A date is written in whole seconds.
        Assert.Equal(told, Math.Ceiling(byDate.RetryAfter!.Value.TotalSeconds));
        Assert.Equal(TimeSpan.Zero, (await RefusedAsync(429, "", new(_time.GetUtcNow().AddDays(-1)))).RetryAfter);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_AnswerLongerThanTheLimit_IsRefused(bool async)
    {
        _handler.Answer = _ => new HttpResponseMessage { Content = new ByteArrayContent(new byte[Limit + 1]) };
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => SendAsync(async));
        Assert.Equal(ServiceFailureReason.Other, exception.Reason);
        _handler.Answer = _ => new HttpResponseMessage { Content = new ByteArrayContent(new byte[Limit]) };
        Assert.Equal(Limit, (await SendAsync(async)).Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_NoConnection_IsUnreachable(bool async)
    {
        _handler.Answer = _ => throw new HttpRequestException("no route");
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => SendAsync(async));
        Assert.Equal(ServiceFailureReason.Unreachable, exception.Reason);
    }

    [Fact]
    public async Task Send_NoAnswerInThirtySeconds_IsATimeout()
    {
        _handler.Answer = _ =>
        {
            _time.Advance(TimeSpan.FromSeconds(31));
            throw new OperationCanceledException();
        };
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => SendAsync(async: true));
        Assert.Equal((ServiceFailureReason.Timeout, true), (exception.Reason, exception.WasNotSent));
    }

    [Fact]
    public async Task Send_CallerCancels_IsACancellation()
    {
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SendAsync(async: true, cancelled.Token));
    }

    private async Task<PrivatemodeServiceException> RefusedAsync(int status, string text, RetryConditionHeaderValue? retryAfter = null)
    {
        _handler.Answer = _ =>
        {
            HttpResponseMessage response = new((HttpStatusCode)status) { Content = new StringContent(text) };
            response.Headers.RetryAfter = retryAfter;
            return response;
        };
        return await Assert.ThrowsAsync<PrivatemodeServiceException>(() => SendAsync(async: true));
    }

    private async Task<byte[]> SendAsync(bool async, CancellationToken cancellationToken = default)
    {
        HttpAnswer answer = await _client.PostAsync("/somewhere", new byte[3], "key", Limit, "the test", async, cancellationToken);
        return answer.Body;
    }
}
