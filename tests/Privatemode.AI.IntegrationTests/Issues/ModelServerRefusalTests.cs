using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Privatemode.AI.IntegrationTests.Handler;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>Requests that the model servers of the service refuse. A test deployment that answered them would hide the mistake until production.</summary>
public sealed class ModelServerRefusalTests : HandlerTest
{
    private const string CompletionPath = "/v1/completions";
    private const string EmbeddingPath = "/v1/embeddings";
    private const string Vision = "gemma-3-27b";
    private const string TextOnly = "qwen3-coder-30b-a3b";
    private const string Embedding = "qwen3-embedding-4b";
    private const string Hello = """ "messages":[{"role":"user","content":"hi"}] """;
    private const string Tool = """ "tools":[{"type":"function","function":{"name":"get_weather"}}] """;

    [Theory]
    [InlineData(ChatPath, Embedding, Hello)]
    [InlineData(ChatPath, "whisper-large-v3", Hello)]
    [InlineData(CompletionPath, Embedding, """ "prompt":"hi" """)]
    [InlineData(MessagesPath, Embedding, $"\"max_tokens\":9,{Hello}")]
    [InlineData(EmbeddingPath, ModelId, """ "input":"hi" """)]
    [InlineData(EmbeddingPath, "whisper-large-v3", """ "input":"hi" """)]
    public async Task Model_WithoutTheTask_HasNoSuchRoute(string path, string model, string members) =>
        Assert.Equal((404, """{"detail":"Not Found"}"""), await AskAsync(path, model, members));

    [Fact]
    public async Task Transcription_WithAChatModel_HasNoSuchRoute()
    {
        using HttpResponseMessage response = await Http.PostAsync(
            new Uri(TranscriptionPath, UriKind.Relative), Form(Recording.Wave(), ("model", ModelId))).OrTimeout();
        Assert.Equal((404, """{"detail":"Not Found"}"""), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Adapters_WithTheWrongModel_SayThatItDoesNotDoTheTask_AndWhichDo()
    {
        await AssertOthersAsync("generate", Embedding, () => Client.AsIChatClient(Embedding).GetResponseAsync("hi"));
        await AssertOthersAsync("generate", Embedding, () => Client.AsIChatClient(Embedding).GetStreamingResponseAsync("hi").ToChatResponseAsync());
        await AssertOthersAsync("embed", ModelId, () => Client.AsIEmbeddingGenerator(ModelId).GenerateAsync(["hi"]));
        await AssertOthersAsync("transcribe", ModelId, () => Client.AsISpeechToTextClient(ModelId).GetTextAsync(new MemoryStream(Recording.Wave())));
    }

    [Fact]
    public async Task Adapters_WithTheWrongModel_WhenTheListNamesNoTasks_NameAllModels()
    {
        foreach (string model in (string[])[ModelId, Vision, TextOnly, "whisper-large-v3", "voxtral-mini-3b"])
        {
            Deployment.AddModel(model, "generate");
        }

        PrivatemodeModelUnavailableException exception = await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(
            () => Client.AsISpeechToTextClient(ModelId).GetTextAsync(new MemoryStream(Recording.Wave()))).OrTimeout();
        Assert.Contains(Embedding, exception.AvailableModelIds);
    }

    [Theory]
    [InlineData("\"max_tokens\":-5", "max_tokens must be at least 1, got -5. (parameter=max_tokens, value=-5)", "max_tokens")]
    [InlineData("\"max_tokens\":9,\"max_completion_tokens\":0", "max_tokens must be at least 1, got 0.", "max_tokens")]
    [InlineData("\"n\":0", "n must be at least 1, got 0.", null)]
    [InlineData("\"temperature\":-0.5", "temperature must be non-negative, got -0.5.", "temperature")]
    [InlineData("\"temperature\":0,\"n\":2", "n must be 1 when using greedy sampling, got 2.", null)]
    [InlineData("\"top_p\":0", "top_p must be in (0, 1], got 0.", "top_p")]
    [InlineData("\"frequency_penalty\":2.5", "frequency_penalty must be in [-2, 2], got 2.5.", null)]
    [InlineData("\"stop\":[\"end\",\"\"]", "stop cannot contain an empty string.", null)]
    [InlineData("\"logprobs\":true,\"top_logprobs\":21", "Requested sample logprobs of 21, which is greater than max allowed: 20", "logprobs")]
    public async Task Chat_WithAValueTheServerCannotUse_IsABadRequest(string members, string message, string? param)
    {
        (int status, string body) = await AskAsync(ChatPath, ModelId, $"{Hello},{members}");
        AssertError(status, body, message, "BadRequestError", param);
    }

    [Theory]
    [InlineData("\"top_logprobs\":1", "when using `top_logprobs`, `logprobs` must be set to true.", "top_logprobs")]
    [InlineData("\"tool_choice\":\"auto\"", "When using `tool_choice`, `tools` must be set.", "tool_choice")]
    [InlineData($"\"tool_choice\":\"any\",{Tool}", "Invalid value for `tool_choice`: any!", "tool_choice")]
    [InlineData($"\"tool_choice\":{{\"type\":\"function\",\"function\":{{\"name\":\"other\"}}}},{Tool}", "The tool specified in `tool_choice` does not match",
        "tool_choice")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\"}", "When response_format type is 'json_schema'", "response_format")]
    [InlineData("\"stream_options\":{\"include_usage\":true}", "Stream options can only be defined when `stream=True`.", "stream_options")]
    public async Task Chat_ThatContradictsItself_IsABadRequest(string members, string message, string? param)
    {
        (int status, string body) = await AskAsync(ChatPath, ModelId, $"{Hello},{members}");
        AssertError(status, body, message, "Bad Request", param);
    }

    [Theory]
    [InlineData("\"max_tokens\":1")]
    [InlineData("\"temperature\":0,\"n\":1,\"top_p\":1,\"presence_penalty\":-2,\"stop\":\"end\"")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":20")]
    [InlineData($"\"tool_choice\":{{\"type\":\"function\",\"function\":{{\"name\":\"get_weather\"}}}},{Tool}")]
    [InlineData($"\"tool_choice\":\"required\",{Tool}")]
    [InlineData("\"tool_choice\":\"none\"")]
    [InlineData("\"stream_options\":null,\"max_tokens\":null,\"tools\":null,\"response_format\":{\"type\":\"json_object\"}")]
    public async Task Chat_AtTheLimits_IsAnswered(string members) => Assert.Equal(200, (await AskAsync(ChatPath, ModelId, $"{Hello},{members}")).Status);

    [Theory]
    [InlineData("""{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"} }""", Vision, "Unknown part type: file")]
    [InlineData("""{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"} }""", Vision, "At most 0 audio(s) may be provided in one prompt.")]
    [InlineData("""{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"} }""", TextOnly, $"{TextOnly} is not a multimodal model")]
    public async Task Chat_WithAPartTheModelDoesNotTake_IsABadRequest(string part, string model, string message)
    {
        Deployment.AddModel(TextOnly, "generate");
        (int status, string body) = await AskAsync(ChatPath, model, $$""" "messages":[{"role":"user","content":[{{part}}]}] """);
        AssertError(status, body, message, "BadRequestError", null);
    }

    [Fact]
    public async Task Chat_WithAnImage_IsAnsweredByAModelThatSees()
    {
        ChatMessage message = new(ChatRole.User, [new TextContent("what is this?"), new DataContent(new byte[] { 1 }, "image/png")]);
        Assert.Equal("You said: what is this?", (await Client.AsIChatClient(Vision).GetResponseAsync(message).OrTimeout()).Text);
    }

    [Fact]
    public async Task Chat_WithTools_IsRefusedByAModelThatCannotCallThem()
    {
        Deployment.AddModel(TextOnly, "generate");
        (int status, string body) = await AskAsync(ChatPath, TextOnly, $"{Hello},{Tool}");
        AssertError(status, body, "\"auto\" tool choice requires", "BadRequestError", null);
    }

    [Theory]
    [InlineData("\"prompt\":\"\"", "Either prompt or prompt_embeds must be provided and non-empty.", "Bad Request")]
    [InlineData("\"prompt\":\"hi\",\"max_tokens\":0", "max_tokens must be at least 1, got 0.", "BadRequestError")]
    [InlineData("\"prompt\":\"hi\",\"logprobs\":21", "Requested sample logprobs of 21", "BadRequestError")]
    [InlineData("\"prompt\":\"hi\",\"suffix\":\"there\"", "suffix is not currently supported", "BadRequestError")]
    public async Task Completion_ThatCannotRun_IsABadRequest(string members, string message, string type)
    {
        (int status, string body) = await AskAsync(CompletionPath, ModelId, members);
        Assert.Equal(400, status);
        using JsonDocument error = JsonDocument.Parse(body);
        Assert.StartsWith(message, error.RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(type, error.RootElement.GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Completion_ThatOnlyEchoes_IsAnswered() =>
        Assert.Equal(200, (await AskAsync(CompletionPath, ModelId, "\"prompt\":\"hi\",\"max_tokens\":0,\"echo\":true,\"logprobs\":0")).Status);

    [Theory]
    [InlineData("\"dimensions\":4", "Field required: input", "Bad Request")]
    [InlineData("\"input\":\"hi\",\"dimensions\":0", "Dimensions must be greater than 0", "BadRequestError")]
    public async Task Embedding_ThatCannotRun_IsABadRequest(string members, string message, string type)
    {
        (int status, string body) = await AskAsync(EmbeddingPath, Embedding, members);
        AssertError(status, body, message, type, null);
    }

    [Fact]
    public async Task Message_Errors_HaveTheFormOfThatEndpoint()
    {
        (int status, string body) = await AskAsync(MessagesPath, "gone", $"\"max_tokens\":9,{Hello}");
        Assert.Equal(404, status);
        Assert.StartsWith("""{"type":"error","error":{"type":"NotFoundError","message":"The model """, body, StringComparison.Ordinal);

        Deployment.Faults.Inject(Fault.ReplaceEventWithError(2, "it broke"));
        (_, string text, Exception? failure) = await ReadAsync(Post(MessagesPath, MessageBody(stream: true)));
        Assert.Equal("it broke", Assert.IsType<PrivatemodeServiceException>(failure).ServerMessage);
        Assert.Contains("message_start", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Hello, "Field required: max_tokens")]
    [InlineData($"\"max_tokens\":0,{Hello}", "max_tokens must be positive")]
    [InlineData("""
        "max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a"}}]}]
        """, "messages.content.type: Input should be 'text', 'image'")]
    [InlineData("""
        "max_tokens":9,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]
        """, "messages.content.type: Input should be 'text', 'image'")]
    public async Task Message_ThatDoesNotFitTheSchema_IsABadRequest(string members, string message)
    {
        (int status, string body) = await AskAsync(MessagesPath, Vision, members);
        AssertError(status, body, message, "Bad Request", null);
    }

    [Theory]
    [InlineData("image/png")]
    [InlineData("image/x-whatever")]
    public async Task Message_WithABase64Image_IsAnsweredWhateverItsMediaType(string mediaType)
    {
        string block = $$"""{"type":"image","source":{"type":"base64","media_type":"{{mediaType}}","data":"AAAA"} }""";
        string result = $$"""{"type":"tool_result","tool_use_id":"t","content":[{{block}}]}""";
        string members = $$""" "max_tokens":9,"messages":[{"role":"user","content":[{{block}},{{result}}]}] """;
        Assert.Equal(200, (await AskAsync(MessagesPath, Vision, members)).Status);

        Deployment.AddModel(TextOnly, "generate");
        (int status, string body) = await AskAsync(MessagesPath, TextOnly, members);
        Assert.Equal(400, status);
        Assert.Contains($"{TextOnly} is not a multimodal model", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_AskingForLogprobs_GetsOnePerWord(bool stream)
    {
        Deployment.Model.Reply("one two");
        string members = $"{Hello},\"logprobs\":true,\"top_logprobs\":1,\"stream\":{(stream ? "true" : "false")}";
        (int status, string body) = await AskAsync(ChatPath, ModelId, members);

        Assert.Equal(200, status);
        Assert.Equal(2, body.Split("\"top_logprobs\":[{\"token\":").Length - 1);
        Assert.Contains("{\"token\":\" two\",\"logprob\":-0.5,\"bytes\":[32,116,119,111],\"top_logprobs\":", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"messages\":[]", "messages must not be empty")]
    [InlineData($"{Hello},\"tools\":[]", "must not be an empty array.")]
    [InlineData($"{Hello},\"tools\":[],\"tool_choice\":\"required\"", "must not be an empty array.")]
    public async Task Chat_WithAnEmptyList_IsABadRequest(string members, string message)
    {
        (int status, string body) = await AskAsync(ChatPath, ModelId, members);
        Assert.Equal(400, status);
        Assert.Contains(message, body, StringComparison.Ordinal);
    }

    private static async Task AssertOthersAsync(string task, string wrong, Func<Task> call)
    {
        PrivatemodeModelUnavailableException exception = await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(() => call().OrTimeout());
        Assert.Contains("does not support this task", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"Models for the task '{task}': ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("does not offer", exception.Message, StringComparison.Ordinal);
        Assert.NotEmpty(exception.AvailableModelIds);
        Assert.DoesNotContain(wrong, exception.AvailableModelIds);
    }

    private static void AssertError(int status, string body, string message, string type, string? param)
    {
        Assert.Equal(400, status);
        using JsonDocument document = JsonDocument.Parse(body);
        JsonElement error = document.RootElement.GetProperty("error");
        Assert.StartsWith(message, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal((type, param, 400), (error.GetProperty("type").GetString(), error.GetProperty("param").GetString(), error.GetProperty("code").GetInt32()));
    }

    private async Task<(int Status, string Body)> AskAsync(string path, string model, string members)
    {
        using StringContent content = new($"{{\"model\":\"{model}\",{members}}}", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Http.PostAsync(new Uri(path, UriKind.Relative), content).OrTimeout();
        Assert.Equal("true", Assert.Single(response.Headers.GetValues(PrivatemodeHttpMessageHandler.AuthenticatedHeaderName)));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
