using System.ClientModel;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using OpenAI;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ToolProxy;

/// <summary>The adapters of Microsoft.Extensions.AI.OpenAI, and agents over them, over a process of the proxy.</summary>
[Collection(ToolProxyTests.Name)]
public sealed class ExtensionsAIAdapterTests(ProxyFixture fixture)
{
    private const string ModelId = OpenAIPackageTests.ModelId;

    private readonly OpenAIClient _client = OpenAIPackageTests.Create(fixture.Proxy);
    private int _runs;

    /// <summary>The API, and whether the answers are streamed.</summary>
    public static TheoryData<bool, bool> Ways => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    private AIFunction Weather => AIFunctionFactory.Create(
        (string city) =>
        {
            _runs++;
            return "21 degrees";
        },
        "get_weather",
        "Gets the weather in a city.");

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task FunctionLoopOfTwoTurns_KeepsTheHistory(bool isResponses, bool isStreaming)
    {
        using IChatClient chat = Adapter(isResponses).AsBuilder().UseFunctionInvocation().Build();
        ChatOptions options = new() { Tools = [Weather], Instructions = "Be brief." };
        List<ChatMessage> history = [new(ChatRole.User, "use the tool")];
        if (await AskAsync(chat, history, options, isResponses, isStreaming) is not { } first)
        {
            return;
        }

        Assert.Equal(("The tool returned: \"21 degrees\"", 1), (first.Text, _runs));
        Assert.Null(first.ConversationId);
        Assert.True(first.Usage?.TotalTokenCount > 0);
        history.AddMessages(first);
        history.Add(new ChatMessage(ChatRole.User, "reason about that"));
        ChatResponse second = (await AskAsync(chat, history, options, isResponses, isStreaming))!;
        Assert.Equal("The answer follows from the reasoning above.", second.Text);
        history.AddMessages(second);
        history.Add(new ChatMessage(ChatRole.User, "thank you"));
        ChatResponse third = (await AskAsync(chat, history, options, isResponses, isStreaming))!;
        Assert.Equal(("This is the demo. You wrote: thank you", 1), (third.Text, _runs));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TypedAnswer_IsRead(bool isResponses)
    {
        ChatResponse<Place> response = await Adapter(isResponses).GetResponseAsync<Place>("hello").OrTimeout();
        Assert.NotNull(response.Result.City);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task UnknownModel_IsAnError(bool isResponses, bool isStreaming)
    {
        using IChatClient chat = isResponses
            ? _client.GetResponsesClient().AsIChatClient("no-such-model")
            : _client.GetChatClient("no-such-model").AsIChatClient();
        Exception? exception = await Record.ExceptionAsync(
            () => AskAsync(chat, [new ChatMessage(ChatRole.User, "hello")], new ChatOptions(), isResponses, isStreaming));
        Assert.Equal(
            isResponses && isStreaming && !ResponsesPackageTests.CanStream ? null : 404,
            (exception as ClientResultException)?.Status);
    }

    [Fact]
    public async Task EmbeddingsAndSpeech_AreAnswered()
    {
        using IEmbeddingGenerator<string, Embedding<float>> generator = _client.GetEmbeddingClient("qwen3-embedding-4b").AsIEmbeddingGenerator(8);
        GeneratedEmbeddings<Embedding<float>> vectors = await generator.GenerateAsync(["one", "two"]).OrTimeout();
        Assert.Equal([8, 8], vectors.Select(vector => vector.Vector.Length));

        using ISpeechToTextClient speech = _client.GetAudioClient("whisper-large-v3").AsISpeechToTextClient();
        using MemoryStream recording = new(Recording.Wave());
        Assert.Equal("This is the demo. It does not listen to recordings.", (await speech.GetTextAsync(recording).OrTimeout()).Text);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Agent_WithATool_AnswersTwoTurnsOfASession(bool isResponses, bool isStreaming)
    {
        if (isResponses && isStreaming && !ResponsesPackageTests.CanStream)
        {
            return;
        }

        ChatClientAgent agent = Adapter(isResponses).AsAIAgent("Look at the weather.", "concierge", "Gives advice.", [Weather]);
        AgentSession session = await agent.CreateSessionAsync();
        Assert.Equal(("The tool returned: \"21 degrees\"", 1), ((await RunAsync("use the tool")).Text, _runs));

        // The application is restarted between the turns.
        session = await agent.DeserializeSessionAsync(await agent.SerializeSessionAsync(session));
        Assert.Equal(("This is the demo. You wrote: thank you", 1), ((await RunAsync("thank you")).Text, _runs));

        Task<AgentResponse> RunAsync(string question) => isStreaming
            ? agent.RunStreamingAsync(question, session).WithTimeout().ToAgentResponseAsync()
            : agent.RunAsync(question, session).OrTimeout();
    }

    private IChatClient Adapter(bool isResponses) =>
        isResponses ? _client.GetResponsesClient().AsIChatClient(ModelId) : _client.GetChatClient(ModelId).AsIChatClient();

    /// <summary>Null if the adapter cannot stream: with OpenAI 2.15 it lacks a method that it calls.</summary>
    private static async Task<ChatResponse?> AskAsync(IChatClient chat, IList<ChatMessage> messages, ChatOptions options, bool isResponses, bool isStreaming)
    {
        if (!isStreaming)
        {
            return await chat.GetResponseAsync(messages, options).OrTimeout();
        }

        Task<ChatResponse> answer = chat.GetStreamingResponseAsync(messages, options).WithTimeout().ToChatResponseAsync();
        if (isResponses && !ResponsesPackageTests.CanStream)
        {
            await Assert.ThrowsAsync<MissingMethodException>(() => answer);
            return null;
        }

        return await answer;
    }

    internal sealed record Place(string City);
}
