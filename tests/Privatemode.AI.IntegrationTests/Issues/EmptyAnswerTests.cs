using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.IntegrationTests.Handler;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>Answers that hold nothing: a chat without a choice, a document without an element.</summary>
public sealed class EmptyAnswerTests : HandlerTest
{
    private const string NoChoice = """{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[]}""";
    private const string NoChoiceButUsage = """
        {"id":"x","object":"chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":0,"total_tokens":1}}
        """;

    [Fact]
    public async Task WholeAnswer_WithoutAChoice_SaysSo()
    {
        foreach ((string way, Func<Task> call) in WaysToAsk())
        {
            Deployment.Model.Reply("").WithRawJson(NoChoice);
            PrivatemodeServiceException exception = Assert.IsType<PrivatemodeServiceException>(await Record.ExceptionAsync(call).OrTimeout());
            Assert.Equal((way, ServiceFailureReason.Other), (way, exception.Reason));
            Assert.StartsWith("The answer has no choice", exception.Message, StringComparison.Ordinal);
            Assert.NotNull(exception.RequestId);
        }

        Assert.Equal(WaysToAsk().Count(), Deployment.Requests.Count);
    }

    [Theory]
    [InlineData(NoChoice)]
    [InlineData(NoChoiceButUsage)]
    public async Task Stream_ThatEndsWithoutAChoice_SaysSo(string only)
    {
        foreach ((string way, Func<Task> call) in WaysToStream())
        {
            Deployment.Model.Reply("").WithRawEvents(only);
            PrivatemodeIntegrityException exception = Assert.IsType<PrivatemodeIntegrityException>(await Record.ExceptionAsync(call).OrTimeout());
            Assert.Equal((way, "no-choice"), (way, exception.ErrorType));
            Assert.StartsWith("The answer has no choice", exception.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Without the mark of its end nobody knows whether a choice was still to come.</summary>
    [Fact]
    public async Task Stream_CutBeforeItsFirstChoice_IsCut()
    {
        Deployment.Model.Reply("").WithRawEvents(NoChoiceButUsage);
        Deployment.Faults.Inject(Fault.RemoveEndMarker);
        Assert.Equal("truncated-stream", Assert.IsType<PrivatemodeIntegrityException>((await StreamAsync()).Failure).ErrorType);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData(" [ \n ] ")]
    public async Task Document_WithoutAnElement_IsRefusedForItsOwnReason(string answer)
    {
        Deployment.Model.Reply("").WithRawJson(answer);
        PrivatemodeIntegrityException adapter = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(
            () => Client.Documents.PartitionAsync(new MemoryStream("%PDF-1.7 blank"u8.ToArray()), "blank.pdf").OrTimeout());
        Deployment.Model.Reply("").WithRawJson(answer);
        using HttpRequestMessage request = new(HttpMethod.Post, PartitionPath) { Content = Form("%PDF-1.7 blank"u8.ToArray()) };
        foreach (Exception? exception in (Exception?[])[adapter, (await ReadAsync(request)).Failure])
        {
            PrivatemodeIntegrityException refused = Assert.IsType<PrivatemodeIntegrityException>(exception);
            Assert.Equal("empty-document", refused.ErrorType);
            Assert.Contains("empty, or its elements were removed", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("altered", refused.Message, StringComparison.Ordinal);
        }
    }

    private IEnumerable<(string Way, Func<Task> Call)> WaysToAsk() =>
    [
        ("chat", () => Chat.GetResponseAsync("hi")),
        ("plain client", () => Client.OpenAI.GetChatClient(ModelId).CompleteChatAsync("hi")),
        ("plain client, synchronous", () => TestTimeouts.OnOwnThread(() => Client.OpenAI.GetChatClient(ModelId).CompleteChat("hi"))),
        ("completion", () => Client.GetTextCompletionClient(ModelId).CompleteAsync(new TextCompletionRequest("hi"))),
        ("handler", async () => Throw((await ReadAsync(Post(ChatPath, ChatBody()))).Failure)),
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
        ("completion", async () =>
        {
            await foreach (TextCompletion part in Client.GetTextCompletionClient(ModelId).CompleteStreamingAsync(new TextCompletionRequest("hi")))
            {
                Assert.NotNull(part);
            }
        }),
        ("handler", async () => Throw((await ReadAsync(Post(ChatPath, ChatBody(stream: true)))).Failure)),
    ];

    private static void Throw(Exception? exception)
    {
        if (exception is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception);
        }
    }
}
