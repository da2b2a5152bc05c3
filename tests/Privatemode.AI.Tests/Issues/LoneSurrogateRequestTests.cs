using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Half of an emoji in a request: in a value it is U+FFFD, in a name or an ID the call is refused.</summary>
public sealed class LoneSurrogateRequestTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Half = "a\uD83D";
    private const string Whole = "a\uFFFD";

    public static TheoryData<string> Values =>
        ["user", "system", "developer", "assistant", "reasoning", "refusal", "instructions", "stop", "description", "schema"];

    public static TheoryData<string, object> Json => new()
    {
        { "text", Half },
        { "element", Element("\"a\\ud83d\"") },
        { "element within", Element("""{"x":[{"y":"a\ud83d"}]}""") },
        { "node", JsonNode.Parse("\"a\\ud83d\"")! },
        { "node within", JsonNode.Parse("""{"x":["a\ud83d"]}""")! },
        { "node of text", JsonValue.Create(Half) },
        { "list", new List<string> { Half } },
        { "dictionary", new Dictionary<string, object?> { ["x"] = Element("\"a\\ud83d\"") } },
    };

    public static TheoryData<string, object> BrokenNames => new()
    {
        { "element", Element("""{"a\ud83d":1}""") },
        { "element within", Element("""[{"x":{"a\ud83d":1}}]""") },
        { "node", JsonNode.Parse("""{"a\ud83d":1}""")! },
        { "dictionary", new Dictionary<string, object?> { [Half] = 1 } },
        { "dictionary of numbers", new Dictionary<string, int> { [Half] = 1 } },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Chat_HalfInText_IsSentAsTheReplacementCharacter(string place)
    {
        ChatMessage message = place switch
        {
            "system" => new(ChatRole.System, Half),
            "developer" => new(new ChatRole("developer"), Half),
            "assistant" => new(ChatRole.Assistant, Half),
            "reasoning" => new(ChatRole.Assistant, [new TextReasoningContent(Half), new TextContent("x")]),
            "refusal" => new(ChatRole.Assistant, [new ErrorContent(Half) { ErrorCode = "Refusal" }]),
            _ => new(ChatRole.User, place == "user" ? Half : "x"),
        };
        using JsonDocument schema = JsonDocument.Parse("""{"type":"object","description":"a\ud83d","properties":{}}""");
        ChatOptions options = place switch
        {
            "instructions" => new() { Instructions = Half },
            "stop" => new() { StopSequences = [Half] },
            "description" => new() { Tools = [AIFunctionFactory.Create(() => 1, "f", Half)] },
            "schema" => new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema.RootElement, "s", Half) },
            _ => new(),
        };

        _ = await fixture.Chat.GetResponseAsync([message, new ChatMessage(ChatRole.User, "hi")], options).WaitAsync(TestTime.Limit);

        Assert.Contains(Whole, Texts(fixture.LastBody));
    }

    [Theory]
    [MemberData(nameof(Json))]
    public async Task Chat_HalfInAToolResult_IsSentAsTheReplacementCharacter(string kind, object result)
    {
        _ = await fixture.PostAsync(
            Call(new Dictionary<string, object?>()), new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", result)]));

        string posted = JsonNode.Parse(fixture.LastBody)!["messages"]![1]!["content"]!.GetValue<string>();
        Assert.Contains(Whole, kind is "text" or "element" ? [posted] : Texts(posted));
    }

    [Theory]
    [MemberData(nameof(Json))]
    public async Task Chat_HalfInArguments_IsSentAsTheReplacementCharacter(string kind, object argument)
    {
        _ = await fixture.PostAsync(
            Call(new Dictionary<string, object?> { [kind] = argument }),
            new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", "x")]));

        Assert.Contains(Whole, Texts(
            JsonNode.Parse(fixture.LastBody)!["messages"]![0]!["tool_calls"]![0]!["function"]!["arguments"]!.GetValue<string>()));
    }

    [Theory]
    [MemberData(nameof(Json))]
    public async Task AdditionalProperties_Half_IsSentAsTheReplacementCharacter(string kind, object value)
    {
        AdditionalPropertiesDictionary properties = new() { ["extra"] = value };
        string body = await fixture.PostAsync(new ChatOptions { AdditionalProperties = properties });
        Assert.True(Texts(body).Contains(Whole), kind);

        _ = await fixture.Client.GetTextCompletionClient(ChatFixture.Model)
            .CompleteAsync(new TextCompletionRequest("hi") { AdditionalProperties = properties }).WaitAsync(TestTime.Limit);
        Assert.Contains(Whole, Texts(fixture.LastBody));

        using IEmbeddingGenerator<string, Embedding<float>> generator = fixture.Client.AsIEmbeddingGenerator("qwen3-embedding-4b");
        _ = await generator.GenerateAsync(["hi"], new EmbeddingGenerationOptions { AdditionalProperties = properties }).WaitAsync(TestTime.Limit);
        Assert.Contains(Whole, Texts(fixture.Deployment.Requests[^1].DecryptedBody!));
    }

    [Theory]
    [MemberData(nameof(BrokenNames))]
    public async Task PropertyName_WithAHalf_IsRefused(string kind, object value)
    {
        await RefusesAsync("FunctionResultContent.Result", () => fixture.PostAsync(
            Call(new Dictionary<string, object?>()), new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", value)])));
        await RefusesAsync("FunctionCallContent.Arguments", () => fixture.PostAsync(
            Call(new Dictionary<string, object?> { [kind] = value }), new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", "x")])));
        await RefusesAsync("ChatOptions.AdditionalProperties", () => fixture.PostAsync(
            new ChatOptions { AdditionalProperties = new() { ["extra"] = value } }));
    }

    [Fact]
    public async Task NameOrId_WithAHalf_IsRefused()
    {
        using JsonDocument schema = JsonDocument.Parse("""{"type":"object","properties":{"a\ud83d":{}}}""");
        ChatMessage call = Call(new Dictionary<string, object?>());
        ChatMessage result = new(ChatRole.Tool, [new FunctionResultContent("call_1", "x")]);

        await RefusesAsync("ChatOptions.ModelId", () => fixture.PostAsync(new ChatOptions { ModelId = Half }));
        await RefusesAsync("ChatOptions.Tools", () => fixture.PostAsync(new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, Half)] }));
        await RefusesAsync("ChatOptions.Tools", () => fixture.PostAsync(
            new ChatOptions { Tools = [AIFunctionFactory.CreateDeclaration("f", null, schema.RootElement)] }));
        await RefusesAsync("ChatOptions.ToolMode", () => fixture.PostAsync(
            new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "f")], ToolMode = ChatToolMode.RequireSpecific(Half) }));
        await RefusesAsync("ChatOptions.ResponseFormat", () => fixture.PostAsync(
            new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema.RootElement, "s") }));
        await RefusesAsync("FunctionCallContent.CallId", () => fixture.PostAsync(
            new ChatMessage(ChatRole.Assistant, [new FunctionCallContent(Half, "f")]), result));
        await RefusesAsync("FunctionCallContent.Name", () => fixture.PostAsync(
            new ChatMessage(ChatRole.Assistant, [new FunctionCallContent("call_1", Half)]), result));
        await RefusesAsync("FunctionResultContent.CallId", () => fixture.PostAsync(
            call, new ChatMessage(ChatRole.Tool, [new FunctionResultContent(Half, "x")])));
    }

    [Fact]
    public async Task Arguments_WrittenByTheModelWithAHalf_CanBeReadAndSentBack()
    {
        ChatResponse response = await fixture.AnswerAsync(ChatFixture.Whole(
            """
            {"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":
            {"name":"f","arguments":"{\"x\":\"a\\ud83d\",\"b\\ud83d\":1}"}}]},"finish_reason":"tool_calls"}
            """));

        FunctionCallContent call = Assert.Single(response.Messages[0].Contents.OfType<FunctionCallContent>());
        Assert.Null(call.Exception);
        Assert.Equal(Whole, Assert.IsType<JsonElement>(call.Arguments!["x"]).GetString());
        Assert.True(call.Arguments.ContainsKey("b\uFFFD"));

        _ = await fixture.PostAsync(response.Messages[0], new ChatMessage(ChatRole.Tool, [new FunctionResultContent("call_1", "x")]));
        Assert.Contains(Whole, Texts(
            JsonNode.Parse(fixture.LastBody)!["messages"]![0]!["tool_calls"]![0]!["function"]!["arguments"]!.GetValue<string>()));
    }

    [Fact]
    public async Task OtherAdapters_HalfInText_IsSentAsTheReplacementCharacter()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = fixture.Client.AsIEmbeddingGenerator("qwen3-embedding-4b");
        _ = await generator.GenerateAsync([Half], new TextEmbeddingOptions { QueryInstruction = Half }).WaitAsync(TestTime.Limit);
        Assert.Equal(TextEmbeddingOptions.FormatQuery(Whole, Whole), Assert.Single(EmbeddingInput()));

        _ = await fixture.Client.GetTextCompletionClient(ChatFixture.Model).CompleteAsync(
            new TextCompletionRequest([Half, Half]) { StopSequences = [Half] }).WaitAsync(TestTime.Limit);
        Assert.Equal(3, Texts(fixture.LastBody).Count(text => text == Whole));

        using ISpeechToTextClient speech = fixture.Client.AsISpeechToTextClient("whisper-large-v3");
        _ = await speech.GetTextAsync(new MemoryStream(Recording.Wave()), new SpeechTranscriptionOptions
        {
            Prompt = Half,
            AdditionalProperties = new() { ["extra"] = Element("\"a\\ud83d\"") },
        }).WaitAsync(TestTime.Limit);
        Assert.Equal(2, Texts(fixture.Deployment.Requests[^1].DecryptedBody!).Count(text => text == Whole));

        _ = await fixture.Client.Documents.PartitionAsync(new MemoryStream([1]), "file.txt", new DocumentOptions
        {
            Languages = [Half],
            Encoding = Half,
            AdditionalFields = { ["extra"] = Half },
        }).WaitAsync(TestTime.Limit);
        string form = fixture.Deployment.Requests[^1].DecryptedBody!.Replace("\\uFFFD", "\uFFFD", StringComparison.Ordinal);
        Assert.Equal(3, form.Split(Whole).Length - 1);
    }

    [Fact]
    public async Task OtherAdapters_HalfInAModelId_IsRefused()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = fixture.Client.AsIEmbeddingGenerator("qwen3-embedding-4b");
        await RefusesAsync("EmbeddingGenerationOptions.ModelId", () => generator.GenerateAsync(["x"], new EmbeddingGenerationOptions { ModelId = Half }));
        await RefusesAsync("TextCompletionRequest.ModelId", () => fixture.Client.GetTextCompletionClient(ChatFixture.Model)
            .CompleteAsync(new TextCompletionRequest("x") { ModelId = Half }));
        using ISpeechToTextClient speech = fixture.Client.AsISpeechToTextClient("whisper-large-v3");
        await RefusesAsync("SpeechToTextOptions.ModelId", () => speech.GetTextAsync(
            new MemoryStream(Recording.Wave()), new SpeechToTextOptions { ModelId = Half }));
    }

    private IEnumerable<string> EmbeddingInput() =>
        JsonNode.Parse(fixture.Deployment.Requests[^1].DecryptedBody!)!["input"]!.AsArray().Select(text => text!.GetValue<string>());

    private async Task RefusesAsync(string member, Func<Task> call)
    {
        int sent = fixture.Deployment.Requests.Count;
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => call().WaitAsync(TestTime.Limit));
        Assert.Equal(member, exception.Member);
        Assert.Equal(sent, fixture.Deployment.Requests.Count);
    }

    private static ChatMessage Call(IDictionary<string, object?> arguments) =>
        new(ChatRole.Assistant, [new FunctionCallContent("call_1", "f", arguments)]);

    private static JsonElement Element(string json) => JsonElement.Parse(json);

    /// <summary>All texts of a JSON document.</summary>
    private static List<string> Texts(string json)
    {
        List<string> texts = [];
        void Collect(JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.String: texts.Add(element.GetString()!); break;
                case JsonValueKind.Array: element.EnumerateArray().ToList().ForEach(Collect); break;
                case JsonValueKind.Object: element.EnumerateObject().ToList().ForEach(member => Collect(member.Value)); break;
            }
        }

        Collect(Element(json));
        return texts;
    }
}
