using System.ClientModel;
using System.Text.Json;
using OpenAI;
using OpenAI.Responses;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ToolProxy;

/// <summary>The client for responses of the official OpenAI package over a process of the proxy.</summary>
[Collection(ToolProxyTests.Name)]
public sealed class ResponsesPackageTests(ProxyFixture fixture)
{
    private const string ModelId = OpenAIPackageTests.ModelId;

    private readonly ResponsesClient _responses = OpenAIPackageTests.Create(fixture.Proxy).GetResponsesClient();

    /// <summary>Whether code that was compiled with this version of the OpenAI package can stream responses with the version that it runs with.</summary>
    internal static bool CanStream { get; } = typeof(OpenAIClient).Assembly.GetName().Version < new Version(2, 15);

    private static FunctionTool Weather =>
        ResponseTool.CreateFunctionTool("get_weather", OpenAIPackageTests.Schema, strictModeEnabled: true, "Gets the weather.");

    [Fact]
    public async Task Response_IsAnswered()
    {
        ResponseResult response = await _responses.CreateResponseAsync(ModelId, "hello").OrTimeout();

        Assert.Equal("This is the demo. You wrote: hello", response.GetOutputText());
        Assert.Equal((ResponseStatus.Completed, ModelId), (response.Status, response.Model));
        Assert.True(response.Usage.TotalTokenCount > 0);
        Assert.Null(response.Error);
    }

    [Fact]
    public async Task ResponseStream_BeginsEndsAndCounts()
    {
        if (await StreamAsync(new CreateResponseOptions(ModelId, [ResponseItem.CreateUserMessageItem("hello")])) is not { } updates)
        {
            return;
        }

        Assert.IsType<StreamingResponseCreatedUpdate>(updates[0]);
        StreamingResponseCompletedUpdate completed = Assert.IsType<StreamingResponseCompletedUpdate>(updates[^1]);
        Assert.Equal(Enumerable.Range(0, updates.Count), updates.Select(update => update.SequenceNumber));
        string pieces = string.Concat(updates.OfType<StreamingResponseOutputTextDeltaUpdate>().Select(update => update.Delta));
        Assert.Equal("This is the demo. You wrote: hello", pieces);
        Assert.Equal(pieces, completed.Response.GetOutputText());
        Assert.True(completed.Response.Usage.TotalTokenCount > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tool_IsCalledAndItsResultIsAnswered(bool isStreaming)
    {
        CreateResponseOptions request = new(ModelId, [ResponseItem.CreateUserMessageItem("use the tool")]) { Tools = { Weather }, Instructions = "Be brief." };
        IReadOnlyList<ResponseItem>? output = isStreaming
            ? (await StreamAsync(request))?.OfType<StreamingResponseOutputItemDoneUpdate>().Select(update => update.Item).ToList()
            : [.. (await _responses.CreateResponseAsync(request).OrTimeout()).Value.OutputItems];
        if (output is null)
        {
            return;
        }

        FunctionCallResponseItem call = Assert.Single(output.OfType<FunctionCallResponseItem>());
        Assert.Equal("get_weather", call.FunctionName);
        Assert.Equal(JsonValueKind.String, JsonDocument.Parse(call.FunctionArguments).RootElement.GetProperty("city").ValueKind);

        ResponseItem[] input =
            [ResponseItem.CreateUserMessageItem("use the tool"), .. output, ResponseItem.CreateFunctionCallOutputItem(call.CallId, "21 degrees")];
        ResponseResult answer = await _responses.CreateResponseAsync(new CreateResponseOptions(ModelId, input) { Tools = { Weather } }).OrTimeout();
        Assert.Equal("The tool returned: 21 degrees", answer.GetOutputText());
    }

    [Fact]
    public async Task Reasoning_IsReturnedEncryptedAndTakenBack()
    {
        ResponseItem question = ResponseItem.CreateUserMessageItem("reason about this");
        CreateResponseOptions request = new(ModelId, [question])
        {
            IncludedProperties = { IncludedResponseProperty.ReasoningEncryptedContent },
            ReasoningOptions = new ResponseReasoningOptions { ReasoningEffortLevel = ResponseReasoningEffortLevel.Low },
            StoredOutputEnabled = false,
        };
        ResponseResult first = await _responses.CreateResponseAsync(request).OrTimeout();
        ReasoningResponseItem reasoning = Assert.Single(first.OutputItems.OfType<ReasoningResponseItem>());
        Assert.DoesNotContain("step by step", reasoning.EncryptedContent, StringComparison.Ordinal);

        ResponseResult second = await _responses.CreateResponseAsync(
            ModelId, [question, .. first.OutputItems, ResponseItem.CreateUserMessageItem("thank you")]).OrTimeout();
        Assert.Equal("This is the demo. You wrote: thank you", second.GetOutputText());
    }

    [Fact]
    public async Task StructuredOutput_FitsTheSchema()
    {
        CreateResponseOptions request = new(ModelId, [ResponseItem.CreateUserMessageItem("hello")])
        {
            TextOptions = new ResponseTextOptions
            {
                TextFormat = ResponseTextFormat.CreateJsonSchemaFormat("place", OpenAIPackageTests.Schema, jsonSchemaIsStrict: true),
            },
        };
        ResponseResult response = await _responses.CreateResponseAsync(request).OrTimeout();
        Assert.Equal(JsonValueKind.String, JsonDocument.Parse(response.GetOutputText()).RootElement.GetProperty("city").ValueKind);
    }

    [Fact]
    public async Task RefusedRequests_HaveStatusAndCode()
    {
        ResponseItem[] hello = [ResponseItem.CreateUserMessageItem("hello")];
        await AssertRefusedAsync(404, "model_not_found", () => _responses.CreateResponseAsync("no-such-model", "hello"));
        await AssertRefusedAsync(400, "background", () => _responses.CreateResponseAsync(
            new CreateResponseOptions(ModelId, hello) { BackgroundModeEnabled = true }));
        await AssertRefusedAsync(400, "web_search", () => _responses.CreateResponseAsync(
            new CreateResponseOptions(ModelId, hello) { Tools = { ResponseTool.CreateWebSearchTool() } }));
        await AssertRefusedAsync(400, "previous_response_id", () => _responses.CreateResponseAsync(ModelId, "hello", "resp_1"));
        await AssertRefusedAsync(404, "resp_1", () => _responses.GetResponseAsync("resp_1"), isNamed: false);
        await AssertRefusedAsync(404, "resp_1", () => _responses.DeleteResponseAsync("resp_1"), isNamed: false);
    }

    /// <summary>Each request takes the next line of the script.</summary>
    [Fact]
    public async Task WrongKeyRateLimitAndCutStream_AreErrors()
    {
        string[] lines = ["""{"fault":"429"}""", """{"text":"first"}""",
            """{"fault":"cut-stream","tool":{"name":"get_weather","arguments":{"city":"Bochum, Bochum, Bochum, Bochum"}}}"""];
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(string.Join('\n', lines), "--caller-keys", OpenAIPackageTests.CallerKey);
        await AssertRefusedAsync(401, "invalid_api_key",
            () => OpenAIPackageTests.Create(proxy, OpenAIPackageTests.OtherKey).GetResponsesClient().CreateResponseAsync(ModelId, "hello"));
        ResponsesClient responses = OpenAIPackageTests.Create(proxy, OpenAIPackageTests.CallerKey).GetResponsesClient();
        await AssertRefusedAsync(429, "rate_limit_exceeded", () => responses.CreateResponseAsync(ModelId, "hello"));
        Assert.Equal("first", (await responses.CreateResponseAsync(ModelId, "hello").OrTimeout()).Value.GetOutputText());

        List<StreamingResponseUpdate>? updates = [];
        CreateResponseOptions request = new(ModelId, [ResponseItem.CreateUserMessageItem("use the tool")]) { Tools = { Weather } };
        Exception? cut = await Record.ExceptionAsync(async () => updates = await StreamAsync(request, responses, updates));
        Assert.True(updates is null || cut is not null || updates[^1] is StreamingResponseFailedUpdate, $"{updates?[^1]}");
        Assert.DoesNotContain(updates ?? [], update => update is StreamingResponseCompletedUpdate or StreamingResponseOutputItemDoneUpdate);
    }

    [Fact]
    public async Task CanceledStream_EndsInTheProxyToo()
    {
        if (!CanStream)
        {
            return;
        }

        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CancelAtFirstTextAsync(stop));
        _ = await fixture.Proxy.WaitForLogAsync("/v1/responses (responses) 499 disconnected");
        Assert.NotNull((await _responses.CreateResponseAsync(ModelId, "hello").OrTimeout()).Value.Id);
    }

    private async Task CancelAtFirstTextAsync(CancellationTokenSource stop)
    {
        CreateResponseOptions request = new(ModelId, [ResponseItem.CreateUserMessageItem("something long")]) { StreamingEnabled = true };
        await foreach (StreamingResponseUpdate update in _responses.CreateResponseStreamingAsync(request, stop.Token).WithTimeout())
        {
            if (update is StreamingResponseOutputTextDeltaUpdate)
            {
                await stop.CancelAsync();
            }
        }
    }

    private static async Task AssertRefusedAsync(int status, string text, Func<Task> call, bool isNamed = true)
    {
        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(() => call().OrTimeout());
        Assert.Equal(status, exception.Status);
        Assert.Equal(isNamed, exception.Message.Contains(text, StringComparison.Ordinal));
    }

    /// <summary>All events; null if the version of the package that it runs with has another method than the one that it was compiled with.</summary>
    private async Task<List<StreamingResponseUpdate>?> StreamAsync(
        CreateResponseOptions request, ResponsesClient? client = null, List<StreamingResponseUpdate>? into = null)
    {
        if (!CanStream)
        {
            await Assert.ThrowsAsync<MissingMethodException>(() => StreamAsync(client ?? _responses, request, []));
            return null;
        }

        into ??= [];
        await StreamAsync(client ?? _responses, request, into);
        return into;
    }

    private static async Task StreamAsync(ResponsesClient client, CreateResponseOptions request, List<StreamingResponseUpdate> updates)
    {
        request.StreamingEnabled = true;
        await foreach (StreamingResponseUpdate update in client.CreateResponseStreamingAsync(request).WithTimeout())
        {
            updates.Add(update);
        }
    }
}
