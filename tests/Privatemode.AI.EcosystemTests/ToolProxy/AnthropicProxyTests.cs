using System.Net;
using System.Text.Json;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ToolProxy;

/// <summary>The official Anthropic package, without this library, over a process of the proxy.</summary>
[Collection(ToolProxyTests.Name)]
public sealed class AnthropicProxyTests(ProxyFixture fixture) : IDisposable
{
    private const string ModelId = OpenAIPackageTests.ModelId;

    private static readonly Tool Weather = new()
    {
        Name = "get_weather",
        Description = "Gets the weather in a city.",
        InputSchema = new InputSchema
        {
            Properties = new Dictionary<string, JsonElement> { ["city"] = JsonElement.Parse("""{"type":"string"}""") },
            Required = ["city"],
        },
    };

    private readonly AnthropicClient _client = Create(fixture.Proxy);

    public void Dispose() => _client.Dispose();

    private static AnthropicClient Create(ProxyProcess proxy, string key = "any-key", int retries = 0) =>
        new() { HttpClient = OpenAIPackageTests.CreateHttp(), BaseUrl = proxy.Address.GetLeftPart(UriPartial.Authority), ApiKey = key, MaxRetries = retries };

    private static MessageCreateParams Ask(params MessageParam[] messages) => new() { Model = ModelId, MaxTokens = 256, Messages = messages };

    private static MessageParam User(string text) => new UserMessageParam(text);

    [Fact]
    public async Task Message_IsAnswered()
    {
        Message message = await _client.Messages.Create(Ask(User("hello")) with { System = "Be brief." }).OrTimeout();
        Assert.Equal("This is the demo. You wrote: hello", TextOf(message));
        Assert.Equal("end_turn", message.StopReason?.Raw());
        Assert.True(message.Usage.OutputTokens > 0);
    }

    [Fact]
    public async Task MessageStream_IsAnswered()
    {
        List<RawMessageStreamEvent> events = await StreamAsync(_client, Ask(User("hello")));
        Assert.True(events[0].TryPickStart(out _));
        Assert.True(events[^1].TryPickStop(out _));
        Assert.Equal("This is the demo. You wrote: hello", TextOf(events));
    }

    [Fact]
    public async Task Tool_IsCalledAndItsResultIsAnswered()
    {
        MessageCreateParams request = Ask(User("use the tool")) with { Tools = [Weather] };
        Message first = await _client.Messages.Create(request).OrTimeout();
        Assert.Equal("tool_use", first.StopReason?.Raw());
        ToolUseBlock call = Assert.Single(first.Content.Select(block => block.TryPickToolUse(out ToolUseBlock? use) ? use : null).OfType<ToolUseBlock>());
        Assert.Equal(("get_weather", JsonValueKind.String), (call.Name, call.Input["city"].ValueKind));

        AssistantMessageParam said = new(new List<ContentBlockParam> { new ToolUseBlockParam { ID = call.ID, Name = call.Name, Input = call.Input } });
        UserMessageParam result = new(new List<ContentBlockParam> { new ToolResultBlockParam(call.ID) { Content = "21 degrees" } });
        Message second = await _client.Messages.Create(request with { Messages = [User("use the tool"), said, result] }).OrTimeout();
        Assert.Equal("The tool returned: 21 degrees", TextOf(second));
    }

    [Fact]
    public async Task ToolStream_HasTheWholeInput()
    {
        List<RawMessageStreamEvent> events = await StreamAsync(_client, Ask(User("use the tool")) with { Tools = [Weather] });
        string input = string.Concat(events.Select(
            part => part.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickInputJson(out InputJsonDelta? json)
                ? json.PartialJson : ""));
        Assert.Equal(JsonValueKind.String, JsonElement.Parse(input).GetProperty("city").ValueKind);
    }

    [Fact]
    public async Task TokensAndModels_AreReturned()
    {
        MessageTokensCount few = await _client.Messages.CountTokens(new() { Model = ModelId, Messages = [User("hello")] }).OrTimeout();
        MessageTokensCount many = await _client.Messages.CountTokens(
            new() { Model = ModelId, Messages = [User(string.Join(' ', Enumerable.Repeat("hello", 500)))], Tools = [Weather] }).OrTimeout();
        Assert.InRange(few.InputTokens, 1, 100);
        Assert.InRange(many.InputTokens, 400, 5000);
        Assert.Contains((await _client.Models.List().OrTimeout()).Items, model => model.ID == ModelId);
        Assert.Equal(ModelId, (await _client.Models.Retrieve(ModelId).OrTimeout()).ID);
    }

    /// <summary>The package's own adapter for Microsoft.Extensions.AI.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Adapter_RunsFunctionsAndKeepsTheHistory(bool isStreaming)
    {
        int runs = 0;
        AIFunction weather = AIFunctionFactory.Create((string city) => $"{++runs} degrees", "get_weather");
        using IChatClient chat = _client.AsIChatClient(ModelId, 256).AsBuilder().UseFunctionInvocation().Build();
        List<ChatMessage> history = [new(ChatRole.User, "use the tool")];
        history.AddMessages(await AskAsync());
        Assert.Equal("The tool returned: \"1 degrees\"", history[^1].Text);
        history.Add(new ChatMessage(ChatRole.User, "thank you"));
        Assert.Equal("This is the demo. You wrote: thank you", (await AskAsync()).Text);

        Task<ChatResponse> AskAsync() => isStreaming
            ? chat.GetStreamingResponseAsync(history, new ChatOptions { Tools = [weather] }).WithTimeout().ToChatResponseAsync()
            : chat.GetResponseAsync(history, new ChatOptions { Tools = [weather] }).OrTimeout();
    }

    [Fact]
    public async Task RefusedRequests_HaveTheirExceptions()
    {
        AnthropicNotFoundException model = await Assert.ThrowsAsync<AnthropicNotFoundException>(
            () => _client.Messages.Create(Ask(User("hello")) with { Model = "no-such-model" }).OrTimeout());
        Assert.Contains("not_found_error", model.ResponseBody, StringComparison.Ordinal);
        await Assert.ThrowsAsync<AnthropicNotFoundException>(() => StreamAsync(_client, Ask(User("hello")) with { Model = "no-such-model" }));
        await Assert.ThrowsAsync<AnthropicNotFoundException>(() => _client.Messages.Batches.List().OrTimeout());
        AnthropicBadRequestException tool = await Assert.ThrowsAsync<AnthropicBadRequestException>(
            () => _client.Messages.Create(Ask(User("hello")) with { Tools = [new WebSearchTool20250305()] }).OrTimeout());
        Assert.Contains("web_search", tool.ResponseBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CanceledStream_EndsInTheProxyToo()
    {
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (RawMessageStreamEvent part in _client.Messages.CreateStreaming(Ask(User("something long")), stop.Token).WithTimeout())
            {
                if (part.TryPickContentBlockDelta(out _))
                {
                    await stop.CancelAsync();
                }
            }
        });
        _ = await fixture.Proxy.WaitForLogAsync("/v1/messages (anthropic) 499 disconnected");
        Assert.NotEmpty(TextOf(await _client.Messages.Create(Ask(User("hello"))).OrTimeout()));
    }

    /// <summary>Each request takes the next line of the script.</summary>
    [Fact]
    public async Task WrongKeyRateLimitAndCutStream_AreErrors()
    {
        string[] lines = ["""{"fault":"429"}""", """{"fault":"429"}""", """{"text":"second"}""", """{"fault":"cut-stream","text":"cut cut cut cut cut cut"}"""];
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(string.Join('\n', lines), "--caller-keys", OpenAIPackageTests.CallerKey);
        using AnthropicClient wrong = Create(proxy, OpenAIPackageTests.OtherKey);
        await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => wrong.Messages.Create(Ask(User("hello"))).OrTimeout());

        using AnthropicClient client = Create(proxy, OpenAIPackageTests.CallerKey);
        AnthropicRateLimitException busy = await Assert.ThrowsAsync<AnthropicRateLimitException>(
            () => client.Messages.Create(Ask(User("hello"))).OrTimeout());
        Assert.Equal(HttpStatusCode.TooManyRequests, busy.StatusCode);

        // The package waits and tries again by itself.
        using AnthropicClient patient = Create(proxy, OpenAIPackageTests.CallerKey, retries: 1);
        Assert.Equal("second", TextOf(await patient.Messages.Create(Ask(User("hello"))).OrTimeout()));

        List<RawMessageStreamEvent> events = [];
        Exception? cut = await Record.ExceptionAsync(() => StreamAsync(client, Ask(User("hello")), events));
        Assert.NotNull(cut);
        Assert.DoesNotContain(events, part => part.TryPickStop(out _));
    }

    private static async Task<List<RawMessageStreamEvent>> StreamAsync(
        AnthropicClient client, MessageCreateParams request, List<RawMessageStreamEvent>? into = null)
    {
        into ??= [];
        await foreach (RawMessageStreamEvent part in client.Messages.CreateStreaming(request).WithTimeout())
        {
            into.Add(part);
        }

        return into;
    }

    private static string TextOf(Message message) =>
        string.Concat(message.Content.Select(block => block.TryPickText(out TextBlock? text) ? text.Text : ""));

    private static string TextOf(IEnumerable<RawMessageStreamEvent> events) => string.Concat(events.Select(
        part => part.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickText(out TextDelta? text) ? text.Text : ""));
}
