using System.Text;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>
/// Whether a stream is asked for travels in the clear. A hop can ask for the other form, and pass the first event of a stream for a whole answer, or a
/// whole answer for an event.
/// </summary>
public sealed class SwitchedStreamTests : IDisposable
{
    private readonly AnsweringNetwork _network = new();
    private readonly AnswerSealer _enclave = new();

    public void Dispose()
    {
        _network.Dispose();
        _enclave.Dispose();
    }

    [Theory]
    [InlineData("/v1/chat/completions", """[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]""")]
    [InlineData("/v1/chat/completions", """[{"index":0,"delta":{"role":"assistant","content":"The"},"finish_reason":"stop"}]""")]
    [InlineData("/v1/chat/completions", """[{"index":0,"message":null,"delta":{"content":"The"},"finish_reason":null}]""")]
    [InlineData("/v1/completions", """[{"index":0,"text":"The","logprobs":null,"finish_reason":null}]""")]
    [InlineData("/v1/completions", """[{"index":0,"text":"The","finish_reason":"stop"},{"index":1,"text":"A","finish_reason":""}]""")]
    [InlineData("/v1/completions", """[{"index":0,"text":"The"}]""")]
    public async Task FirstEventOfAStream_IsNoWholeAnswer(string path, string choices)
    {
        using StringContent body = new(
            """{"model":"m","prompt":"hi","n":2,"messages":[{"role":"user","content":"hi"}]}""", Encoding.UTF8, "application/json");
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => _network.SendAsync(
            path, body, 200, seal => $$"""{"choices":{{seal(choices)}},"created":{{seal("1")}},"model":{{seal("\"m\"")}},"object":{{seal("\"x\"")}}}"""));
        Assert.Equal("payload-missing", exception.ErrorType);
    }

    [Theory]
    [InlineData("""[{"index":0,"message":{"role":"assistant","content":"The answer"},"finish_reason":"stop"}]""")]
    [InlineData("""[{"index":0,"delta":null,"message":{"role":"assistant","content":"The answer"},"finish_reason":"stop"}]""")]
    [InlineData("""[{"index":0,"delta":{},"finish_reason":null},{"index":0,"message":{},"finish_reason":"stop"}]""")]
    public void WholeChat_IsNoEventOfAStream(string choices)
    {
        string stream = _enclave.Event($$"""{"choices":{{choices}},"created":1,"model":"m","object":"chat.completion"}""") + "data: [DONE]\n\n";
        DecryptedEvents opened = _enclave.Open(new ChoiceEventRules(EndpointRules.ChatCompletions, 1, "sdk_0"), stream);
        Assert.Equal(("payload-missing", false), (opened.Failure, opened.IsEnded));
    }
}
