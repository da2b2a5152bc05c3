using System.Text;
using System.Text.Json.Nodes;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.AudioToText;
using Microsoft.SemanticKernel.ChatCompletion;
using Privatemode.AI.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using KernelText = Microsoft.SemanticKernel.TextContent;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Images, recordings and files through the kernel, and what is refused.</summary>
public sealed class MediaTests : KernelTest
{
    private const string VisionModelId = "gemma-3-27b";

    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    public MediaTests() => ScriptAll = true;

    public static TheoryData<string> Unsendable() =>
        ["zip", "unknown item", "no media type", "empty", "video", "address of an image", "address of a recording", "FLAC"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Image_InAHistory_IsSentWithEachTurn(bool isStreaming)
    {
        IChatCompletionService chat = CreateKernel(VisionModelId).GetRequiredService<IChatCompletionService>();
        ChatHistory history = [];
        history.AddUserMessage([new KernelText("What is this?"), new ImageContent(Png, "image/png")]);
        string text = isStreaming
            ? await StreamAsync(chat, history, null, new Kernel())
            : (await chat.GetChatMessageContentAsync(history).OrTimeout()).Content!;
        history.AddAssistantMessage(text);
        history.AddUserMessage("What colour?");
        _ = await chat.GetChatMessageContentAsync(history).OrTimeout();
        Assert.All(ChatBodies, body => Assert.Equal(
            "data:image/png;base64," + Convert.ToBase64String(Png), (string?)body["messages"]![0]!["content"]![1]!["image_url"]!["url"]));
        AssertSentEncrypted(Convert.ToBase64String(Png)[20..60]);
    }

    [Theory]
    [InlineData("audio/wav", "wav")]
    [InlineData("audio/x-wav", "wav")]
    [InlineData("audio/mpeg", "mp3")]
    public async Task Audio_InAMessage_HasItsFormat(string mediaType, string format)
    {
        ChatHistory history = [];
        history.AddUserMessage([new KernelText("What does she say?"), new AudioContent(Recording.Wave(), mediaType)]);
        _ = await CreateKernel().GetRequiredService<IChatCompletionService>().GetChatMessageContentAsync(history).OrTimeout();
        JsonNode audio = ChatBodies[0]["messages"]![0]!["content"]![1]!["input_audio"]!;
        Assert.Equal(format, (string?)audio["format"]);
        Assert.Equal(Recording.Wave(), Convert.FromBase64String((string)audio["data"]!));
    }

    [Theory]
    [MemberData(nameof(Unsendable))]
    public Task Unsendable_IsRefused(string kind) => AssertRefusedAsync(kind, isStreaming: false);

    [Theory]
    [MemberData(nameof(Unsendable))]
    public Task Unsendable_Streamed_IsRefused(string kind) => AssertRefusedAsync(kind, isStreaming: true);

    [Theory]
    [InlineData(KernelLayer.Loop)]
    [InlineData(KernelLayer.LoopStream)]
    public async Task FunctionThatReturnsAnImage_TellsTheModelThatItCannotReadIt(KernelLayer layer)
    {
        ScriptCall("Camera-look", "{}");
        Kernel kernel = CreateKernel();
        kernel.Plugins.AddFromFunctions("Camera", [KernelFunctionFactory.CreateFromMethod(() => new ImageContent(Png, "image/png"), "look")]);
        Assert.Equal(Answer, await layer.AskAsync(kernel, Question));
        Assert.StartsWith("Error: The result is a file", (string?)ChatBodies[1]["messages"]![2]!["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AudioToText_TypedSettings_AreSent()
    {
        _ = Deployment.Model.ReplyWithTranscription("Guten Tag.").WithLanguage("german");
        PrivatemodeAudioToTextExecutionSettings settings = new()
        {
            Language = "de",
            Prompt = "Gruß",
            Temperature = 0.2f,
            Timestamps = TranscriptionTimestamps.Segments,
        };
        KernelText text = await Speech().GetTextContentAsync(new AudioContent(Recording.Wave(), "audio/wav"), settings).OrTimeout();
        Assert.Equal("Guten Tag.", text.Text);
        IReadOnlyDictionary<string, ReadOnlyMemory<byte>> fields = Assert.Single(Deployment.Requests).DecryptedFields;
        Assert.Equal(("de", "Gruß", "segment"), (Field("language"), Field("prompt"), Field("timestamp_granularities[]")));
        Assert.Equal(Recording.Wave(), fields["file"].ToArray());

        string Field(string name) => Encoding.UTF8.GetString(fields[name].Span);
    }

    [Fact]
    public async Task AudioToText_DataUriAndManyMegabytes_AreSent()
    {
        byte[] recording = Recording.Wave(8 << 20, "so much");
        _ = Deployment.Model.ReplyWithTranscription("short").Then.ReplyWithTranscription("long");
        AudioContent small = new("data:audio/wav;base64," + Convert.ToBase64String(Recording.Wave()));
        Assert.Equal("short", (await Speech().GetTextContentAsync(small).OrTimeout()).Text);
        Assert.Equal("long", (await Speech().GetTextContentAsync(new AudioContent(recording, "audio/wav")).OrTimeout()).Text);
        Assert.True(recording.AsSpan().SequenceEqual(Deployment.Requests[1].DecryptedFields["file"].Span));
    }

    [Fact]
    public async Task AudioToText_InAFunction_IsAToolOfTheModel()
    {
        _ = Deployment.Model.ReplyWithToolCall("Mail-listen", "{}").Then.ReplyWithTranscription("Bring an umbrella.").Then.Reply(Answer);
        Kernel kernel = CreateKernel(builder => builder.AddPrivatemodeAudioToText(SpeechModelId, Client));
        kernel.Plugins.AddFromFunctions("Mail", [kernel.CreateFunctionFromMethod(
            async (Kernel scope) => (await scope.GetRequiredService<IAudioToTextService>()
                .GetTextContentAsync(new AudioContent(Recording.Wave(), "audio/wav"))).Text,
            "listen")]);
        Assert.Equal(Answer, await KernelLayer.Loop.AskAsync(kernel, Question));
        Assert.Equal("Bring an umbrella.", (string?)ChatBodies[1]["messages"]![2]!["content"]);
    }

    [Theory]
    [InlineData("tampered")]
    [InlineData("unencrypted")]
    [InlineData("unknown model")]
    [InlineData("error")]
    [InlineData("disposed")]
    public async Task AudioToText_Errors_AreThoseOfTheLibrary(string kind)
    {
        _ = Deployment.Model.ReplyWithTranscription("Guten Tag.");
        if (kind is "tampered" or "unencrypted" or "error")
        {
            Deployment.Faults.Inject(kind switch
            {
                "tampered" => Fault.TamperEvent(0),
                "unencrypted" => Fault.UnencryptedSuccess(),
                _ => Fault.EncryptedError(400, "not a recording"),
            });
        }
        else if (kind == "disposed")
        {
            await Client.DisposeAsync();
        }

        Type expected = kind switch
        {
            "tampered" or "unencrypted" => typeof(PrivatemodeIntegrityException),
            "unknown model" => typeof(PrivatemodeModelUnavailableException),
            "error" => typeof(PrivatemodeServiceException),
            _ => typeof(ObjectDisposedException),
        };
        PrivatemodeAudioToTextService speech = kind == "unknown model" ? new PrivatemodeAudioToTextService("whisper-9", Client) : Speech();
        _ = await Assert.ThrowsAsync(expected, () => speech.GetTextContentsAsync(new AudioContent(Recording.Wave(), "audio/wav")).OrTimeout());
    }

    private PrivatemodeAudioToTextService Speech() => new(SpeechModelId, Client);

    private async Task AssertRefusedAsync(string kind, bool isStreaming)
    {
        KernelContent item = kind switch
        {
            "zip" => new BinaryContent(Png, "application/zip"),
            "unknown item" => new ActionContent("click"),
            "no media type" => new ImageContent(Png, null),
            "empty" => new ImageContent(),
            "video" => new BinaryContent(Png, "video/x-unknown"),
            "address of an image" => new ImageContent(new Uri("https://example.com/secret.png")),
            "address of a recording" => new AudioContent(new Uri("https://example.com/secret.wav")),
            _ => new AudioContent(Png, "audio/flac"),
        };
        ChatHistory history = [];
        history.AddUserMessage([new KernelText("What is this?"), item]);
        IChatCompletionService chat = CreateKernel(VisionModelId).GetRequiredService<IChatCompletionService>();
        Exception exception = await Assert.ThrowsAnyAsync<PrivatemodeException>(() => isStreaming
            ? StreamAsync(chat, history, null, new Kernel())
            : chat.GetChatMessageContentAsync(history).OrTimeout());
        Assert.True(exception is PrivatemodeRequestException or PrivatemodeWouldLeakException, exception.ToString());
        Assert.DoesNotContain("secret", exception.ToString(), StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
    }
}
