using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Responses;

/// <summary>A stream that ends without its end: a failure is written, then thrown; what the caller does is no failure.</summary>
public sealed class ResponseStreamEndTests : IDisposable
{
    private readonly ChoiceStream _source = new();
    private readonly ScriptedStream _network = new();
    private readonly ExchangeCipher _cipher;
    private readonly EventDecryptor _reader;
    private readonly DecryptingEventStream _stream;

    public ResponseStreamEndTests()
    {
        _cipher = _source.Enclave.Client();
        ChoiceEventRules rules = new(EndpointRules.ChatCompletions, 1, ResponseVectors.RequestId, endsWithUsage: true);
        _reader = new EventDecryptor(_cipher, rules, new AnswerContext("/v1/chat/completions", ResponseVectors.RequestId))
        {
            Translator = ResponseVectors.NewCall(default).BeginStream(),
        };
        _stream = new DecryptingEventStream(_network, _reader, null);
    }

    [Fact]
    public async Task BrokenOffBetweenReads_NextReadSaysSo_ThenThrows()
    {
        _network.Deliver(_source.Delta("one"));
        Assert.Equal("response.output_text.delta", (await ReadAsync())[^1]["type"]!.GetValue<string>());
        _stream.BreakOff(new PrivatemodeServiceException(ServiceFailureReason.Timeout, "No event came in time."));
        JsonNode failed = Assert.Single(await ReadAsync());
        Assert.Equal("response.failed", failed["type"]!.GetValue<string>());
        Assert.Equal("No event came in time.", failed["response"]!["error"]!["message"]!.GetValue<string>());
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(ServiceFailureReason.Timeout, (await Assert.ThrowsAsync<PrivatemodeServiceException>(ReadAsync)).Reason);
        }
    }

    [Fact]
    public async Task FailureOfTheNetwork_IsWritten_ThenThrown()
    {
        _network.Deliver(_source.Delta("one"));
        _ = await ReadAsync();
        _network.Fail(new IOException("reset"));
        Assert.Equal("response.failed", Assert.Single(await ReadAsync())["type"]!.GetValue<string>());
        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(ReadAsync);
    }

    [Fact]
    public async Task CancelledByTheCaller_NothingIsWritten()
    {
        _network.Deliver(_source.Delta("one"));
        _ = await ReadAsync();
        using CancellationTokenSource source = new();
        Task<int> read = _stream.ReadAsync(new byte[16], source.Token).AsTask();
        await _network.WaitsAsync();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.OrTimeout());
        Assert.Equal(0, _reader.Output.Length);
    }

    [Fact]
    public async Task DisposedByTheCaller_NothingMoreIsRead()
    {
        _network.Deliver(_source.Delta("one"));
        _ = await ReadAsync();
        await _stream.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(ReadAsync);
    }

    [Fact]
    public async Task WholeStream_IsReadToItsEnd()
    {
        _network.Deliver(_source.Whole());
        JsonNode[] events = await ReadAsync();
        Assert.Equal("response.completed", events[^1]["type"]!.GetValue<string>());
        Assert.Equal(0, await _stream.ReadAsync(new byte[16]));
    }

    /// <summary>As with chats: what follows the end fails, and nothing more is written.</summary>
    [Fact]
    public async Task EventBehindTheEnd_IsThrownAfterTheCompletedResponse()
    {
        _network.Deliver(_source.Whole() + _source.Delta("more"));
        Assert.Equal("response.completed", (await ReadAsync())[^1]["type"]!.GetValue<string>());
        Assert.Equal("data-after-end", (await Assert.ThrowsAsync<PrivatemodeIntegrityException>(ReadAsync)).ErrorType);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _cipher.Dispose();
        _source.Dispose();
    }

    private async Task<JsonNode[]> ReadAsync()
    {
        byte[] buffer = new byte[64 * 1024];
        int read = await _stream.ReadAsync(buffer).AsTask().OrTimeout();
        return ResponseVectors.Events(Encoding.UTF8.GetString(buffer, 0, read));
    }
}
