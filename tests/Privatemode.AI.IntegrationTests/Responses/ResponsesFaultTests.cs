using System.Text;
using System.Text.Json;
using OpenAI.Responses;
using Privatemode.AI.IntegrationTests.Pipeline.Answers;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Responses;

/// <summary>Whatever is done to the answer of a response on its way: the stream says that it failed, the next read throws, and no call is begun.</summary>
public sealed class ResponsesFaultTests : ResponsesTest
{
    private const string Answer = "one two three four";
    private const string Input = "\"input\":\"hi\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":\"custom\",\"name\":\"g\"}]";

    // What starts a tool in a program, or says that the answer is whole.
    private static readonly string[] Ends =
    [
        "response.function_call_arguments.done", "response.custom_tool_call_input.delta", "response.custom_tool_call_input.done", "response.completed",
        "response.incomplete",
    ];

    public static TheoryData<string, Fault, string, string> Faults => StreamFaultTests.Faults;

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Stream_Fault_FailsAfterWhatWasAuthentic(string name, Fault fault, string failure, string text)
    {
        foreach (Carrier carrier in Enum.GetValues<Carrier>())
        {
            _ = Deployment.Model.Reply(Answer);
            Deployment.Faults.Inject(fault);
            (string received, Exception? exception) = await SendAsync(carrier, Body(Input, stream: true), stream: true);
            PrivatemodeIntegrityException integrity = Assert.IsType<PrivatemodeIntegrityException>(exception);
            Assert.Equal((name, carrier, failure), (name, carrier, integrity.ErrorType));
            IReadOnlyList<JsonElement> events = EventsOf(received);
            Assert.Equal(text, DeltasOf(events));

            // An answer that is no stream is refused before there are events.
            Assert.Equal((name, failure is "unexpected-form" or "unsealed-answer"), (name, events.Count == 0));
            AssertFailed(events, "server_error");
        }

        Assert.Equal(Enum.GetValues<Carrier>().Length, Deployment.Requests.Count);
    }

    /// <summary>An answer with two calls, cut or altered at every event: 0 is the role, the last but one the finish, the last the usage.</summary>
    [Fact]
    public async Task Stream_CutOrAlteredAnywhere_BeginsNoCall()
    {
        int count = await CountEventsAsync();
        Assert.True(count >= 8, $"{count} events");
        List<Fault> faults = [Fault.RemoveEndMarker, Fault.RemoveFinishEvent];
        for (int i = 0; i < count; i++)
        {
            faults.AddRange([Fault.TamperEvent(i), Fault.TruncateEvent(i), Fault.UnencryptedEvent(i), Fault.DuplicateEvent(i)]);

            // The last event is the usage, and nothing follows that could show that it is missing: SECURITY.md.
            faults.AddRange(i < count - 1 ? [Fault.DropEvent(i), Fault.SwapEvents(i)] : []);
        }

        foreach (Fault fault in faults)
        {
            ScriptCalls();
            Deployment.Faults.Inject(fault);
            (string received, Exception? exception) = await SendAsync(Carrier.Handler, Body(Input, stream: true), stream: true);
            Assert.True(exception is PrivatemodeIntegrityException, $"{fault}: {exception}");
            AssertFailed(EventsOf(received), "server_error");
        }
    }

    [Fact]
    public async Task Stream_ErrorEvent_NamesTheErrorOfTheModelServer()
    {
        ScriptCalls();
        Deployment.Faults.Inject(Fault.ReplaceEventWithError(3, "the enclave ran out of memory"));
        (string received, Exception? exception) = await SendAsync(Carrier.Handler, Body(Input, stream: true), stream: true);
        PrivatemodeServiceException service = Assert.IsType<PrivatemodeServiceException>(exception);
        Assert.Equal("the enclave ran out of memory", service.ServerMessage);
        JsonElement error = AssertFailed(EventsOf(received), "server_error")!.Value;
        Assert.Contains("out of memory", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("f", """{"a":""", "tool_calls")]
    [InlineData("f", """{"a":1,"a":2}""", "stop")]
    [InlineData("f", "[1]", "tool_calls")]
    [InlineData("g", """{"text":"a"}""", "tool_calls")]
    [InlineData("g", """{"input":1}""", "tool_calls")]
    public async Task Stream_ArgumentsThatAreNoObject_FailAndThrow(string name, string arguments, string finishReason)
    {
        foreach (Carrier carrier in Enum.GetValues<Carrier>())
        {
            // The second call is whole, and does not run either.
            _ = Deployment.Model.Reply(Answer).WithToolCall(name, arguments).WithToolCall("f", "{}").WithFinishReason(finishReason);
            (string received, Exception? exception) = await SendAsync(carrier, Body(Input, stream: true), stream: true);
            Assert.Contains("not a JSON object", Assert.IsType<PrivatemodeServiceException>(exception).Message, StringComparison.Ordinal);
            Assert.Equal(Answer, DeltasOf(EventsOf(received)));
            AssertFailed(EventsOf(received), "server_error");

            _ = Deployment.Model.Reply(Answer).WithToolCall(name, arguments).WithToolCall("f", "{}").WithFinishReason(finishReason);
            (received, exception) = await SendAsync(carrier, Body(Input));
            Assert.IsType<PrivatemodeServiceException>(exception);
            Assert.Equal("", received);
        }
    }

    [Theory]
    [InlineData("length", "max_output_tokens")]
    [InlineData("content_filter", "content_filter")]
    public async Task CutCall_IsLeftOut(string finishReason, string reason)
    {
        foreach (bool stream in (bool[])[false, true])
        {
            _ = Deployment.Model.Reply(Answer).WithToolCall("f", "{}", "whole").WithToolCall("f", """{"a":""", "cut").WithFinishReason(finishReason);
            (string received, Exception? exception) = await SendAsync(Carrier.Handler, Body(Input, stream), stream);
            Assert.Null(exception);
            IReadOnlyList<JsonElement> events = stream ? EventsOf(received) : [];
            JsonElement response = stream ? events[^1].GetProperty("response") : Parse(received);
            Assert.Equal("incomplete", response.GetProperty("status").GetString());
            Assert.Equal(reason, response.GetProperty("incomplete_details").GetProperty("reason").GetString());
            JsonElement[] calls = [.. response.GetProperty("output").EnumerateArray().Where(item => TypeOf(item) == "function_call")];
            Assert.Equal(["whole"], calls.Select(call => call.GetProperty("call_id").GetString()));
            Assert.Equal(stream ? 1 : 0, TypesOf(events).Count(type => type == "response.function_call_arguments.done"));
            Assert.Equal(stream ? ["response.incomplete"] : [], TypesOf(events).Where(type => type.StartsWith("response.incom", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Whole_Altered_IsAnIntegrityException()
    {
        foreach (Fault fault in (Fault[])
            [Fault.TamperEvent(0), Fault.UnencryptedEvent(0), Fault.ReflectRequest, Fault.UnencryptedSuccess(), Fault.UnencryptedSuccess(withHeader: true)])
        {
            foreach (Carrier carrier in Enum.GetValues<Carrier>())
            {
                ScriptCalls();
                Deployment.Faults.Inject(fault);
                (string received, Exception? exception) = await SendAsync(carrier, Body(Input));
                Assert.True(exception is PrivatemodeIntegrityException, $"{fault}, {carrier}: {exception}");
                Assert.Equal("", received);
            }
        }
    }

    [Fact]
    public async Task TypedClient_CutStream_FailsAndThrows()
    {
        ScriptCalls();
        Deployment.Faults.Inject(Fault.RemoveEndMarker);
        List<StreamingResponseUpdate> updates = [];
        CreateResponseOptions options = new(ModelId, [ResponseItem.CreateUserMessageItem("hi")]) { StreamingEnabled = true };
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(async () =>
        {
            await foreach (StreamingResponseUpdate update in Client.OpenAI.GetResponsesClient().StreamAsync(options))
            {
                updates.Add(update);
            }
        });
        Assert.Equal(ResponseStatus.Failed, Assert.IsType<StreamingResponseFailedUpdate>(updates[^1]).Response.Status);
        Assert.DoesNotContain(updates.OfType<StreamingResponseOutputItemDoneUpdate>(), update => update.Item is FunctionCallResponseItem);
    }

    [Fact]
    public async Task Stream_PausesTooLong_FailsAndThrows()
    {
        _ = Deployment.Model.Reply(Answer).WithToolCall("f", "{}");
        Deployment.Faults.Inject(Fault.StallBeforeEvent(3));
        using HttpRequestMessage request = Post(ResponsesPath, Body(Input, stream: true));
        using HttpResponseMessage response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[4096];
        string text = "";
        while (DeltasOf(EventsOf(text)) != "one two")
        {
            int length = await stream.ReadAsync(buffer).AsTask().OrTimeout();
            Assert.True(length > 0);
            text += Encoding.UTF8.GetString(buffer, 0, length);
        }

        Task<int> stalled = stream.ReadAsync(buffer).AsTask();
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(100)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(100));
        PrivatemodeServiceException? timeout = null;
        try
        {
            for (int length = await stalled.OrTimeout(); length > 0; length = await stream.ReadAsync(buffer).AsTask().OrTimeout())
            {
                text += Encoding.UTF8.GetString(buffer, 0, length);
            }
        }
        catch (PrivatemodeServiceException exception)
        {
            timeout = exception;
        }

        Assert.Equal(ServiceFailureReason.Timeout, timeout?.Reason);
        AssertFailed(EventsOf(text), "server_error");
    }

    [Fact]
    public async Task Stream_Cancelled_WritesNothingMore()
    {
        _ = Deployment.Model.Reply(Answer).WithToolCall("f", "{}");
        Deployment.Faults.Inject(Fault.StallBeforeEvent(3));
        using HttpRequestMessage request = Post(ResponsesPath, Body(Input, stream: true));
        using HttpResponseMessage response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[4096];
        string text = "";
        while (DeltasOf(EventsOf(text)) != "one two")
        {
            text += Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer).AsTask().OrTimeout());
        }

        using CancellationTokenSource cancellation = new();
        Task<int> stalled = stream.ReadAsync(buffer, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stalled.OrTimeout());
        Exception? after = await Record.ExceptionAsync(async () => Assert.Equal(0, await stream.ReadAsync(buffer).AsTask().OrTimeout()));
        Assert.NotNull(after);
    }

    /// <summary>Nothing but the failure ends the events; returns its error.</summary>
    private static JsonElement? AssertFailed(IReadOnlyList<JsonElement> events, string code)
    {
        if (events.Count == 0)
        {
            return null;
        }

        Assert.Equal(["response.created", "response.failed"], ((string[])[TypeOf(events[0]), TypeOf(events[^1])]));
        Assert.Single(TypesOf(events), type => type == "response.failed");
        Assert.Empty(TypesOf(events).Intersect(Ends));
        IEnumerable<JsonElement> done = events.Where(data => TypeOf(data) == "response.output_item.done").Select(data => data.GetProperty("item"));
        Assert.DoesNotContain(done, item => TypeOf(item).EndsWith("_call", StringComparison.Ordinal));
        JsonElement response = events[^1].GetProperty("response");
        Assert.Equal("failed", response.GetProperty("status").GetString());
        Assert.DoesNotContain(response.GetProperty("output").EnumerateArray(), item => TypeOf(item).EndsWith("_call", StringComparison.Ordinal));
        Assert.Equal(code, response.GetProperty("error").GetProperty("code").GetString());
        return response.GetProperty("error");
    }

    private void ScriptCalls() =>
        _ = Deployment.Model.Reply(Answer).WithReasoning("hm").WithToolCall("f", """{"a":1}""").WithToolCall("g", """{"input":"x"}""");

    private async Task<int> CountEventsAsync()
    {
        ScriptCalls();
        (_, Exception? exception) = await SendAsync(Carrier.Handler, Body(Input, stream: true), stream: true);
        Assert.Null(exception);
        return Deployment.Requests[^1].WireResponseText.Split("data: {").Length - 1;
    }
}
