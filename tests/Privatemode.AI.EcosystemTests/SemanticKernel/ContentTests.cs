using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using KernelText = Microsoft.SemanticKernel.TextContent;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Contents of messages and answers in both directions, and errors.</summary>
public sealed class ContentTests : KernelTest
{
    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private PrivatemodeChatCompletionService Chat => new PrivatemodeChatCompletionService("gemma-3-27b", Client);

    [Fact]
    public async Task Contents_OfAMessage_AreSent()
    {
        _ = Deployment.Model.Reply(Answer);
        ChatHistory history = [];
        history.AddUserMessage(
        [
            new KernelText("What is this?"),
            new ImageContent(Png, "image/png") { Metadata = new Dictionary<string, object?> { ["ChatImageDetailLevel"] = "Low" } },
            new ImageContent("data:image/png;base64," + Convert.ToBase64String(Png)),
            new AudioContent(Recording.Wave(), "audio/wav"),
            new BinaryContent("%PDF-1.7"u8.ToArray(), "application/pdf"),
        ]);

        // The model server leaves out what this model does not read.
        Assert.Equal(Answer, (await new PrivatemodeChatCompletionService(ModelId, Client).GetChatMessageContentAsync(history).OrTimeout()).Content);
        JsonArray parts = ChatBodies[0]["messages"]![0]!["content"]!.AsArray();
        Assert.Equal(["text", "image_url", "image_url", "input_audio", "file"], parts.Select(part => (string?)part!["type"]));
        Assert.Equal("low", (string?)parts[1]!["image_url"]!["detail"]);
        Assert.Equal("wav", (string?)parts[3]!["input_audio"]!["format"]);
    }

    [Fact]
    public async Task Contents_ThatCannotBeSent_AreRefusedByPlace()
    {
        ChatHistory history = new("Be brief.");
        history.AddUserMessage([new KernelText("x"), new BinaryContent("abc"u8.ToArray(), "application/zip")]);
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => Chat.GetChatMessageContentAsync(history));
        Assert.Equal("DataContent.MediaType", exception.Member);

        ChatHistory unknown = [];
        unknown.AddUserMessage([new KernelText("x"), new ActionContent("click")]);
        exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => Chat.GetChatMessageContentAsync(unknown));
        Assert.Equal("messages[0].Items[1]", exception.Member);

        ChatHistory nameless = [];
        nameless.AddUserMessage([new ImageContent(Png, null)]);
        exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => Chat.GetChatMessageContentAsync(nameless));
        Assert.Equal("messages[0].Items[0].MimeType", exception.Member);
        Assert.Empty(Deployment.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_KeepsReasoningUsageAndReceipt(bool isStreaming)
    {
        UsageDetails usage = new() { InputTokenCount = 11, OutputTokenCount = 7 };
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer).WithReasoning("The user asks for rain.").WithUsage(usage));
        ChatHistory history = [];
        history.AddUserMessage(Question);
        if (!isStreaming)
        {
            ChatMessageContent message = await Chat.GetChatMessageContentAsync(history).OrTimeout();
            Assert.Equal((Answer, "gemma-3-27b"), (message.Content, message.ModelId));
            Assert.Equal("The user asks for rain.", message.Items.OfType<ReasoningContent>().Single().Text);
            Assert.Equal("The user asks for rain.", message.GetPrivatemodeReasoning());
            Assert.Equal(11, Assert.IsType<UsageDetails>(message.Metadata!["Usage"]).InputTokenCount);
            Assert.Equal("stop", message.Metadata["FinishReason"]);
            Assert.NotNull(message.GetPrivatemodeReceipt());
            Assert.IsType<OpenAI.Chat.ChatCompletion>(message.InnerContent);

            // A history is stored as JSON.
            ChatMessageContent stored = JsonSerializer.Deserialize<ChatMessageContent>(JsonSerializer.Serialize(message))!;
            Assert.Equal(message.GetPrivatemodeReceipt(), stored.GetPrivatemodeReceipt());
            history.Add(stored);
            history.AddUserMessage("And tomorrow?");
            _ = await Chat.GetChatMessageContentAsync(history).OrTimeout();
            Assert.Equal("The user asks for rain.", (string?)ChatBodies[1]["messages"]![1]!["reasoning"]);
            return;
        }

        List<StreamingChatMessageContent> updates = [];
        Assert.Equal(Answer, await StreamAsync(Chat, history, null, new Kernel(), updates));
        Assert.Equal("The user asks for rain.", string.Concat(updates.Select(update => update.GetPrivatemodeReasoning())));
        Assert.Equal("The user asks for rain.", string.Concat(updates.SelectMany(update => update.Items).OfType<StreamingReasoningContent>()));
        Assert.Equal(7, updates.Select(update => update.Metadata!["Usage"]).OfType<UsageDetails>().Single().OutputTokenCount);
        Assert.Single(updates.Select(update => update.GetPrivatemodeReceipt()).Where(receipt => receipt is not null).Distinct());
    }

    [Fact]
    public async Task Answer_RefusalAndLogProbabilities_AreInTheMetadata()
    {
        _ = Deployment.Model.Reply(Answer);
        ChatMessageContent message = await Chat.GetChatMessageContentAsync(
            Question, new PrivatemodePromptExecutionSettings { Logprobs = true, TopLogprobs = 2 }).OrTimeout();
        Assert.NotEmpty(Assert.IsAssignableFrom<IReadOnlyList<OpenAI.Chat.ChatTokenLogProbabilityDetails>>(message.Metadata!["ContentTokenLogProbabilities"]));
        Deployment.Model.SetFallback(_ => new ScriptedAnswer().WithRefusal("I cannot."));
        message = await Chat.GetChatMessageContentAsync(Question).OrTimeout();
        Assert.Equal("I cannot.", message.Metadata!["Refusal"]);
    }

    [Fact]
    public async Task Result_OfAPromptFunction_HasTheReasoning()
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer).WithReasoning("The user asks for rain."));
        FunctionResult result = await CreateKernel().InvokePromptAsync(Question).OrTimeout();
        Assert.Equal("The user asks for rain.", result.GetPrivatemodeReasoning());
        Assert.Null(new FunctionResult(result.Function).GetPrivatemodeReasoning());
    }

    [Fact]
    public async Task Answer_OfAType_FollowsItsSchema()
    {
        _ = Deployment.Model.Reply("""{"Name":"Bochum"}""");
        PrivatemodePromptExecutionSettings settings = new() { ResponseFormat = typeof(SettingRow.City) };
        FunctionResult result = await CreateKernel().InvokePromptAsync(Question, new KernelArguments(settings)).OrTimeout();
        Assert.Equal("Bochum", JsonSerializer.Deserialize<SettingRow.City>(result.GetValue<string>()!)!.Name);
        Assert.Equal("string", (string?)ChatBodies[0]["response_format"]!["json_schema"]!["schema"]!["properties"]!["name"]?["type"]
            ?? (string?)ChatBodies[0]["response_format"]!["json_schema"]!["schema"]!["properties"]!["Name"]!["type"]);
    }

    [Fact]
    public async Task Errors_KeepTheirTypes()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(400));
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => Chat.GetChatMessageContentAsync(Question).OrTimeout());
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Text(Answer));
        Deployment.Faults.Inject(Fault.TamperEvent(1));
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => StreamAsync(Chat, new ChatHistory(Question), null, new Kernel()).OrTimeout());
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Chat.GetChatMessageContentsAsync(new ChatHistory(Question), cancellationToken: cancelled.Token).OrTimeout());
    }

    [Fact]
    public async Task AudioToText_SettingsAreSent_AndPartsReturned()
    {
        _ = Deployment.Model.ReplyWithTranscription("Guten Tag.", new ScriptedTranscriptionSegment("Guten Tag.", TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        PromptExecutionSettings settings = new()
        {
            ExtensionData = new Dictionary<string, object>
            {
                ["language"] = "de",
                ["prompt"] = "Gruß",
                ["temperature"] = "0.2",
                ["timestamp_granularities"] = new[] { "segment" },
                ["filename"] = "secret.wav",
            },
        };
        KernelText text = await new PrivatemodeAudioToTextService(SpeechModelId, Client)
            .GetTextContentAsync(new AudioContent(Recording.Wave(), "audio/wav"), settings).OrTimeout();
        Assert.Equal("Guten Tag.", text.Text);
        Assert.Single(Assert.IsAssignableFrom<IReadOnlyList<TranscriptionSegment>>(text.Metadata!["Segments"]));
        Assert.NotNull(text.GetPrivatemodeReceipt());
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Equal(
            ("de", "Gruß", "0.2", "segment"),
            (Field("language"), Field("prompt"), Field("temperature"), Field("timestamp_granularities[]")));
        Assert.DoesNotContain(request.DecryptedFields.Keys, name => Field(name).Contains("secret.wav", StringComparison.Ordinal));

        string Field(string name) => Encoding.UTF8.GetString(request.DecryptedFields[name].Span);
    }

    [Fact]
    public async Task AudioToText_WithoutData_IsRefused()
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => new PrivatemodeAudioToTextService(SpeechModelId, Client).GetTextContentsAsync(new AudioContent(new Uri("https://example.com/a.wav"))));
        Assert.Equal("AudioContent.Data", exception.Member);
    }
}
