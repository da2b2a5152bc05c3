using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Soak;

/// <summary>One call of a caller.</summary>
/// <param name="Http">The connections of the caller to the proxy.</param>
/// <param name="Client">The client of the application.</param>
/// <param name="Random">What the caller decides by.</param>
/// <param name="Marker">The marker of the call.</param>
/// <param name="Filler">How much text the request has besides.</param>
/// <param name="IsSlow">Whether the answer is read slowly.</param>
/// <param name="Caller">The number of the caller.</param>
internal sealed record Call(HttpClient Http, PrivatemodeClient Client, Random Random, string Marker, int Filler, bool IsSlow, int Caller)
{
    /// <summary>The chat model, at times by its other name.</summary>
    public string Model => Random.Next(4) == 0 ? SoakHost.Alias : SoakHost.ChatModel;
}

/// <summary>The kinds of calls that go through the proxy.</summary>
internal static class ProxyCalls
{
    private const string JsonType = "application/json";

    /// <summary>What <c>count_tokens</c> said first; requests that differ in the digits of their marker alone must give the same.</summary>
    private static readonly ConcurrentDictionary<string, int> Counts = new();

    public static IEnumerable<(string Name, Func<Call, CancellationToken, Task<Outcome>> Run)> All()
    {
        foreach (bool stream in (bool[])[false, true])
        {
            string streamed = stream ? " streamed" : "";
            foreach (bool calls in (bool[])[false, true])
            {
                string name = (calls ? " with a tool" : "") + streamed;
                yield return ($"chat{name}", (call, cancellation) => ModelAsync(
                    call, Dialect.Chat, "/v1/chat/completions", Bodies.Chat(call.Model, call.Marker, call.Filler, stream, calls), stream, calls, cancellation));
                yield return ($"response{name}", (call, cancellation) => ModelAsync(
                    call, Dialect.Responses, "/v1/responses",
                    Bodies.Response(call.Model, call.Marker, call.Filler, stream, calls), stream, calls, cancellation));
                yield return ($"message{name}", (call, cancellation) => ModelAsync(
                    call, Dialect.Messages, "/v1/messages?beta=true",
                    Bodies.Message(call.Model, call.Marker, call.Filler, stream, calls), stream, calls, cancellation));
            }

            yield return ($"completion{streamed}", (call, cancellation) => ModelAsync(
                call, Dialect.Completion, "/v1/completions", Bodies.Completion(call.Model, call.Marker, call.Filler, stream), stream, false, cancellation));
        }

        yield return ("embeddings", EmbeddingsAsync);
        yield return ("transcription", TranscriptionAsync);
        yield return ("document", DocumentAsync);
        yield return ("models", ModelsAsync);
        yield return ("count_tokens", CountTokensAsync);
        yield return ("health", HealthAsync);
    }

    private static async Task<Outcome> ModelAsync(
        Call call, Dialect dialect, string path, string body, bool stream, bool calls, CancellationToken cancellationToken) =>
        Judge.Model(await SendAsync(call, path, new StringContent(body, Encoding.UTF8, JsonType), cancellationToken), dialect, call.Marker, stream, calls);

    private static async Task<Outcome> EmbeddingsAsync(Call call, CancellationToken cancellationToken)
    {
        HttpContent body = new StringContent(Bodies.Embedding(call.Marker), Encoding.UTF8, JsonType);
        return Judge.Whole(await SendAsync(call, "/v1/embeddings", body, cancellationToken), call.Marker, text =>
        {
            using JsonDocument document = JsonDocument.Parse(text);
            float[][] vectors = [.. document.RootElement.GetProperty("data").EnumerateArray()
                .Select(item => item.GetProperty("embedding").EnumerateArray().Select(number => number.GetSingle()).ToArray())];
            return vectors.Length == 2 && IsVectorOf(vectors[0], call.Marker) && IsVectorOf(vectors[1], $"second {call.Marker}");
        });
    }

    /// <summary>Whether this is the vector of the text; numbers may be written in another way.</summary>
    public static bool IsVectorOf(ReadOnlySpan<float> vector, string text)
    {
        float[] expected = EmbeddingWriter.VectorOf(text, 8);
        for (int i = 0; i < expected.Length; i++)
        {
            if (vector.Length != expected.Length || Math.Abs(vector[i] - expected[i]) > 1e-5)
            {
                return false;
            }
        }

        return true;
    }

    private static async Task<Outcome> TranscriptionAsync(Call call, CancellationToken cancellationToken) => Judge.Whole(
        await SendAsync(call, "/v1/audio/transcriptions", Bodies.Transcription(call.Marker, call.Filler), cancellationToken), call.Marker, text =>
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.GetProperty("text").GetString() == Marker.TextOf(call.Marker);
        });

    private static async Task<Outcome> DocumentAsync(Call call, CancellationToken cancellationToken) => Judge.Whole(
        await SendAsync(call, "/unstructured/general/v0/general", Bodies.Document(call.Marker, call.Filler), cancellationToken), call.Marker, text =>
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.EnumerateArray().Single().GetProperty("text").GetString() == Marker.TextOf(call.Marker);
        });

    private static async Task<Outcome> ModelsAsync(Call call, CancellationToken cancellationToken)
    {
        string query = call.Random.Next(3) switch { 0 => "", 1 => "?limit=100", _ => "?client_version=0.60.0" };
        Dialect errors = query == "?limit=100" ? Dialect.Messages : Dialect.Chat;
        return Judge.Whole(await SendAsync(call, $"/v1/models{query}", null, cancellationToken), call.Marker, text =>
        {
            using JsonDocument document = JsonDocument.Parse(text);
            bool isCodex = document.RootElement.TryGetProperty("models", out JsonElement models);
            return (isCodex ? models : document.RootElement.GetProperty("data")).EnumerateArray()
                .Any(model => model.GetProperty(isCodex ? "slug" : "id").GetString() == SoakHost.ChatModel);
        }, errors);
    }

    private static async Task<Outcome> CountTokensAsync(Call call, CancellationToken cancellationToken)
    {
        HttpContent body = new StringContent(Bodies.Message(SoakHost.ChatModel, call.Marker, 100, false, true), Encoding.UTF8, JsonType);
        return Judge.Whole(await SendAsync(call, "/v1/messages/count_tokens", body, cancellationToken), call.Marker, text =>
        {
            using JsonDocument document = JsonDocument.Parse(text);
            int tokens = document.RootElement.GetProperty("input_tokens").GetInt32();
            return tokens > 50 && tokens == Counts.GetOrAdd("message", tokens);
        }, Dialect.Messages);
    }

    private static async Task<Outcome> HealthAsync(Call call, CancellationToken cancellationToken) =>
        Judge.Whole(await SendAsync(call, "/healthz", null, cancellationToken), call.Marker, text => text.Trim() == "ok");

    /// <summary>With the marker in headers, file names and the query too.</summary>
    private static Task<HttpAnswer> SendAsync(Call call, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(content is null ? HttpMethod.Get : HttpMethod.Post, path + (path.Contains('?') ? "&" : "?") + call.Marker)
        {
            Content = content,
        };
        string key = SoakHost.KeyOf(call.Caller);
        switch (call.Caller % 3)
        {
            case 0: request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key); break;
            case 1: request.Headers.Add("x-api-key", key); break;
            default: request.Headers.Add("api-key", key); break;
        }

        request.Headers.Add("x-claude-code-session-id", call.Marker);
        request.Headers.Add("x-request-id", call.Marker);
        request.Headers.Add("traceparent-of-caller", call.Marker);
        return HttpAnswer.SendAsync(call.Http, request, call.IsSlow, cancellationToken);
    }
}
