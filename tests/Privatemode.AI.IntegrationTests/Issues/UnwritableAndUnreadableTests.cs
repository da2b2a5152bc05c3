using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Tests.Fakes;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>A request that cannot be written and an answer that cannot be read are different exceptions, each of which names the member.</summary>
public sealed class UnwritableAndUnreadableTests : DeploymentTest
{
    private const string Canary = "canary";
    private const string Head = "\"id\":\"x\",\"object\":\"c\",\"created\":1,\"model\":\"m\"";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_WithRawToolParametersThatAreNoJson_NamesTheTool(bool streamed)
    {
        ChatOptions options = new()
        {
            RawRepresentationFactory = _ => new ChatCompletionOptions
            {
                Tools =
                {
                    ChatTool.CreateFunctionTool("fine", null, BinaryData.FromString("{}")),
                    ChatTool.CreateFunctionTool("broken", null, BinaryData.FromString($"{{{Canary}")),
                },
            },
        };
        await AssertUnwritableAsync("tools[1]", streamed, [new ChatMessage(ChatRole.User, "hi")], options);
    }

    [Theory]
    [InlineData("""{"index":0,"message":{"role":"assistant","audio":{"data":"canary!"}},"finish_reason":"stop"}""", "'choices[0].message.audio.data'")]
    [InlineData("""{"index":0,"message":{"role":"assistant","function_call":{"name":["canary"]}},"finish_reason":"stop"}""",
        "'choices[0].message.function_call.name'")]
    public async Task WholeChat_WithAMemberOfAnotherForm_NamesTheMember(string choice, string member)
    {
        Deployment.Model.Reply("").WithRawJson($$"""{{{Head}},"choices":[{{choice}}]}""");
        AssertUnreadable(await AskAsync(), member);
    }

    [Theory]
    [InlineData("""{"audio":{"data":"canary!"}}""", "'choices[0].delta.audio.data'")]
    [InlineData("""{"function_call":{"name":["canary"]}}""", "'choices[0].delta.function_call.name'")]
    public async Task EventOfAChat_WithAMemberOfAnotherForm_NamesTheMember(string delta, string member)
    {
        foreach (int before in (int[])[0, 1, 500])
        {
            Deployment.Model.Reply("").WithRawEvents(
                [.. Enumerable.Repeat(Event("""{"content":"a"}""", "null"), before), Event(delta, "null"), Event("{}", "\"stop\"")]);
            (string text, Exception? failure) = await StreamAsync();
            Assert.Equal(new string('a', before), text);
            AssertUnreadable(failure, member);
        }

        static string Event(string delta, string finish) => $$"""{{{Head}},"choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""";
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completion_WithAMemberOfAnotherForm_NamesTheMember(bool streamed)
    {
        string answer = $$"""{{{Head}},"choices":[{"index":0,"text":["{{Canary}}"],"finish_reason":"stop"}]}""";
        _ = streamed ? Deployment.Model.Reply("").WithRawEvents(answer) : Deployment.Model.Reply("").WithRawJson(answer);
        TextCompletionClient client = Client.GetTextCompletionClient(ModelId);
        TextCompletionRequest request = new("hi");
        AssertUnreadable(
            await Record.ExceptionAsync(async () =>
            {
                if (!streamed)
                {
                    _ = await client.CompleteAsync(request);
                    return;
                }

                await foreach (TextCompletion part in client.CompleteStreamingAsync(request))
                {
                    Assert.NotNull(part);
                }
            }).OrTimeout(),
            "'choices[0].text'");
    }

    [Fact]
    public async Task StreamedTranscription_WithAMemberOfAnotherForm_NamesTheMember()
    {
        ISpeechToTextClient speech = Client.AsISpeechToTextClient("whisper-large-v3");
        Deployment.Model.Reply("").WithRawEvents($$"""{{{Head}},"choices":[{"index":0,"delta":{"content":["{{Canary}}"]},"finish_reason":"stop"}]}""");
        AssertUnreadable(
            await Record.ExceptionAsync(() => speech.GetStreamingTextAsync(new MemoryStream(Recording.Wave())).ToSpeechToTextResponseAsync()).OrTimeout(),
            "'choices[0].delta.content'");
    }

    [Fact]
    public async Task Document_WithAMemberOfAnotherForm_NamesTheMember()
    {
        Deployment.Model.Reply("").WithRawJson($$"""[{"type":"Title","text":"a"},{"type":"Title","text":["{{Canary}}"]}]""");
        AssertUnreadable(
            await Record.ExceptionAsync(() => Client.Documents.PartitionAsync(new MemoryStream("a"u8.ToArray()), "a.txt")).OrTimeout(), "'[1].text'");
    }

    private async Task AssertUnwritableAsync(string member, bool streamed, IList<ChatMessage> messages, ChatOptions? options)
    {
        Exception? exception = await Record.ExceptionAsync(
            () => streamed ? Chat.GetStreamingResponseAsync(messages, options).ToChatResponseAsync() : Chat.GetResponseAsync(messages, options)).OrTimeout();
        PrivatemodeRequestException request = Assert.IsType<PrivatemodeRequestException>(exception);
        Assert.Equal(member, request.Member);
        Assert.Contains("cannot be written", request.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("answer", request.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, request.ToString(), StringComparison.Ordinal);
        Assert.Empty(Deployment.Requests);
    }

    private static void AssertUnreadable(Exception? exception, string member)
    {
        PrivatemodeServiceException service = Assert.IsType<PrivatemodeServiceException>(exception);
        Assert.Equal(ServiceFailureReason.Other, service.Reason);
        Assert.Contains(member, service.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", service.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("request", service.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, service.ToString(), StringComparison.Ordinal);
    }
}
