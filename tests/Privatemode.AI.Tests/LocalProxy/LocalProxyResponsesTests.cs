using System.ClientModel;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Responses;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.LocalProxy;

/// <summary>Responses over Privatemode's own proxy, which knows chats only: they are translated before they are sent to it.</summary>
public sealed class LocalProxyResponsesTests : IAsyncLifetime
{
    private const string Model = "gpt-oss-120b";

    private FakeLocalProxy _proxy = null!;
    private PrivatemodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _proxy = await FakeLocalProxy.StartAsync();
        _client = _proxy.CreateClient(options => options.Responses.HostedTools = HostedToolPolicy.LeaveOut);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Fact]
    public async Task Client_WholeAndStreamed_IsAnswered()
    {
        UsageDetails usage = new() { InputTokenCount = 7, OutputTokenCount = 5 };
        _ = _proxy.Model.Reply("Hello").WithReasoning("I think").WithUsage(usage).Then.Reply("Hello you").WithUsage(usage);
        ResponsesClient client = _client.OpenAI.GetResponsesClient();
        ClientResult<ResponseResult> whole = await client.CreateResponseAsync(Model, "hi").OrTimeout();
        Assert.Equal("Hello", whole.Value.GetOutputText());
        string text = "";
        await foreach (StreamingResponseUpdate update in client.CreateResponseStreamingAsync(Model, "hi").WithTimeout())
        {
            text += (update as StreamingResponseOutputTextDeltaUpdate)?.Delta;
        }

        Assert.Equal("Hello you", text);
        Assert.All(_proxy.Encrypted, request => Assert.Equal("/v1/chat/completions", request.PathAndQuery));
        Assert.All(_proxy.Requests, request =>
        {
            using JsonDocument body = JsonDocument.Parse(request.Body);
            Assert.Equal("hi", body.RootElement.GetProperty("messages")[0].GetProperty("content").GetString());
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Handler_Answered_SaysThatNothingIsVerified(bool stream)
    {
        _ = _proxy.Model.Reply("Hello").WithToolCall("f", """{"a":1}""");
        using HttpResponseMessage response = await SendAsync(stream);
        string text = await response.Content.ReadAsStringAsync().OrTimeout();
        Assert.Equal(["false"], response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName));
        Assert.Equal(["web_search"], response.Headers.GetValues(PrivatemodeHttpMessageHandler.LeftOutToolsHeaderName));
        Assert.False(response.GetPrivatemodeReceipt()!.IsVerified);
        Assert.Contains("\"arguments\":\"{\\\"a\\\":1}\"", text, StringComparison.Ordinal);
        Assert.Contains("\"status\":\"completed\"", text, StringComparison.Ordinal);
        Assert.Equal(stream, text.StartsWith("event: response.created\n", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]},"finish_reason":null}""", false)]
    [InlineData("""{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}""", false)]
    [InlineData("""{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}]},"finish_reason":"tool_calls"}""", true)]
    public async Task Stream_CutOrWithBrokenArguments_FailsAndBeginsNoCall(string choice, bool isEnded)
    {
        string[] events =
        [
            ChatFixture.Chunk("""{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}"""), ChatFixture.Chunk(choice),
            .. isEnded ? (string[])["[DONE]"] : [],
        ];
        _proxy.AnswerOnce(200, string.Concat(events.Select(line => $"data: {line}\n\n")), "text/event-stream");
        using HttpResponseMessage response = await SendAsync(stream: true);
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        using MemoryStream read = new();
        Exception? exception = await Record.ExceptionAsync(() => stream.CopyToAsync(read).OrTimeout());
        Assert.IsAssignableFrom<PrivatemodeException>(exception);
        string[] lines = [.. Encoding.UTF8.GetString(read.ToArray()).Split('\n').Where(line => line.StartsWith("event: ", StringComparison.Ordinal))];
        Assert.Equal("event: response.failed", lines[^1]);
        Assert.DoesNotContain("event: response.function_call_arguments.done", lines);
        Assert.DoesNotContain("event: response.completed", lines);
    }

    [Fact]
    public async Task Error_OfTheProxy_HasOpenAIsForm()
    {
        _proxy.AnswerOnce(400, """{"message":"No such thing","type":"BadRequestError","param":"messages","code":400}""");
        using HttpResponseMessage response = await SendAsync(stream: false);
        Assert.Equal(400, (int)response.StatusCode);
        using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsStringAsync().OrTimeout());
        Assert.Equal("No such thing", body.RootElement.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("input", body.RootElement.GetProperty("error").GetProperty("param").GetString());
    }

    private async Task<HttpResponseMessage> SendAsync(bool stream)
    {
        HttpClient http = new(_client.CreateHandler()) { BaseAddress = _proxy.Address };
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/responses")
        {
            Content = new StringContent(
                $$"""
                {"model":"{{Model}}","stream":{{(stream ? "true" : "false")}},"input":"hi",
                "tools":[{"type":"function","name":"f"},{"type":"web_search"}]}
                """,
                Encoding.UTF8,
                "application/json"),
        };
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
    }
}
