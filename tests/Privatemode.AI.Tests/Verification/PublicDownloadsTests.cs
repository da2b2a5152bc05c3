using System.Net;
using System.Net.Http.Headers;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>What is tried again, after how long, and what is not.</summary>
public sealed class PublicDownloadsTests : IDisposable
{
    private static readonly Uri Address = new("https://vendor.example/list");

    private readonly ManualTimeProvider _time = new();
    private readonly FakeHandler _handler = new();
    private readonly HttpClient _http;

    public PublicDownloadsTests() => _http = new HttpClient(_handler);

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData(408, ServiceFailureReason.Unavailable, 3)]
    [InlineData(429, ServiceFailureReason.RateLimited, 3)]
    [InlineData(500, ServiceFailureReason.Unavailable, 3)]
    [InlineData(503, ServiceFailureReason.Unavailable, 3)]
    [InlineData(307, ServiceFailureReason.Other, 1)]
    [InlineData(204, ServiceFailureReason.Other, 1)]
    [InlineData(404, ServiceFailureReason.Other, 1)]
    public async Task Get_Refused_IsTriedAgainOnlyWhereThatMayHelp(int status, ServiceFailureReason reason, int tries)
    {
        Refuse(status);
        (PrivatemodeServiceException? failure, List<TimeSpan> pauses) = await GetAsync();
        Assert.Equal((reason, status), (failure!.Reason, failure.Status));
        Assert.Equal(tries, _handler.Requests.Count);
        Assert.Equal(new[] { 1.0, 3.0 }.Take(tries - 1), pauses.Select(pause => pause.TotalSeconds));
    }

    [Theory]
    [InlineData(0, 3, 1)]
    [InlineData(7, 3, 7)]
    [InlineData(10, 3, 10)]
    [InlineData(11, 1, null)]
    [InlineData(1000, 1, null)]
    public async Task Get_HostAsksToWait_WaitsThatLongOrNotAtAll(int seconds, int tries, int? pause)
    {
        Refuse(429, new RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds)));
        (PrivatemodeServiceException? failure, List<TimeSpan> pauses) = await GetAsync();
        Assert.Equal(Math.Min(seconds, 60), failure!.RetryAfter!.Value.TotalSeconds);
        Assert.Equal(tries, _handler.Requests.Count);
        Assert.Equal(pause, pauses.Count == 0 ? null : (int)pauses[0].TotalSeconds);
    }

    [Fact]
    public async Task Get_HostComesBack_IsAnswered()
    {
        int calls = 0;
        _handler.Answer = _ => ++calls < 3 ? throw new HttpRequestException("no route") : new HttpResponseMessage(HttpStatusCode.NonAuthoritativeInformation);
        Assert.Null((await GetAsync()).Failure);
        Assert.Equal(3, calls);
        Assert.All(_handler.Requests, request => Assert.Equal(["User-Agent"], request.Headers.Select(header => header.Key)));
    }

    [Fact]
    public async Task Get_NoAnswerInTime_IsNotTriedAgain()
    {
        _handler.Answer = _ =>
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            throw new OperationCanceledException();
        };
        Assert.Equal(ServiceFailureReason.Timeout, (await GetAsync()).Failure!.Reason);
        Assert.Single(_handler.Requests);
    }

    [Fact]
    public async Task Get_CancelledInAPause_EndsAtOnce()
    {
        Refuse(503);
        using CancellationTokenSource cancellation = new();
        Task getting = Downloads().GetAsync(Address, 10, "the list", async: true, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => getting.OrTimeout());
    }

    private PublicDownloads Downloads() => new(new BoundedHttpClient(_http, _time), _time);

    private void Refuse(int status, RetryConditionHeaderValue? retryAfter = null) => _handler.Answer = _ =>
    {
        HttpResponseMessage response = new((HttpStatusCode)status);
        response.Headers.RetryAfter = retryAfter;
        return response;
    };

    private async Task<(PrivatemodeServiceException? Failure, List<TimeSpan> Pauses)> GetAsync()
    {
        List<TimeSpan> pauses = [];
        Task<HttpAnswer> getting = Downloads().GetAsync(Address, 10, "the list", async: true, default).AsTask();
        while (!getting.IsCompleted)
        {
            TimeSpan pause = await _time.TimerAsync(due => due < TimeSpan.FromSeconds(30)).OrTimeout();
            pauses.Add(pause);
            _time.Advance(pause);
            await Task.WhenAny(getting, _time.TimerAsync(due => due < TimeSpan.FromSeconds(30))).OrTimeout();
        }

        return (await Record.ExceptionAsync(() => getting) as PrivatemodeServiceException, pauses);
    }
}
