using System.ClientModel;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Privatemode.AI.Benchmarks.Wire;

namespace Privatemode.AI.Benchmarks.Calls;

/// <summary>One way to make the same chats against the same server: whole, or streamed.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Whole">Makes one call and reads its answer.</param>
/// <param name="Stream">Streams one answer, and returns the milliseconds from its first event to its end: before that, the server encrypts them
/// all.</param>
internal sealed record Caller(string Name, Func<Task> Whole, Func<Task<double>> Stream);

/// <summary>The ways that are compared: three of the library, and for each the one in the clear that it is measured against.</summary>
internal sealed class Callers : IAsyncDisposable
{
    private const string Model = "gpt-oss-120b";
    private const string Question = "Shall I take an umbrella in Bochum today?";

    private static readonly byte[] WholeBody = Encoding.UTF8.GetBytes(
        $$"""{"model":"{{Model}}","messages":[{"role":"user","content":"{{Question}}"}]}""");

    private static readonly byte[] StreamBody = Encoding.UTF8.GetBytes(
        $$"""{"model":"{{Model}}","stream":true,"messages":[{"role":"user","content":"{{Question}}"}]}""");

    private readonly PrivatemodeClient _client;
    private readonly HttpClient _plain;
    private readonly HttpClient _handled;

    private Callers(Uri endpoint, PrivatemodeClient client)
    {
        _client = client;
        _plain = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null });
        _handled = new HttpClient(client.CreateHandler());
        Uri address = new(endpoint, "/v1/chat/completions");
        ChatClient clear = new OpenAIClient(new ApiKeyCredential("key"), new OpenAIClientOptions { Endpoint = new Uri(endpoint, "/v1") }).GetChatClient(Model);
        ChatClient ours = client.OpenAI.GetChatClient(Model);
        ClearHttp = OfHttp("HttpClient", _plain, address);
        Handler = OfHttp("handler", _handled, address);
        ClearOpenAI = OfOpenAI("OpenAI client", clear);
        Policy = OfOpenAI("pipeline policy", ours);
        ClearAdapter = OfChat("Microsoft.Extensions.AI.OpenAI", clear.AsIChatClient());
        Chat = OfChat("chat client", client.AsIChatClient(Model));
    }

    public Caller ClearHttp { get; }

    public Caller Handler { get; }

    public Caller ClearOpenAI { get; }

    public Caller Policy { get; }

    public Caller ClearAdapter { get; }

    public Caller Chat { get; }

    public Caller[] All => [ClearHttp, Handler, ClearOpenAI, Policy, ClearAdapter, Chat];

    public static async Task<Callers> ConnectAsync(Uri endpoint, string meshCa)
    {
        PrivatemodeClient client = UnattestedClient.Create(endpoint, meshCa);
        await client.ConnectAsync();
        return new Callers(endpoint, client);
    }

    /// <summary>Begins a stream whose answer then pauses. It ends when the result is disposed.</summary>
    public async Task<IAsyncDisposable> BeginIdleAsync()
    {
        IAsyncEnumerator<ChatResponseUpdate> stream =
            _client.AsIChatClient(HarnessServer.IdleModel).GetStreamingResponseAsync(Question).GetAsyncEnumerator();
        _ = await stream.MoveNextAsync();
        return stream;
    }

    public async ValueTask DisposeAsync()
    {
        _plain.Dispose();
        _handled.Dispose();
        await _client.DisposeAsync();
    }

    private static Caller OfHttp(string name, HttpClient http, Uri address) => new(
        name,
        async () =>
        {
            using HttpRequestMessage request = Request(address, WholeBody);
            using HttpResponseMessage response = await http.SendAsync(request);
            _ = await response.Content.ReadAsByteArrayAsync();
        },
        async () =>
        {
            using HttpRequestMessage request = Request(address, StreamBody);
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using Stream stream = await response.Content.ReadAsStreamAsync();
            byte[] buffer = new byte[16 * 1024];
            long total = 0;
            long start = 0;
            for (int read; (read = await stream.ReadAsync(buffer)) > 0; total += read)
            {
                start = start == 0 ? Stopwatch.GetTimestamp() : start;
            }

            return Elapsed(start, total);
        });

    private static double Elapsed(long start, long count) => count >= HarnessServer.StreamedEvents
        ? Stopwatch.GetElapsedTime(start).TotalMilliseconds
        : throw new InvalidOperationException($"Only {count} came.");

    private static HttpRequestMessage Request(Uri address, byte[] body) => new(HttpMethod.Post, address)
    {
        Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
    };

    private static Caller OfOpenAI(string name, ChatClient client) => new(
        name,
        () => client.CompleteChatAsync(Question),
        async () =>
        {
            int count = 0;
            long start = 0;
            await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync(Question))
            {
                start = start == 0 ? Stopwatch.GetTimestamp() : start;
                count += update.ContentUpdate.Count;
            }

            return Elapsed(start, count);
        });

    private static Caller OfChat(string name, IChatClient client) => new(
        name,
        () => client.GetResponseAsync(Question),
        async () =>
        {
            int count = 0;
            long start = 0;
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(Question))
            {
                start = start == 0 ? Stopwatch.GetTimestamp() : start;
                count += update.Contents.Count;
            }

            return Elapsed(start, count);
        });
}
