using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Responses;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Responses;

/// <summary>Requests for responses that are answered, on each way: what is sent is a chat, and what comes back is a response.</summary>
public sealed class ResponsesCallTests : ResponsesTest
{
    private const string Tools =
        """
        "tools":[{"type":"function","name":"get_weather","parameters":{"type":"object"}},
        {"type":"namespace","name":"files","description":"Files","tools":[{"type":"custom","name":"patch","format":{"type":"text"}}]}]
        """;

    private static UsageDetails Usage => new() { InputTokenCount = 11, OutputTokenCount = 7, CachedInputTokenCount = 5, ReasoningTokenCount = 3 };

    [Theory]
    [MemberData(nameof(Carriers))]
    public async Task Whole_Text_IsAResponseOfAChat(Carrier carrier)
    {
        _ = Deployment.Model.Reply("Hello").WithReasoning("I think").WithUsage(Usage);
        JsonElement response = await AskAsync(carrier, """
            "instructions":"Be brief.","input":"hi","max_output_tokens":50,"metadata":{"a":"b"},"store":false
            """);
        JsonElement chat = ChatOf();
        Assert.Equal(
            """[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}]""", chat.GetProperty("messages").GetRawText());
        Assert.Equal(50, chat.GetProperty("max_completion_tokens").GetInt32());
        Assert.Equal(
            ["cache_salt", "max_completion_tokens", "messages", "model", "stream"],
            chat.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
        RecordedRequest sent = Assert.Single(Deployment.Requests);
        Assert.Equal("/v1/chat/completions", sent.PathAndQuery);
        Assert.DoesNotContain(Deployment.AllRequests, request => request.PathAndQuery.Contains("responses", StringComparison.Ordinal));

        Assert.Equal("response", response.GetProperty("object").GetString());
        Assert.Equal("completed", response.GetProperty("status").GetString());
        Assert.Equal(ModelId, response.GetProperty("model").GetString());
        Assert.False(response.GetProperty("store").GetBoolean());
        Assert.Equal("""{"a":"b"}""", response.GetProperty("metadata").GetRawText());
        Assert.Equal(["reasoning", "message"], response.GetProperty("output").EnumerateArray().Select(TypeOf));
        Assert.Equal("I think", response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal("Hello", response.GetProperty("output")[1].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(
            "{\"input_tokens\":11,\"input_tokens_details\":{\"cached_tokens\":5},\"output_tokens\":7," +
            "\"output_tokens_details\":{\"reasoning_tokens\":3},\"total_tokens\":18}",
            Sorted(response.GetProperty("usage")));
    }

    [Theory]
    [MemberData(nameof(Carriers))]
    public async Task Stream_ReasoningTextAndCalls_HasTheEventsOfOpenAI(Carrier carrier)
    {
        _ = Deployment.Model.Reply("Hello you").WithReasoning("I think").WithUsage(Usage)
            .WithToolCall("get_weather", """{"city":"Bochum"}""", "call_a").WithToolCall("files__patch", """{"input":"*** Begin"}""", "call_b");
        string body = Body($$"""{{Tools}},"input":"hi","include":["reasoning.encrypted_content"]""", stream: true);
        (string text, Exception? failure) = await SendAsync(carrier, body, stream: true);
        Assert.Null(failure);
        IReadOnlyList<JsonElement> events = EventsOf(text);
        string[] types = [.. TypesOf(events).Where(type => !type.EndsWith(".delta", StringComparison.Ordinal))];
        Assert.Equal(
            [
                "response.created", "response.in_progress",
                "response.output_item.added", "response.content_part.added",
                "response.reasoning_text.done", "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.content_part.added",
                "response.output_text.done", "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.output_item.added",
                "response.function_call_arguments.done", "response.output_item.done",
                "response.custom_tool_call_input.done", "response.output_item.done",
                "response.completed",
            ],
            types);
        Assert.Equal("Hello you", DeltasOf(events));
        JsonElement[] items = [.. events.Where(data => TypeOf(data) == "response.output_item.done").Select(data => data.GetProperty("item"))];
        Assert.StartsWith("pmr1.", items[0].GetProperty("encrypted_content").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            ("call_a", "get_weather", """{"city":"Bochum"}"""), (Text(items[2], "call_id"), Text(items[2], "name"), Text(items[2], "arguments")));
        Assert.Equal(
            ("call_b", "files", "patch", "*** Begin"),
            (Text(items[3], "call_id"), Text(items[3], "namespace"), Text(items[3], "name"), Text(items[3], "input")));
        JsonElement response = events[^1].GetProperty("response");
        Assert.Equal(items.Select(item => item.GetRawText()), response.GetProperty("output").EnumerateArray().Select(item => item.GetRawText()));
        Assert.Equal(18, response.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.True(ChatOf().GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
    }

    [Theory]
    [MemberData(nameof(Carriers))]
    public async Task Reasoning_SentBackEncrypted_IsReadByTheModel(Carrier carrier)
    {
        _ = Deployment.Model.Reply("Hello").WithReasoning("A \"secret\" thought 😀\n").Then.Reply("Yes").Then.Reply("No");
        JsonElement first = await AskAsync(carrier, """
            "input":"hi","include":["reasoning.encrypted_content"]
            """);
        string blob = Text(first.GetProperty("output")[0], "encrypted_content");
        _ = await AskAsync(carrier, $$"""
            "input":[{"role":"user","content":"hi"},{"type":"reasoning","summary":[],"encrypted_content":"{{blob}}"},
            {"role":"assistant","content":"Hello"},{"role":"user","content":"Sure?"}]
            """);
        JsonElement message = ChatOf(1).GetProperty("messages")[1];
        Assert.Equal("A \"secret\" thought 😀\n", Text(message, "reasoning"));
        Assert.Equal("Hello", Text(message, "content"));

        // Of another client, so under another key.
        await using PrivatemodeClient other = Deployment.CreateClient();
        using HttpClient http = NewHttp(other);
        using HttpRequestMessage request = Post(ResponsesPath, Body($$"""
            "input":[{"role":"user","content":"hi"},{"type":"reasoning","summary":[],"encrypted_content":"{{blob}}"},
            {"role":"assistant","content":"Hello"},{"role":"user","content":"Sure?"}]
            """));
        using HttpResponseMessage response = await http.SendAsync(request).OrTimeout();
        Assert.True(response.IsSuccessStatusCode);
        Assert.False(ChatOf(2).GetProperty("messages")[1].TryGetProperty("reasoning", out _));
    }

    [Fact]
    public async Task TypedClient_WholeAndStreamed_ReadsTheAnswer()
    {
        _ = Deployment.Model.Reply("Hello").WithUsage(Usage).Then.Reply("Hello you").WithUsage(Usage);
        ResponsesClient client = Client.OpenAI.GetResponsesClient();
        ClientResult<ResponseResult> whole = await client.CreateResponseAsync(ModelId, "hi").OrTimeout();
        Assert.Equal("Hello", whole.Value.GetOutputText());
        Assert.Equal((ResponseStatus.Completed, 11, 18), (whole.Value.Status, whole.Value.Usage.InputTokenCount, whole.Value.Usage.TotalTokenCount));
        string text = "";
        StreamingResponseUpdate? last = null;
        CreateResponseOptions options = new(ModelId, [ResponseItem.CreateUserMessageItem("hi")]) { StreamingEnabled = true };
        await foreach (StreamingResponseUpdate update in client.StreamAsync(options))
        {
            text += (update as StreamingResponseOutputTextDeltaUpdate)?.Delta;
            last = update;
        }

        Assert.Equal("Hello you", text);
        Assert.Equal(18, Assert.IsType<StreamingResponseCompletedUpdate>(last).Response.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task StoredResponses_AllMethods_AreRefusedBeforeAnythingIsSent()
    {
        ResponsesClient client = Client.OpenAI.GetResponsesClient();
        using BinaryContent content = BinaryContent.Create(BinaryData.FromString("{}"));
        foreach (Func<Task> call in (Func<Task>[])
            [
                () => client.GetResponseAsync("resp_1"), () => client.CancelResponseAsync("resp_1"), () => client.DeleteResponseAsync("resp_1"),
                () => client.GetResponseInputItemCollectionPageAsync("resp_1", null, null, null, null, null),
                () => client.CompactResponseAsync(content, "application/json"),
                () => client.GetInputTokenCountAsync(content, "application/json"),
            ])
        {
            PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => call().OrTimeout());
            Assert.Equal("nothing-stored", exception.ErrorType);
        }

        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Client_BusyService_IsAskedAgainForTheSameResponse()
    {
        _ = Deployment.Model.Reply("Hello");
        Deployment.Faults.Inject(Fault.UnencryptedError(503));
        Task<(string Text, Exception? Failure)> asking = SendAsync(Carrier.Client, Body("""
            "input":"hi"
            """));
        Time.Advance(await Time.TimerAsync(due => due < TimeSpan.FromSeconds(2)).OrTimeout());
        (string text, Exception? failure) = await asking;
        Assert.Null(failure);
        Assert.Equal(2, Deployment.Requests.Count);
        Assert.All(Deployment.Requests, request => Assert.Equal("/v1/chat/completions", request.PathAndQuery));
        Assert.NotEqual(Deployment.Requests[0].WireBodyText, Deployment.Requests[1].WireBodyText);
        string id = Text(Parse(text), "id");
        Assert.Matches("^resp_[0-9a-f]{32}$", id);
        Assert.All(Deployment.Requests, request => Assert.Contains(id["resp_".Length..], request.RequestId!.Replace("-", "", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Carriers))]
    public async Task SecretForgotten_IsSentAgainAtOnce(Carrier carrier)
    {
        _ = Deployment.Model.Reply("Hello");
        Deployment.Faults.Inject(Fault.UnknownSecret);
        JsonElement response = await AskAsync(carrier, """
            "input":"hi"
            """);
        Assert.Equal("Hello", response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(2, Deployment.KeyExchangeCount);
    }

    [Fact]
    public async Task Error_OfTheModelServer_HasOpenAIsForm()
    {
        Deployment.Faults.Inject(Fault.EncryptedError(400, "This model's maximum context length is 8 tokens."));
        using HttpRequestMessage request = Post(ResponsesPath, Body("""
            "input":"hi"
            """));
        using HttpResponseMessage response = await Http.SendAsync(request).OrTimeout();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(["true"], response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName));
        JsonElement error = Parse(await response.Content.ReadAsStringAsync()).GetProperty("error");
        Assert.Equal("context_length_exceeded", Text(error, "code"));
        Assert.Contains("maximum context length", Text(error, "message"), StringComparison.Ordinal);
        Assert.Equal(["code", "message", "param", "type"], error.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));

        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(async () =>
        {
            Deployment.Faults.Inject(Fault.EncryptedError(400, "No."));
            await Client.OpenAI.GetResponsesClient().CreateResponseAsync(ModelId, "hi").OrTimeout();
        });
        Assert.Equal(400, exception.Status);
    }

    [Fact]
    public async Task RateLimit_ThroughTheHandler_HasStatusAndPause()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(429, "Too many", TimeSpan.FromSeconds(7)));
        using HttpRequestMessage request = Post(ResponsesPath, Body("""
            "input":"hi"
            """, stream: true));
        using HttpResponseMessage response = await Http.SendAsync(request).OrTimeout();
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter!.Delta);
        Assert.Equal("rate_limit_error", Text(Parse(await response.Content.ReadAsStringAsync()).GetProperty("error"), "type"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Handler_Answered_HasTheReceiptOfTheChat(bool stream)
    {
        using HttpRequestMessage request = Post(ResponsesPath, Body("""
            "input":"hi","tools":[{"type":"function","name":"f"}]
            """, stream));
        using HttpResponseMessage response = await Http.SendAsync(request).OrTimeout();
        Assert.Equal(stream ? "text/event-stream" : "application/json", response.Content.Headers.ContentType!.ToString());
        EncryptionReceipt receipt = response.GetPrivatemodeReceipt()!;
        Assert.True(receipt.IsVerified);
        Assert.Equal(Deployment.Requests[0].RequestId, receipt.RequestId);
        Assert.Equal(["cache_salt", "messages", "tools"], receipt.EncryptedMembers.Order(StringComparer.Ordinal));
        Assert.False(response.Headers.Contains("Privatemode-Left-Out-Tools"));
    }

    [Fact]
    public async Task Policy_ThatEditsTheAddress_IsFoundAndNotCorrected()
    {
        PipelineMessage message = Client.OpenAI.Pipeline.CreateMessage();
        message.Request.Method = "POST";
        message.Request.Uri = new Uri(Deployment.Endpoint, ResponsesPath + "?q=1");
        message.Request.Content = BinaryContent.Create(BinaryData.FromString(Body("""
            "input":"hi"
            """)));
        PrivatemodeWouldLeakException exception =
            await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => Client.OpenAI.Pipeline.SendAsync(message).AsTask().OrTimeout());
        Assert.Equal("query-string", exception.ErrorType);
        Assert.Empty(Deployment.AllRequests);
    }

    private static string Text(JsonElement element, string member) => element.GetProperty(member).GetString()!;

    private static string Sorted(JsonElement element) => element.ValueKind != JsonValueKind.Object ? element.GetRawText()
        : "{" + string.Join(",", element.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal)
            .Select(member => $"\"{member.Name}\":{Sorted(member.Value)}")) + "}";
}
