using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.AspNetCore.Calls;
using Privatemode.AI.AspNetCore.Limits;
using Privatemode.AI.AspNetCore.Tests.Hosting;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.AspNetCore.Tests.Calls;

/// <summary>Streams: event by event, kept alive, ended by a failure or by the caller.</summary>
public sealed class StreamTests : ProxyTest
{
    private readonly ManualTimeProvider _time = new();
    private readonly SemaphoreSlim _next = new(0);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isHeld;

    public static TheoryData<string> Dialects => ["chat", "messages"];

    protected override void ConfigureServices(IServiceCollection services) => services.AddSingleton<TimeProvider>(_time);

    protected override void ConfigureDeployment(PrivatemodeTestDeploymentOptions options) => options.BeforeStreamEvent = async (_, stop) =>
    {
        if (_isHeld)
        {
            await using CancellationTokenRegistration registration = stop.Register(() => _cancelled.TrySetResult());
            await _next.WaitAsync(stop);
        }
    };

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Events_ArriveOneByOne(string dialect)
    {
        _isHeld = true;
        Deployment.Model.Reply("one two three");
        using RawConnection connection = Connect();
        await PostAsync(connection, dialect);
        string all = "";
        for (int i = 0; i < (dialect == "chat" ? 4 : 2); i++)
        {
            // The second event of a message is a ping, which the library leaves out.
            _next.Release(dialect == "messages" && i == 1 ? 2 : 1);
            all += await connection.ReadUntilAsync("\n\n");
        }

        Assert.Contains("Transfer-Encoding: chunked", all, StringComparison.Ordinal);
        Assert.Contains("X-Accel-Buffering: no", all, StringComparison.Ordinal);
        Assert.Contains("Content-Type: text/event-stream", all, StringComparison.Ordinal);
        _next.Release(100);
        all += await connection.ReadUntilAsync("0\r\n\r\n");
        Assert.Contains(dialect == "chat" ? "data: [DONE]" : "message_stop", all, StringComparison.Ordinal);
        await NothingIsLeftAsync();
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Silence_BeforeTheFirstEventAndBetweenTwo_IsKeptAlive(string dialect)
    {
        _isHeld = true;
        Deployment.Model.Reply("one two three");
        using RawConnection connection = Connect();
        await PostAsync(connection, dialect);
        string frame = dialect == "chat" ? ": keep-alive\n\n" : "event: ping\ndata: {\"type\": \"ping\"}\n\n";
        string before = await SilentAsync(connection, frame);
        Assert.StartsWith("HTTP/1.1 200 OK", before, StringComparison.Ordinal);
        _next.Release(2);
        _ = await connection.ReadUntilAsync(dialect == "chat" ? "\"content\":\"one" : "message_start");
        _ = await SilentAsync(connection, frame);
        _next.Release(100);
        Assert.Contains(dialect == "chat" ? "[DONE]" : "message_stop", await connection.ReadUntilAsync("0\r\n\r\n"), StringComparison.Ordinal);
        await NothingIsLeftAsync();
    }

    [Theory]
    [InlineData("chat", "TamperEvent")]
    [InlineData("chat", "DropEvent")]
    [InlineData("chat", "RemoveFinishEvent")]
    [InlineData("chat", "CutConnection")]
    [InlineData("messages", "TamperEvent")]
    [InlineData("messages", "CutConnection")]
    public async Task Failure_InTheStream_IsAnErrorEventAndAResetConnection(string dialect, string fault)
    {
        Deployment.Model.Reply("one two three four five six");
        Deployment.Faults.Inject(fault switch
        {
            "TamperEvent" => Fault.TamperEvent(3),
            "DropEvent" => Fault.DropEvent(2),
            "RemoveFinishEvent" => Fault.RemoveFinishEvent,
            _ => Fault.CutConnection(1500),
        });
        using RawConnection connection = Connect();
        await PostAsync(connection, dialect);
        string text = await connection.ReadUntilAsync("error") + await FailedAsync(connection);
        Assert.DoesNotContain("\r\n0\r\n", text, StringComparison.Ordinal);
        Assert.Contains(dialect == "chat" ? "data: {\"error\":{" : "event: error\ndata: {\"type\":\"error\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", text, StringComparison.Ordinal);
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Failure_AfterAKeepAliveFrame_IsAnErrorEvent()
    {
        Deployment.Faults.Inject(Fault.NoResponse);
        using RawConnection connection = Connect();
        await PostAsync(connection, "messages");
        _ = await SilentAsync(connection, "ping");
        await Deployment.DisposeAsync();
        string text = await connection.ReadUntilAsync("event: error") + await FailedAsync(connection);
        Assert.DoesNotContain("\r\n0\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failure_BeforeAnything_HasAStatus()
    {
        Deployment.Faults.Inject(Fault.TamperEvent(0));
        using HttpResponseMessage answer = await Http.PostAsync(ChatPath, Json(ChatBody(stream: true))).OrTimeout();
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Response_KeptAliveBeforeAndBetweenEvents_HasRisingNumbersAndOneBeginning()
    {
        _isHeld = true;
        Deployment.Model.Reply("one two three");
        using RawConnection connection = Connect();
        await connection.PostAsync(ResponsesPath, ResponseBody(stream: true));
        string text = await SilentAsync(connection, "event: response.in_progress\n");
        text += await SilentAsync(connection, "event: response.in_progress\n");
        _next.Release(3);
        text += await connection.ReadUntilAsync("response.output_text.delta");
        text += await SilentAsync(connection, "event: response.in_progress\n");
        _next.Release(100);
        text += await connection.ReadUntilAsync("0\r\n\r\n");

        // A number can be cut by the frame of a chunk.
        text = Regex.Replace(text, "\r\n[0-9a-f]+\r\n", "");
        int[] numbers = [.. Regex.Matches(text, "\"sequence_number\":([0-9]+)").Select(match => int.Parse(match.Groups[1].Value))];
        Assert.Equal(Enumerable.Range(0, numbers.Length), numbers);
        Assert.Single(Regex.Matches(text, "event: response.created\n"));
        Assert.Single(Regex.Matches(text, "event: response.completed\n"));
        await NothingIsLeftAsync();
    }

    /// <summary>The library returns what fits into the buffer of the proxy, and the last part can be as long as the buffer.</summary>
    [Fact]
    public async Task Response_WhoseLastReadFilledTheBuffer_IsKeptAlive()
    {
        const int Buffer = 2048;
        const int Shortest = 100;
        int length = await LengthOfBeginningAsync(Shortest);
        _isHeld = true;
        _next.Release(2);
        Deployment.Model.Reply($"{new string('x', Shortest + (2 * Buffer) - length)} y");
        using RawConnection connection = Connect();
        await connection.PostAsync(ResponsesPath, ResponseBody(stream: true));
        _ = await connection.ReadUntilAsync("\"logprobs\":[]}\n\n");
        _ = await SilentAsync(connection, "event: response.in_progress\n");
        _next.Release(100);
        Assert.Contains("response.completed", await connection.ReadUntilAsync("\r\n0\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tamper")]
    [InlineData("cut")]
    public async Task Failure_InAResponse_IsToldOnceAndTheConnectionReset(string fault)
    {
        Deployment.Model.Reply("one two three four five six");
        Deployment.Faults.Inject(fault == "tamper" ? Fault.TamperEvent(3) : Fault.CutConnection(1500));
        using RawConnection connection = Connect();
        await connection.PostAsync(ResponsesPath, ResponseBody(stream: true));
        string text = await connection.ReadUntilAsync("event: response.failed\n");
        text += await FailedAsync(connection);
        Assert.Single(Regex.Matches(text, "event: response.failed\n"));
        Assert.DoesNotContain("response.completed", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\r\n0\r\n", text, StringComparison.Ordinal);
        await NothingIsLeftAsync();
    }

    [Theory]
    [InlineData(429, "codex_exec", true, "rate_limit_exceeded")]
    [InlineData(503, "codex_cli_rs", true, "server_error")]
    [InlineData(429, "opencode", false, "rate_limit_exceeded")]
    [InlineData(400, "codex_exec", false, "invalid_request")]
    public async Task Refusal_OfTheService_IsAnEventForCodexOnly(int status, string originator, bool isEvent, string code)
    {
        Deployment.Faults.Inject(Fault.EncryptedError(status, "no"), times: 5);
        using RawConnection connection = Connect();
        await connection.PostAsync(ResponsesPath, ResponseBody(stream: true), $"originator: {originator}\r\n");
        string text = await connection.ReadUntilAsync($"\"code\":\"{code}\"");
        text += isEvent ? await FailedAsync(connection) : "";
        Assert.StartsWith(isEvent ? "HTTP/1.1 200 " : $"HTTP/1.1 {status} ", text, StringComparison.Ordinal);
        Assert.Contains($"\"code\":\"{code}\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("messages")]
    public async Task Caller_ThatGoes_EndsTheCallAtTheService(string dialect)
    {
        _isHeld = true;
        Deployment.Model.Reply("one two three");
        using RawConnection connection = Connect();
        await PostAsync(connection, dialect);
        _next.Release(2);
        _ = await connection.ReadUntilAsync("\n\n");
        connection.Reset();
        await _cancelled.Task.OrTimeout();
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Caller_ThatGoesWhileItIsKeptAlive_EndsTheCallAtTheService()
    {
        Deployment.Faults.Inject(Fault.NoResponse);
        using RawConnection connection = Connect();
        await PostAsync(connection, "chat");
        _ = await SilentAsync(connection, ": keep-alive");
        connection.Reset();
        await NothingIsLeftAsync();
    }

    /// <summary>The bytes of a streamed response up to its first text, which is so long.</summary>
    private async Task<int> LengthOfBeginningAsync(int length)
    {
        const string Event = "event: response.output_text.delta\n";
        Deployment.Model.Reply($"{new string('x', length)} y");
        using HttpResponseMessage answer = await Http.PostAsync(ResponsesPath, Json(ResponseBody(stream: true))).OrTimeout();
        string text = await answer.Content.ReadAsStringAsync().OrTimeout();
        return text.IndexOf("\n\n", text.IndexOf(Event, StringComparison.Ordinal), StringComparison.Ordinal) + 2;
    }

    /// <summary>Lets the last event leave, and reads what comes until the connection ends.</summary>
    private async Task<string> FailedAsync(RawConnection connection)
    {
        _ = await _time.TimerAsync(wait => wait == TimeSpan.FromMilliseconds(100)).OrTimeout();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        return (await connection.ReadToEndAsync()).Text;
    }

    private static Task PostAsync(RawConnection connection, string dialect) => dialect == "chat"
        ? connection.PostAsync(ChatPath, ChatBody(stream: true)) : connection.PostAsync(MessagesPath, MessageBody(stream: true));

    /// <summary>Moves the clock until a frame comes.</summary>
    private async Task<string> SilentAsync(RawConnection connection, string frame)
    {
        Task<string> read = connection.ReadUntilAsync(frame);
        while (!read.IsCompleted)
        {
            // The clock looks every second, once the stream is registered.
            _ = await Task.WhenAny(read, _time.TimerAsync(wait => wait == TimeSpan.FromSeconds(1)));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        return await read;
    }

    /// <summary>Waits until the request has ended, and with it all that it held.</summary>
    private async Task NothingIsLeftAsync()
    {
        KeepAliveClock clock = App.Services.GetRequiredService<KeepAliveClock>();
        BufferBudget budget = App.Services.GetRequiredService<BufferBudget>();
        using CancellationTokenSource timeout = new(TestTimeouts.Default);
        while (clock.Count > 0 || budget.InUse > 0)
        {
            await Task.Yield();
            timeout.Token.ThrowIfCancellationRequested();
        }
    }
}
