using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>The transport reports broken framing in the middle of an answer as an <see cref="HttpRequestException"/>; nobody above may see one.</summary>
public sealed class BrokenChunkTests : IAsyncLifetime
{
    private readonly ChoiceStream _source = new();
    private readonly HttpClient _http = HttpTransports.Create(custom: null, isTestTrust: true);
    private readonly SlowServer _server;
    private readonly string _first;

    public BrokenChunkTests()
    {
        _first = _source.Delta("one");
        _server = new SlowServer((_, _) => default, _first);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _http.Dispose();
        _source.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_EndlessChunkExtension_IsAnIntegrityExceptionForGood(bool async)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_server.Address, "/broken"));
        using HttpResponseMessage response = async
            ? await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout()
            : await TestTimeouts.OnOwnThread(() => _http.Send(request, HttpCompletionOption.ResponseHeadersRead));
        EventDecryptor opener = _source.Opener(out ExchangeCipher cipher);
        await using DecryptingEventStream stream = new(await response.Content.ReadAsStreamAsync(), opener, cipher);
        byte[] buffer = new byte[4096];
        int read = await ReadAsync(stream, buffer, async);
        Assert.Contains("one", Encoding.UTF8.GetString(buffer, 0, read), StringComparison.Ordinal);
        for (int i = 0; i < 2; i++)
        {
            PrivatemodeIntegrityException exception =
                await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => ReadAsync(stream, buffer, async));
            Assert.Equal("truncated-stream", exception.ErrorType);
        }
    }

    private static Task<int> ReadAsync(DecryptingEventStream stream, byte[] buffer, bool async) =>
        async ? stream.ReadAsync(buffer).AsTask().OrTimeout() : TestTimeouts.OnOwnThread(() => stream.Read(buffer));
}
