using System.ClientModel;
using System.Text;
using Microsoft.Extensions.AI;
using OpenAI.Audio;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>A web API passes its users' input on. It has to tell their mistakes, which it answers with 400, from its own settings, which are a 500.</summary>
public sealed class MistakesOfOneCallTests : DeploymentTest
{
    private const string Whisper = "whisper-large-v3";

    private static readonly Dictionary<string, Func<PrivatemodeClient, Task>> Mistakes = new()
    {
        ["chat attachment of an unknown type: DataContent.MediaType"] = client => ChatAsync(client, new DataContent("secret"u8.ToArray(), "application/zip")),
        ["chat attachment by URL that is no image: UriContent.MediaType"] =
            client => ChatAsync(client, new UriContent("https://secret.example/a.pdf", "application/pdf")),
        ["chat option with a reserved name: ChatOptions.AdditionalProperties"] = client => ChatAsync(client, ("messages", "secret")),
        ["chat option that is no JSON: ChatOptions.AdditionalProperties"] = client => ChatAsync(client, ("odd", new Version(1, 2))),
        ["salt that is too short: cache_salt"] = client => ChatAsync(client, ("cache_salt", "secret")),
        ["tool result that cannot be written: FunctionResultContent.Result"] = client => client.AsIChatClient(ModelId).GetResponseAsync(
        [
            new(ChatRole.Assistant, [new FunctionCallContent("1", "tool")]), new(ChatRole.Tool, [new FunctionResultContent("1", typeof(string))]),
        ]),
        ["body over the limit: body"] = client => client.AsIChatClient(ModelId).GetResponseAsync(new string('x', 65 * 1024 * 1024)),
        ["body without a model: model"] = client => client.OpenAI.GetChatClient(ModelId).CompleteChatAsync(
            BinaryContent.Create(BinaryData.FromString("""{"messages":[]}"""))),
        ["body without a model, by handler: model"] = PostAsync,
        ["empty recording: file"] = client => ListenAsync(client, []),
        ["recording of an unknown format: file"] = client => ListenAsync(client, "%PDF secret"u8.ToArray()),
        ["recording over the limit: file"] = client => ListenAsync(client, Recording.Wave(50 * 1024 * 1024 + 1)),
        ["temperature over 1: SpeechTranscriptionOptions.Temperature"] = client => ListenAsync(
            client, Recording.Wave(), new SpeechTranscriptionOptions { Temperature = 2 }),
        ["timestamps without a language: SpeechToTextOptions.SpeechLanguage"] = client => ListenAsync(
            client, Recording.Wave(), new SpeechTranscriptionOptions { Timestamps = TranscriptionTimestamps.Segments }),
        ["translation: SpeechToTextOptions.TextLanguage"] = client => ListenAsync(
            client, Recording.Wave(), new SpeechToTextOptions { SpeechLanguage = "de", TextLanguage = "en" }),
        ["format of answers nobody can decrypt: response_format"] = client => client.OpenAI.GetAudioClient(Whisper).TranscribeAudioAsync(
            new MemoryStream(Recording.Wave()), "secret.wav", new AudioTranscriptionOptions { ResponseFormat = AudioTranscriptionFormat.Srt }),
        ["empty document: file"] = client => client.Documents.PartitionAsync(Stream.Null),
        ["document over the limit: file"] = client => client.Documents.PartitionAsync(new MemoryStream(new byte[26 * 1024 * 1024])),
        ["media type that is none: DocumentOptions.MediaType"] = client => client.Documents.PartitionAsync(
            new MemoryStream("x"u8.ToArray()), options: new() { MediaType = "secret" }),
        ["negative count: DocumentOptions.MaxCharacters"] = client => client.Documents.PartitionAsync(
            new MemoryStream("x"u8.ToArray()), options: new() { MaxCharacters = -1 }),
        ["number that is none: TextCompletionRequest.Temperature"] = client => client.GetTextCompletionClient(ModelId).CompleteAsync(
            new("secret") { Temperature = float.NaN }),
        ["embedding option with a reserved name: EmbeddingGenerationOptions.AdditionalProperties"] =
            client => client.AsIEmbeddingGenerator("qwen3-embedding-4b").GenerateAsync(["secret"], new() { AdditionalProperties = new() { ["input"] = 1 } }),
    };

    public static TheoryData<string> Names() => [.. Mistakes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task MistakeInOneCall_IsNoFaultOfTheSettings(string mistake)
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => Mistakes[mistake](Client).OrTimeout());

        Assert.EndsWith(": " + exception.Member, mistake, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", exception.ToString(), StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
        Assert.Equal("You said: hi", (await Chat.GetResponseAsync("hi").OrTimeout()).Text);
    }

    [Fact]
    public async Task MoreImagesThanAreFetched_IsNoFaultOfTheSettings()
    {
        await using PrivatemodeClient client = Deployment.CreateClient(options => options.Media.Remote = RemoteMediaPolicy.FetchLocally);
        AIContent[] images = [.. Enumerable.Range(0, 33).Select(i => new UriContent($"https://secret.example/{i}.png", "image/png"))];

        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => ChatAsync(client, images).OrTimeout());

        Assert.Equal("messages", exception.Member);
        Assert.Empty(Deployment.Requests);
    }

    [Fact]
    public async Task UserIdThatIsNoText_IsNoFaultOfTheSettings()
    {
        string user = "a\ud800";
        await using PrivatemodeClient client = Deployment.CreateClient(
            options => options.PromptCache.Scope = PromptCacheScope.PerUser(new byte[32], () => user));

        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => ChatAsync(client).OrTimeout());

        Assert.Equal("PromptCache.Scope", exception.Member);
        user = "a";
        await ChatAsync(client).OrTimeout();
    }

    [Theory]
    [InlineData("gpt-2")]
    [InlineData("no such model")]
    public async Task UnknownModel_IsNoFaultOfTheSettings(string model)
    {
        Exception? failure = await Record.ExceptionAsync(() => Chat.GetResponseAsync("hi", new ChatOptions { ModelId = model })).OrTimeout();

        Assert.True(failure is PrivatemodeModelUnavailableException or PrivatemodeRequestException { Member: "ChatOptions.ModelId" }, $"{failure}");
    }

    [Fact]
    public async Task Settings_ThatFailEveryCall_AreConfigurationExceptions()
    {
        Assert.Equal("Transport.ResponseTimeout", Assert.Throws<PrivatemodeConfigurationException>(
            () => Deployment.CreateClient(options => options.Transport.ResponseTimeout = TimeSpan.Zero)).Setting);

        Deployment.Faults.Inject(Fault.UnencryptedError(401));
        Assert.Equal("ApiKey", Assert.IsType<PrivatemodeConfigurationException>(await AskAsync()).Setting);
    }

    private static Task<ChatResponse> ChatAsync(PrivatemodeClient client, params AIContent[] attachments) =>
        client.AsIChatClient(ModelId).GetResponseAsync([new ChatMessage(ChatRole.User, [new TextContent("hi"), .. attachments])]);

    private static Task<ChatResponse> ChatAsync(PrivatemodeClient client, (string Name, object Value) extra) => client.AsIChatClient(ModelId).GetResponseAsync(
        "hi", new ChatOptions { AdditionalProperties = new() { [extra.Name] = extra.Value } });

    private static async Task ListenAsync(PrivatemodeClient client, byte[] file, SpeechToTextOptions? options = null)
    {
        using MemoryStream audio = new(file);
        await client.AsISpeechToTextClient(Whisper).GetTextAsync(audio, options);
    }

    private static async Task PostAsync(PrivatemodeClient client)
    {
        using HttpClient http = new(client.CreateHandler()) { BaseAddress = client.OpenAI.Endpoint };
        using StringContent body = new("""{"messages":[]}""", Encoding.UTF8, "application/json");
        _ = await http.PostAsync("/v1/chat/completions", body);
    }
}
