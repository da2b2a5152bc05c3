using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.IntegrationTests.Handler;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>Model servers report a failed request inside an answer of status 200, whole or as an event. What they encrypted is mapped like the status it
/// names.</summary>
public sealed class EncryptedErrorInsideAnswerTests : HandlerTest
{
    private const string Words = "the words of the server";
    private const string Piece = """
        {"id":"chatcmpl-1","object":"chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"one"},"text":"one","finish_reason":null}]}
        """;

    public static TheoryData<string, ServiceFailureReason, int> Errors => new()
    {
        { Nested("400", "BadRequestError"), ServiceFailureReason.InvalidRequest, 400 },
        { Nested("422", "BadRequestError"), ServiceFailureReason.InvalidRequest, 422 },
        { Nested("429", "RateLimitError"), ServiceFailureReason.RateLimited, 429 },
        { Nested("503", "ServiceUnavailableError"), ServiceFailureReason.Unavailable, 503 },
        { Flat("400", "BadRequestError"), ServiceFailureReason.InvalidRequest, 400 },
        { Flat("503", "ServiceUnavailableError"), ServiceFailureReason.Unavailable, 503 },
        { Nested("500", "InternalServerError"), ServiceFailureReason.Other, 500 },

        // Only an integer from 400 to 599 names a status.
        { Nested("399", "Odd"), ServiceFailureReason.Other, 200 },
        { Nested("600", "Odd"), ServiceFailureReason.Other, 200 },
        { Nested("\"503\"", "Odd"), ServiceFailureReason.Other, 200 },
        { Nested("503.5", "Odd"), ServiceFailureReason.Other, 200 },
        { Nested("4e2", "Odd"), ServiceFailureReason.Other, 200 },
        { Nested("99999999999999999999", "Odd"), ServiceFailureReason.Other, 200 },
        { Nested("null", "Odd"), ServiceFailureReason.Other, 200 },
        { Flat("\"abc\"", "Odd"), ServiceFailureReason.Other, 200 },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task WholeAnswer_ThatIsAnEncryptedError_IsMappedLikeTheStatusItNames(string error, ServiceFailureReason reason, int status)
    {
        foreach ((string way, Func<Task> call) in WaysToAsk())
        {
            Deployment.Model.Reply("").WithRawJson(error);
            int before = Deployment.Requests.Count;
            Assert.Equal((way, null), (way, Difference(await Record.ExceptionAsync(call).OrTimeout(), reason, status, partReturned: false)));
            Assert.Equal((way, 1), (way, Deployment.Requests.Count - before));
        }
    }

    [Fact]
    public async Task WholeAnswer_WithAnErrorBesideNoChoices_IsThatError()
    {
        Deployment.Model.Reply("").WithRawJson(
            $$"""{"id":"x","object":"c","created":1,"model":"m","choices":[],{{Nested("503", "ServiceUnavailableError")[1..]}}""");
        Assert.Null(Difference(await AskAsync(), ServiceFailureReason.Unavailable, 503, partReturned: false));
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task FirstEvent_ThatIsAnEncryptedError_IsMappedLikeTheStatusItNames(string error, ServiceFailureReason reason, int status)
    {
        foreach ((string way, Func<Task> call) in WaysToStream())
        {
            Deployment.Model.Reply("").WithRawEvents(error);
            Assert.Equal((way, null), (way, Difference(await Record.ExceptionAsync(call).OrTimeout(), reason, status, partReturned: false)));
        }
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task LaterEvent_ThatIsAnEncryptedError_IsNotRetried(string error, ServiceFailureReason reason, int status)
    {
        foreach ((string way, Func<Task> call) in WaysToStream())
        {
            Deployment.Model.Reply("").WithRawEvents(Piece, error);
            int before = Deployment.Requests.Count;
            Assert.Equal((way, null), (way, Difference(await Record.ExceptionAsync(call).OrTimeout(), reason, status, partReturned: true)));
            Assert.Equal((way, 1), (way, Deployment.Requests.Count - before));
        }
    }

    [Fact]
    public async Task EncryptedError_ThatMentionsASecret_DoesNotReplaceTheSecret()
    {
        _ = await Chat.GetResponseAsync("hi").OrTimeout();
        int exchanges = Exchanges();
        foreach (bool streamed in (bool[])[false, true])
        {
            const string Error = """{"error":{"message":"no secret for ID abc","type":"InternalServerError","code":500}}""";
            _ = streamed ? Deployment.Model.Reply("").WithRawEvents(Error) : Deployment.Model.Reply("").WithRawJson(Error);
            Exception? exception = streamed ? (await StreamAsync()).Failure : await AskAsync();
            Assert.Equal(ServiceFailureReason.Other, Assert.IsType<PrivatemodeServiceException>(exception).Reason);
        }

        _ = await Chat.GetResponseAsync("hi").OrTimeout();
        Assert.Equal(exchanges, Exchanges());
        Assert.Equal(4, Deployment.Requests.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EncryptedError_OfAnUnknownModel_NamesTheModelsThereAre(bool streamed)
    {
        string error = Nested("404", "NotFoundError");
        _ = streamed ? Deployment.Model.Reply("").WithRawEvents(error) : Deployment.Model.Reply("").WithRawJson(error);
        Exception? exception = streamed ? (await StreamAsync()).Failure : await AskAsync();
        Assert.Contains(ModelId, Assert.IsType<PrivatemodeModelUnavailableException>(exception).AvailableModelIds);
    }

    [Theory]
    [InlineData("400")]
    [InlineData("503")]
    public async Task ClearError_InsideA200_StaysAnIntegrityError(string code)
    {
        foreach (string error in (string[])[Nested(code, "BadRequestError"), Flat(code, "BadRequestError")])
        {
            Deployment.Model.Reply("").WithRawJson(error);
            Deployment.Faults.Inject(Fault.UnencryptedSuccess());
            PrivatemodeIntegrityException exception = Assert.IsType<PrivatemodeIntegrityException>(await AskAsync());
            Assert.Equal("unsealed-member", exception.ErrorType);
            Assert.DoesNotContain("is authentic", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task WholeAnswer_BrokenOff_DoesNotMentionReturnedParts()
    {
        Deployment.Model.Reply("half an").WithFinishReason("abort");
        PrivatemodeServiceException chat = Assert.IsType<PrivatemodeServiceException>(await AskAsync());
        Deployment.Model.Reply("half an").WithFinishReason("abort");
        PrivatemodeServiceException completion = await Assert.ThrowsAsync<PrivatemodeServiceException>(
            () => Client.GetTextCompletionClient(ModelId).CompleteAsync(new TextCompletionRequest("hi")).OrTimeout());
        foreach (PrivatemodeServiceException exception in (PrivatemodeServiceException[])[chat, completion])
        {
            Assert.Equal(ServiceFailureReason.Unavailable, exception.Reason);
            Assert.DoesNotContain("authentic", exception.Message, StringComparison.Ordinal);
        }
    }

    private static string Nested(string code, string type) =>
        $$$"""{"error":{"message":"{{{Words}}}","type":"{{{type}}}","param":null,"code":{{{code}}}}}""";

    private static string Flat(string code, string type) =>
        $$$"""{"object":"error","message":"{{{Words}}}","type":"{{{type}}}","param":null,"code":{{{code}}}}""";

    /// <summary>What is wrong with the exception; null when nothing is.</summary>
    private static string? Difference(Exception? exception, ServiceFailureReason reason, int status, bool partReturned)
    {
        PrivatemodeServiceException? service = exception as PrivatemodeServiceException;
        return service is null ? $"is {exception?.GetType().Name ?? "no exception"}"
            : service.Reason != reason ? $"reason {service.Reason}"
            : service.Status != status ? $"status {service.Status}"
            : service.ServerMessage != Words || !service.IsServerMessageAuthenticated ? $"message {service.ServerMessage}"
            : service.RequestId is not { Length: > 0 } ? "no request id"
            : service.Message.Contains("is authentic", StringComparison.Ordinal) != partReturned ? $"text '{service.Message}'"
            : service.ToString().Contains(Words, StringComparison.Ordinal) ? "quotes the server"
            : null;
    }

    private int Exchanges() => Deployment.AllRequests.Count(request => request.PathAndQuery == "/privatemode/v1/secret");

    private IEnumerable<(string Way, Func<Task> Call)> WaysToAsk() =>
    [
        ("chat", () => Chat.GetResponseAsync("hi")),
        ("plain client", () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync("hi")),
        ("plain client, synchronous", () => TestTimeouts.OnOwnThread(() => Client.OpenAI.GetChatClient(ModelId).CompleteChat("hi"))),
        ("completion", () => Client.GetTextCompletionClient(ModelId).CompleteAsync(new TextCompletionRequest("hi"))),
        ("speech", () => Client.AsISpeechToTextClient("whisper-large-v3").GetTextAsync(new MemoryStream(Recording.Wave()))),
        ("document", () => Client.Documents.PartitionAsync(new MemoryStream("text"u8.ToArray()), "a.txt")),
        ("handler", async () => Throw((await ReadAsync(Post(ChatPath, ChatBody()))).Failure)),
        ("handler, messages", async () => Throw((await ReadAsync(Post(MessagesPath, MessageBody()))).Failure)),
    ];

    private IEnumerable<(string Way, Func<Task> Call)> WaysToStream() =>
    [
        ("chat", async () => Throw((await StreamAsync()).Failure)),
        ("plain client", async () =>
        {
            await foreach (StreamingChatCompletionUpdate update in Client.OpenAI.GetChatClient(ModelId).CompleteChatStreamingAsync("hi"))
            {
                Assert.NotNull(update);
            }
        }),
        ("handler", async () => Throw((await ReadAsync(Post(ChatPath, ChatBody(stream: true)))).Failure)),
        ("completion", async () =>
        {
            await foreach (TextCompletion part in Client.GetTextCompletionClient(ModelId).CompleteStreamingAsync(new TextCompletionRequest("hi")))
            {
                Assert.NotNull(part);
            }
        }),
        ("speech", () => Client.AsISpeechToTextClient("whisper-large-v3").GetStreamingTextAsync(new MemoryStream(Recording.Wave()))
            .ToSpeechToTextResponseAsync()),
    ];

    private static void Throw(Exception? exception)
    {
        if (exception is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception);
        }
    }
}
