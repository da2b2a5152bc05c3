using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Pipeline.Requests;

/// <summary>Document extraction and Anthropic-style messages, for which the OpenAI client has no methods: through its pipeline.</summary>
public sealed class OtherEndpointTests : DeploymentTest
{
    private const string PartitionPath = "/unstructured/general/v0/general";
    private const string MessagesPath = "/v1/messages";
    private const string FormType = "multipart/form-data; boundary=a-boundary-of-the-caller";
    private const string JsonType = "application/json";

    private static readonly string Form =
        "--a-boundary-of-the-caller\r\nContent-Disposition: form-data; name=\"strategy\"\r\n\r\nfast\r\n"
        + "--a-boundary-of-the-caller\r\nContent-Disposition: form-data; name=\"files\"; filename=\"" + Sentinel.Text + ".pdf\"\r\n"
        + "Content-Type: application/pdf\r\n\r\n%PDF " + Sentinel.Text + "\r\n--a-boundary-of-the-caller--\r\n";

    [Fact]
    public async Task Partition_Form_IsEncryptedWholeAndDecryptedElementByElement()
    {
        Deployment.Model.ReplyWithDocument(
            [.. Enumerable.Range(0, 12).Select(
                i => new ScriptedDocumentElement(i == 0 ? "Title" : "NarrativeText", $"{Sentinel.Text} {i}") { PageNumber = i + 1 })]);
        using JsonDocument answer = JsonDocument.Parse(await SendAsync(PartitionPath, FormType, Form));
        Assert.Equal(
            Enumerable.Range(0, 12).Select(i => $"{Sentinel.Text} {i}"),
            answer.RootElement.EnumerateArray().Select(item => item.GetProperty("text").GetString()));
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Equal("fast", Encoding.UTF8.GetString(request.DecryptedFields["strategy"].Span));
        Assert.Equal($"%PDF {Sentinel.Text}", Encoding.UTF8.GetString(request.DecryptedFields["files"].Span));
        Assert.False(request.Headers.ContainsKey("Privatemode-Target-Model"));
        Assert.Matches("^multipart/form-data; boundary=[A-Za-z0-9]{24}$", request.Headers["Content-Type"]);
        byte[] received = Deployment.GetReceivedBytes();
        Assert.Empty(Sentinel.FoundIn(received));
        Assert.True(received.AsSpan().IndexOf("a-boundary-of-the-caller"u8) < 0);
    }

    [Fact]
    public async Task Partition_AnswerThatIsNotWhatItShouldBe_IsRefused()
    {
        foreach ((Fault fault, string failure) in ((Fault, string)[])
            [(Fault.TamperEvent(0), "not-authentic"), (Fault.ReflectRequest, "reflected"), (Fault.UnencryptedEvent(0), "unsealed-member"),
                (Fault.UnencryptedSuccess(), "unsealed-member")])
        {
            Deployment.Faults.Inject(fault);
            Assert.Equal(failure, (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => SendAsync(PartitionPath, FormType, Form))).ErrorType);
        }

        Deployment.Model.ReplyWithDocument();
        Assert.Equal("empty-document", (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => SendAsync(PartitionPath, FormType, Form))).ErrorType);
    }

    [Fact]
    public async Task Partition_BodyOverTheLimit_IsNotSent()
    {
        string large = Form.Replace("%PDF", new string('x', 25 * 1024 * 1024), StringComparison.Ordinal);
        await Assert.ThrowsAsync<PrivatemodeRequestException>(() => SendAsync(PartitionPath, FormType, large));
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Partition_BusyService_IsSentAgainUnderAnotherExchange()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503, retryAfter: TimeSpan.FromSeconds(3)));
        Task<string> asking = SendAsync(PartitionPath, FormType, Form);
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(3)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains("You sent", await asking.OrTimeout(), StringComparison.Ordinal);
        Assert.Equal(2, Deployment.Requests.Select(request => request.WireBodyText).Distinct().Count());
    }

    [Fact]
    public async Task Messages_Unary_HasTextAndTools()
    {
        Deployment.Model.Reply($"{Sentinel.Text} answer").WithReasoning("because").WithToolCall("tool", """{"a":1}""", "toolu_1");
        using JsonDocument answer = JsonDocument.Parse(await SendAsync(MessagesPath, JsonType, Message(stream: false)));
        Assert.Equal(
            ["thinking", "text", "tool_use"],
            answer.RootElement.GetProperty("content").EnumerateArray().Select(block => block.GetProperty("type").GetString()));
        Assert.Equal("tool_use", answer.RootElement.GetProperty("stop_reason").GetString());
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Contains("\"cache_salt\":", request.DecryptedBody, StringComparison.Ordinal);
        Assert.DoesNotContain("\"max_tokens\":64", request.WireBodyText, StringComparison.Ordinal);
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
        Assert.Empty(Sentinel.FoundIn(request.WireResponseText));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_BusyService_IsSentAgainUnderAnotherExchange(bool stream)
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503, retryAfter: TimeSpan.FromSeconds(3)));
        Task<string> asking = SendAsync(MessagesPath, JsonType, Message(stream));
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(3)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains("end_turn", await asking.OrTimeout(), StringComparison.Ordinal);
        Assert.Equal(2, Deployment.Requests.Select(request => request.WireBodyText).Distinct().Count());
    }

    [Fact]
    public async Task Messages_Streamed_EndsWithItsOwnEvent()
    {
        Deployment.Model.Reply("one two").WithToolCall("tool", """{"a":1}""", "toolu_1");
        string text = await SendAsync(MessagesPath, JsonType, Message(stream: true));
        Assert.Contains("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0", text, StringComparison.Ordinal);
        Assert.Contains("\"input_json_delta\"", text, StringComparison.Ordinal);
        Assert.EndsWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ping", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_CutOrAltered_AreRefused()
    {
        foreach ((Fault fault, string failure) in ((Fault, string)[])
            [(Fault.TamperEvent(3), "not-authentic"), (Fault.RemoveFinishEvent, "truncated-stream"), (Fault.RemoveEndMarker, "truncated-stream"),
                (Fault.DropEvent(3), "not-authentic"), (Fault.ReflectRequest, "reflected"), (Fault.TruncateEvent(2), "truncated-stream"),
                (Fault.DuplicateEvent(3), "not-authentic"), (Fault.SwapEvents(3), "not-authentic"), (Fault.CutConnection(900), "truncated-stream")])
        {
            Deployment.Faults.Inject(fault);
            PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(
                () => SendAsync(MessagesPath, JsonType, Message(stream: true)));
            Assert.Equal(failure, exception.ErrorType);
        }

        Deployment.Faults.Inject(Fault.TamperEvent(0));
        Assert.Equal(
            "not-authentic",
            (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => SendAsync(MessagesPath, JsonType, Message(stream: false)))).ErrorType);
    }

    [Fact]
    public async Task Messages_ImageByAddress_IsNotSent()
    {
        string body = Message(stream: false).Replace(
            "\"content\":\"",
            "\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://example.com/a.png\"}}],\"x\":\"",
            StringComparison.Ordinal);
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => SendAsync(MessagesPath, JsonType, body));
        Assert.Equal("remote-media", exception.ErrorType);
        Assert.Empty(Deployment.AllRequests);
    }

    private static string Message(bool stream) =>
        $$"""{"model":"{{ModelId}}","max_tokens":64,"stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"{{Sentinel.Text}}"}]}""";

    private async Task<string> SendAsync(string path, string contentType, string body)
    {
        using PipelineMessage message = Client.OpenAI.Pipeline.CreateMessage();
        message.Request.Method = "POST";
        message.Request.Uri = new Uri(Deployment.Endpoint, path);
        message.Request.Headers.Set("Content-Type", contentType);
        message.Request.Content = BinaryContent.Create(BinaryData.FromString(body));
        await Client.OpenAI.Pipeline.SendAsync(message).AsTask().OrTimeout();
        return message.Response!.Content.ToString();
    }
}
