using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Answers that follow a type or a schema.</summary>
public sealed class TypedAnswerTests : KernelTest
{
    private const string Schema = """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}""";
    private const string Json = """{"City":"Bochum","Degrees":21.5,"Sky":["clear"],"Wind":null}""";

    public static TheoryData<string> Formats() => ["type", "schema", "schema text", "OpenAI", "Extensions.AI", "whole format"];

    [Theory]
    [InlineData(KernelLayer.Chat)]
    [InlineData(KernelLayer.ChatStream)]
    [InlineData(KernelLayer.Prompt)]
    [InlineData(KernelLayer.PromptStream)]
    [InlineData(KernelLayer.Client)]
    [InlineData(KernelLayer.ClientStream)]
    public async Task Type_AnswerCanBeRead(KernelLayer layer)
    {
        _ = Deployment.Model.Reply(Json);
        string answer = await layer.AskAsync(
            layer.Build(ModelId, Client), Question, new PrivatemodePromptExecutionSettings { ResponseFormat = typeof(Report) });
        Report report = JsonSerializer.Deserialize<Report>(answer)!;
        Assert.Equal(("Bochum", 21.5, "clear"), (report.City, report.Degrees, report.Sky.Single()));
        JsonNode format = ChatBodies[0]["response_format"]!["json_schema"]!;
        Assert.Equal("Report", (string?)format["name"]);
        Assert.Contains("The city of the report.", format["schema"]!.ToJsonString(), StringComparison.Ordinal);
        AssertSentEncrypted("The city of the report.");
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Format_InEachForm_ReachesTheModel(string form)
    {
        _ = Deployment.Model.Reply("""{"city":"Bochum"}""");
        object format = form switch
        {
            "type" => typeof(SettingRow.City),
            "schema" => JsonDocument.Parse(Schema).RootElement,
            "schema text" => Schema,
            "OpenAI" => OpenAI.Chat.ChatResponseFormat.CreateJsonSchemaFormat("city", BinaryData.FromString(Schema)),
            "Extensions.AI" => Microsoft.Extensions.AI.ChatResponseFormat.ForJsonSchema(JsonDocument.Parse(Schema).RootElement, "city"),
            _ => JsonNode.Parse($$"""{"type":"json_schema","json_schema":{"name":"city","schema":{{Schema}} } }""")!,
        };
        KernelArguments arguments = new(new PrivatemodePromptExecutionSettings { ResponseFormat = format });
        _ = await CreateKernel().InvokePromptAsync(Question, arguments).OrTimeout();
        JsonNode schema = ChatBodies[0]["response_format"]!["json_schema"]!["schema"]!;
        Assert.Equal("object", (string?)schema["type"]);
        Assert.Single(schema["properties"]!.AsObject());
    }

    [Fact]
    public async Task FormatOfTheOpenAIConnector_IsTheSame()
    {
        _ = Deployment.Model.Reply("{}").Then.Reply("{}");
        Kernel kernel = CreateKernel();
        foreach (PromptExecutionSettings settings in (PromptExecutionSettings[])
            [
                new PrivatemodePromptExecutionSettings { ResponseFormat = typeof(Report) },
                new OpenAIPromptExecutionSettings { ResponseFormat = typeof(Report) },
            ])
        {
            _ = await kernel.InvokePromptAsync(Question, new KernelArguments(settings)).OrTimeout();
        }

        Assert.NotNull(ChatBodies[0]["response_format"]);
        Assert.True(JsonNode.DeepEquals(ChatBodies[0]["response_format"], ChatBodies[1]["response_format"]));
    }

    [Fact]
    public async Task Type_WithFunctions_BothAreSentEachTime()
    {
        _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments).Then.Reply(Json);
        PrivatemodePromptExecutionSettings settings = new() { ResponseFormat = typeof(Report), FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
        FunctionResult result = await CreateKernel().InvokePromptAsync(Question, new KernelArguments(settings)).OrTimeout();
        Assert.Equal("Bochum", JsonSerializer.Deserialize<Report>(result.GetValue<string>()!)!.City);
        Assert.All(ChatBodies, body => Assert.True(body.ContainsKey("response_format") && body.ContainsKey("tools")));
    }

    public static TheoryData<string> NotFormats() => ["xml", "not JSON", "a number", "a list"];

    [Theory]
    [MemberData(nameof(NotFormats))]
    public async Task WhatIsNoFormat_IsRefusedAndNothingSent(string kind)
    {
        object format = kind switch
        {
            "xml" => "xml",
            "not JSON" => """{"type":""",
            "a number" => 42,
            _ => JsonDocument.Parse("[1]").RootElement,
        };
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => CreateKernel().InvokePromptAsync(
            Question, new KernelArguments(new PrivatemodePromptExecutionSettings { ResponseFormat = format })).OrTimeout());
        Assert.Equal("PromptExecutionSettings.response_format", exception.Member);
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task SchemaThatTheServerRefuses_IsAServiceException()
    {
        _ = Deployment.Model.ReplyWithError(400, "Grammar error in schema");
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => CreateKernel().InvokePromptAsync(
            Question, new KernelArguments(new PrivatemodePromptExecutionSettings { ResponseFormat = typeof(Report) })).OrTimeout());
        Assert.Equal(ServiceFailureReason.InvalidRequest, exception.Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnswerThatRefuses_IsNotMistakenForJson(bool isStreaming)
    {
        Deployment.Model.SetFallback(_ => new ScriptedAnswer().WithRefusal("I cannot."));
        IChatCompletionService chat = CreateKernel().GetRequiredService<IChatCompletionService>();
        PrivatemodePromptExecutionSettings settings = new() { ResponseFormat = typeof(Report) };
        ChatHistory history = new(Question);
        if (isStreaming)
        {
            List<StreamingChatMessageContent> updates = [];
            Assert.Equal("", await StreamAsync(chat, history, settings, new Kernel(), updates));
            Assert.Equal("I cannot.", updates.Select(update => update.Metadata!.GetValueOrDefault("Refusal")).OfType<string>().Single());
            return;
        }

        ChatMessageContent message = await chat.GetChatMessageContentAsync(history, settings).OrTimeout();
        Assert.True(string.IsNullOrEmpty(message.Content));
        Assert.Equal("I cannot.", message.Metadata!["Refusal"]);
    }

    [Fact]
    public async Task AnswerThatIsCutOff_SaysSo()
    {
        _ = Deployment.Model.Reply("""{"City":"Boch""").WithFinishReason("length");
        ChatMessageContent message = await CreateKernel().GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(
            Question, new PrivatemodePromptExecutionSettings { ResponseFormat = typeof(Report), MaxTokens = 5 }).OrTimeout();
        Assert.Equal("length", message.Metadata!["FinishReason"]);
    }

    internal sealed record Report([property: Description("The city of the report.")] string City, double Degrees, string[] Sky, int? Wind);
}
