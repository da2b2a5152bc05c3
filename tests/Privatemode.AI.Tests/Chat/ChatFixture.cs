using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Chat;

/// <summary>One deployment for the tests of a class, which run one after the other, and a chat client of it.</summary>
public sealed class ChatFixture : IAsyncLifetime
{
    public const string Model = "gpt-oss-120b";

    private PrivatemodeTestDeployment? _deployment;
    private PrivatemodeClient? _client;

    public PrivatemodeTestDeployment Deployment => _deployment!;

    public PrivatemodeClient Client => _client!;

    public IChatClient Chat { get; private set; } = null!;

    /// <summary>The last request after opening, without the cache salt, which is random.</summary>
    public string LastBody
    {
        get
        {
            JsonNode body = JsonNode.Parse(Deployment.Requests[^1].DecryptedBody!)!;
            Assert.True(body.AsObject().Remove("cache_salt"));
            return body.ToJsonString();
        }
    }

    /// <summary>Sends one user message, <c>hi</c>, and gives back the body that was posted.</summary>
    public async Task<string> PostAsync(ChatOptions options)
    {
        _ = await Chat.GetResponseAsync("hi", options).WaitAsync(TestTime.Limit);
        return LastBody;
    }

    /// <summary>Sends these messages and gives back the messages that were posted.</summary>
    public async Task<string> PostAsync(params Microsoft.Extensions.AI.ChatMessage[] messages)
    {
        _ = await Chat.GetResponseAsync(messages).WaitAsync(TestTime.Limit);
        return JsonNode.Parse(LastBody)!["messages"]!.ToJsonString();
    }

    /// <summary>The answer to a call that is not streamed, whose JSON was written by hand.</summary>
    public async Task<ChatResponse> AnswerAsync(string document, ChatOptions? options = null)
    {
        _ = Deployment.Model.Reply("").WithRawJson(document);
        return await Chat.GetResponseAsync("hi", options).WaitAsync(TestTime.Limit);
    }

    /// <summary>The updates of a streamed answer whose events were written by hand.</summary>
    public async Task<List<ChatResponseUpdate>> StreamAsync(params IEnumerable<string> events)
    {
        _ = Deployment.Model.Reply("").WithRawEvents(events);
        return await StreamAsync();
    }

    /// <summary>The updates of the next scripted answer.</summary>
    public async Task<List<ChatResponseUpdate>> StreamAsync(ChatOptions? options = null)
    {
        using CancellationTokenSource limit = new(TestTime.Limit);
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in Chat.GetStreamingResponseAsync("hi", options, limit.Token))
        {
            updates.Add(update);
        }

        return updates;
    }

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _client = _deployment.CreateClient();
        Chat = _client.AsIChatClient(Model);
    }

    public async Task DisposeAsync()
    {
        await Client.DisposeAsync();
        await Deployment.DisposeAsync();
    }

    /// <summary>Options that ask for several choices, past this library.</summary>
    public static ChatOptions Choices(int count) => new()
    {
        RawRepresentationFactory = _ =>
        {
            ChatCompletionOptions raw = new();
            raw.Patch.Set("$.n"u8, count);
            return raw;
        },
    };

    /// <summary>A whole answer with these choices.</summary>
    public static string Whole(string choices, string more = "") =>
        $$"""{"id":"chatcmpl-1","object":"chat.completion","created":1767225600,"model":"gpt-oss-120b","choices":[{{choices}}]{{more}}}""";

    /// <summary>An event with these choices.</summary>
    public static string Chunk(string choices, string more = "") =>
        $$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"gpt-oss-120b","choices":[{{choices}}]{{more}}}""";

    /// <summary>An event of choice 0 with this delta.</summary>
    public static string Delta(string delta, string finishReason = "null") =>
        Chunk($$"""{"index":0,"delta":{{delta}},"finish_reason":{{finishReason}}}""");

    /// <summary>Two JSON texts that mean the same.</summary>
    public static void AssertJson(string expected, string actual)
    {
        using JsonDocument left = JsonDocument.Parse(expected);
        using JsonDocument right = JsonDocument.Parse(actual);
        if (!JsonElement.DeepEquals(left.RootElement, right.RootElement))
        {
            Assert.Fail($"Expected: {left.RootElement.GetRawText()}\nActual:   {right.RootElement.GetRawText()}");
        }
    }
}
