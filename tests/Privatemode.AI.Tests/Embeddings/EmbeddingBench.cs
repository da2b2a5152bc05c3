using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Embeddings;
using Privatemode.AI.Embeddings;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Receipts;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Embeddings;

/// <summary>A generator over an OpenAI client whose transport is a fake.</summary>
internal sealed class EmbeddingBench : IDisposable
{
    public const string Model = "qwen3-embedding-4b";

    private static readonly Uri Service = new("http://127.0.0.1:1");

    private readonly HttpClient _http;

    public EmbeddingBench(Func<string, CancellationToken, Task<HttpResponseMessage>> answer, int? dimensions = null)
    {
        Handler = new WaitingHandler { Answer = answer };
        _http = new HttpClient(Handler);
        OpenAIClientOptions options = new()
        {
            Endpoint = Service,
            Transport = new HttpClientPipelineTransport(_http),
            RetryPolicy = new ClientRetryPolicy(0),
        };
        options.AddPolicy(new NotingPolicy(), PipelinePosition.PerTry);
        Client = new EmbeddingClient(Model, new ApiKeyCredential("key"), options);
        Generator = new PrivatemodeEmbeddingGenerator(
            Client, Service, Model, dimensions, new ExceptionMapper((exception, error) => ServiceErrors.Map(exception, error: error)));
    }

    public WaitingHandler Handler { get; }

    public EmbeddingClient Client { get; }

    public IEmbeddingGenerator<string, Embedding<float>> Generator { get; }

    /// <summary>Answers every request with this.</summary>
    public static EmbeddingBench Of(string answer) => new((_, _) => Task.FromResult(WaitingHandler.Json(answer)));

    /// <summary>Answers every text that is a number with the vector (number, 1).</summary>
    public static EmbeddingBench Numbers(int? dimensions = null) => new((body, _) => Task.FromResult(Counting(body)), dimensions);

    /// <summary>An answer to numbers, see <see cref="Numbers"/>.</summary>
    public static HttpResponseMessage Counting(string body) => WaitingHandler.Json(Answer(
        [.. Texts(body).Select((text, i) => Item(i, $"[{float.Parse(text, CultureInfo.InvariantCulture)},1]"))]));

    public static string[] Texts(string body) => [.. JsonNode.Parse(body)!["input"]!.AsArray().Select(text => text!.GetValue<string>())];

    /// <summary>A whole answer with these items, and as many tokens as items.</summary>
    public static string Answer(params string[] items) =>
        $$$"""
        {"object":"list","model":"answered","data":[{{{string.Join(',', items)}}}],
        "usage":{"prompt_tokens":{{{items.Length}}},"total_tokens":{{{items.Length + 1}}}}}
        """;

    public static string Item(int? index, string embedding) =>
        $$"""{"object":"embedding",{{(index is null ? "" : $"\"index\":{index},")}}"embedding":{{embedding}}}""";

    public static string Base64(params float[] vector)
    {
        byte[] bytes = new byte[vector.Length * sizeof(float)];
        Buffer.BlockCopy(vector, 0, bytes, 0, bytes.Length);
        return $"\"{Convert.ToBase64String(bytes)}\"";
    }

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        string[] texts, Microsoft.Extensions.AI.EmbeddingGenerationOptions? options = null) =>
        await Generator.GenerateAsync(texts, options).OrTimeout();

    public void Dispose() => _http.Dispose();

    /// <summary>Notes how far a call has come, as the pipeline of the library does.</summary>
    private sealed class NotingPolicy : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex) =>
            throw new NotSupportedException("The generator is asynchronous.");

        public override async ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            ReceiptScope.Current?.RequestWritten();
            await ProcessNextAsync(message, pipeline, currentIndex);
            ReceiptScope.Current?.SetAnswer(message.Response!.ContentStream ?? Stream.Null, receipt: null, error: null);
        }
    }
}
