using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>The application stops while calls run: callers are told, and cannot take what they have for a whole answer.</summary>
public sealed class ShutdownTests : ProxyTest
{
    private static readonly TimeSpan UntilNotified = TimeSpan.FromSeconds(28);

    private readonly ManualTimeProvider _time = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _heldAt = "event";

    protected override void ConfigureServices(IServiceCollection services) => services.AddSingleton<TimeProvider>(_time);

    protected override void ConfigureProxy(PrivatemodeProxyOptions options) => options.KeepAliveInterval = Timeout.InfiniteTimeSpan;

    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options)
    {
        options.BeforePart = (path, part, stop) => HoldAsync(part == 0 ? path : "", stop);
        options.BeforeStreamEvent = (index, stop) => HoldAsync(index == 4 ? "event" : "", stop);
    }

    [Theory]
    [InlineData("chat", "data: {\"error\":{", "[DONE]")]
    [InlineData("message", "event: error\ndata: {\"type\":\"error\"", "message_stop")]
    [InlineData("response", "event: response.failed\n", "response.completed")]
    public async Task Stream_WhenTheApplicationStops_EndsWithAnErrorEvent(string dialect, string expected, string endMark)
    {
        Deployment.Model.Reply("one two three");
        using RawConnection connection = Connect();
        await connection.PostAsync(
            dialect switch { "chat" => ChatPath, "message" => MessagesPath, _ => ResponsesPath },
            dialect switch { "chat" => ChatBody(stream: true), "message" => MessageBody(stream: true), _ => ResponseBody(stream: true) });
        await _reached.Task.OrTimeout();
        string text = await connection.ReadUntilAsync("one");
        Task stopping = App.StopAsync();
        await TellAsync();
        text += await connection.ReadUntilAsync(expected);
        _ = await _time.TimerAsync(wait => wait == TimeSpan.FromMilliseconds(100)).OrTimeout();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        text += (await connection.ReadToEndAsync()).Text;
        await stopping.OrTimeout();
        Assert.Contains("stopped", text, StringComparison.Ordinal);
        Assert.DoesNotContain(endMark, text, StringComparison.Ordinal);
        Assert.DoesNotContain("\r\n0\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_ThatEndsInTime_IsWhole()
    {
        Deployment.Model.Reply("one two three");
        using RawConnection connection = Connect();
        await connection.PostAsync(ChatPath, ChatBody(stream: true));
        await _reached.Task.OrTimeout();
        Task stopping = App.StopAsync();
        _ = await _time.TimerAsync(wait => wait == UntilNotified).OrTimeout();
        _time.Advance(UntilNotified - TimeSpan.FromSeconds(1));
        _released.SetResult();
        Assert.Contains("[DONE]", await connection.ReadUntilAsync("\r\n0\r\n"), StringComparison.Ordinal);
        await stopping.OrTimeout();
    }

    [Theory]
    [InlineData(ChatPath, false, 503)]
    [InlineData(ChatPath, true, 503)]
    [InlineData(MessagesPath, false, 529)]
    public async Task Call_WithoutAnAnswerWhenTheApplicationStops_HasAStatus(string path, bool isStream, int status)
    {
        _heldAt = path;
        Task<HttpResponseMessage> asked = Http.PostAsync(path, Json(path == ChatPath ? ChatBody(stream: isStream) : MessageBody()));
        await _reached.Task.OrTimeout();
        Task stopping = App.StopAsync();
        await TellAsync();
        using HttpResponseMessage answer = await asked.OrTimeout();
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("true", answer.Headers.GetValues("x-should-retry").Single());
        await stopping.OrTimeout();
    }

    private async Task TellAsync()
    {
        _ = await _time.TimerAsync(wait => wait == UntilNotified).OrTimeout();
        _time.Advance(UntilNotified);
    }

    private async ValueTask HoldAsync(string at, CancellationToken stop)
    {
        if (at == _heldAt)
        {
            _ = _reached.TrySetResult();
            await _released.Task.WaitAsync(stop);
        }
    }
}
