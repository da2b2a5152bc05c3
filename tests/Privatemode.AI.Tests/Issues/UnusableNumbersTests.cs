using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Embeddings;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>NaN and infinity in options are refused by name, in vectors by index.</summary>
public sealed class UnusableNumbersTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    public static TheoryData<float> Numbers => [float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task ChatOption_NotFinite_IsRefusedByName(float number)
    {
        await RefusesAsync("ChatOptions.Temperature", () => fixture.PostAsync(new ChatOptions { Temperature = number }));
        await RefusesAsync("ChatOptions.TopP", () => fixture.PostAsync(new ChatOptions { TopP = number }));
        await RefusesAsync("ChatOptions.FrequencyPenalty", () => fixture.PostAsync(new ChatOptions { FrequencyPenalty = number }));
        await RefusesAsync("ChatOptions.PresencePenalty", () => fixture.PostAsync(new ChatOptions { PresencePenalty = number }));
        await RefusesAsync("ChatCompletionOptions.Temperature", () => fixture.PostAsync(new ChatOptions
        {
            Temperature = 0,
            RawRepresentationFactory = _ => new ChatCompletionOptions { Temperature = number },
        }));
        await RefusesAsync("ChatOptions.Temperature", () => fixture.Chat.GetStreamingResponseAsync("hi", new() { Temperature = number }).ToChatResponseAsync());
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task AdditionalProperty_NotFinite_IsRefusedByName(float number)
    {
        foreach (object value in (object[])[number, (double)number, new List<float> { 1, number }, new Dictionary<string, object?> { ["x"] = number },
            JsonValue.Create((double)number), new JsonArray(number)])
        {
            AdditionalPropertiesDictionary properties = new() { ["min_p"] = value };
            string message = await RefusesAsync(
                "ChatOptions.AdditionalProperties", () => fixture.PostAsync(new ChatOptions { AdditionalProperties = properties }));
            Assert.Contains("'min_p'", message, StringComparison.Ordinal);
            using IEmbeddingGenerator<string, Embedding<float>> generator = fixture.Client.AsIEmbeddingGenerator("qwen3-embedding-4b");
            _ = await RefusesAsync("EmbeddingGenerationOptions.AdditionalProperties", () => generator.GenerateAsync(
                ["hi"], new EmbeddingGenerationOptions { AdditionalProperties = (AdditionalPropertiesDictionary)properties.Clone() }));
            _ = await RefusesAsync("TextCompletionRequest.AdditionalProperties", () => fixture.Client.GetTextCompletionClient(ChatFixture.Model)
                .CompleteAsync(new TextCompletionRequest("hi") { AdditionalProperties = properties }));
        }
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task OptionOfOtherAdapters_NotFinite_IsRefusedByName(float number)
    {
        TextCompletionClient completions = fixture.Client.GetTextCompletionClient(ChatFixture.Model);
        await RefusesAsync("TextCompletionRequest.Temperature", () => completions.CompleteAsync(new("hi") { Temperature = number }));
        await RefusesAsync("TextCompletionRequest.TopP", () => completions.CompleteAsync(new("hi") { TopP = number }));
        using ISpeechToTextClient speech = fixture.Client.AsISpeechToTextClient("whisper-large-v3");
        await RefusesAsync("SpeechTranscriptionOptions.Temperature", () => speech.GetTextAsync(
            new MemoryStream(Recording.Wave()), new SpeechTranscriptionOptions { Temperature = number }));
        await RefusesAsync("SpeechToTextOptions.AdditionalProperties", () => speech.GetTextAsync(
            new MemoryStream(Recording.Wave()), new SpeechToTextOptions { AdditionalProperties = new() { ["x"] = number } }));
        await RefusesAsync("DocumentOptions.SimilarityThreshold", () => fixture.Client.Documents.PartitionAsync(
            new MemoryStream([1]), "a.txt", new DocumentOptions { SimilarityThreshold = number }));
    }

    [Theory]
    [InlineData("[1,null]")]
    [InlineData("[1,NaN]")]
    [InlineData("[Infinity,1]")]
    [InlineData("[1,-Infinity]")]
    [InlineData("[\"null\",1]")]
    [InlineData("null")]
    public async Task Vector_WithNullOrAWordForANumber_IsRefusedByIndex(string vector)
    {
        using AnsweringNetwork network = new();
        using StringContent request = new("""{"model":"m","input":["a","b"]}""", Encoding.UTF8, "application/json");

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => network.SendAsync(
            "/v1/embeddings", request, 200, seal => $$"""
            {"created":{{seal("1")}},"data":{{seal(Data("[1,2]", vector))}},"model":{{seal("\"m\"")}},"object":{{seal("\"list\"")}}}
            """));

        Assert.Contains("index 1", exception.Message, StringComparison.Ordinal);
        Assert.Equal((ServiceFailureReason.Other, 200), (exception.Reason, exception.Status));
    }

    [Theory]
    [InlineData("[1,1e999]")]
    [InlineData("[1,-1e999]")]
    [InlineData("[1e39,1]")]
    [InlineData("\"AADAfwAAgD8=\"")] // NaN, 1
    [InlineData("\"AACAfwAAgD8=\"")] // infinity, 1
    public async Task Vector_WithNaNOrInfinity_IsRefusedByItsIndexInTheCall(string vector)
    {
        int requests = 0;
        using EmbeddingBench bench = new((_, _) => Task.FromResult(WaitingHandler.Json(Answer("[1,2]", requests++ == 0 ? "[1,2]" : vector))));

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => bench.GenerateAsync(
            ["a", "b", "c", "d"], new TextEmbeddingOptions { MaxBatchSize = 2, MaxDegreeOfParallelism = 1 }));

        Assert.Contains("index 3", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vector_RefusedByThePipelineInALaterRequest_IsNamedByItsIndexInTheCall()
    {
        int requests = 0;
        using EmbeddingBench bench = new((_, _) => requests++ == 0
            ? Task.FromResult(WaitingHandler.Json(Answer("[1,2]", "[1,2]")))
            : Task.FromException<HttpResponseMessage>(PrivatemodeServiceException.UnusableVector(1, "sdk_0", isWithinRequest: true)));

        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => bench.GenerateAsync(
            ["a", "b", "c", "d"], new TextEmbeddingOptions { MaxBatchSize = 2, MaxDegreeOfParallelism = 1 }));

        Assert.Contains("index 3", exception.Message, StringComparison.Ordinal);
        Assert.Equal("sdk_0", exception.RequestId);
    }

    [Fact]
    public async Task Vectors_LongAndFinite_Arrive()
    {
        float[] vector = [.. Enumerable.Range(0, 1003).Select(i => i % 2 == 0 ? float.MaxValue : -i * float.Epsilon)];
        using EmbeddingBench bench = EmbeddingBench.Of(Answer(
            $"[{string.Join(',', vector.Select(number => number.ToString("R", CultureInfo.InvariantCulture)))}]", EmbeddingBench.Base64(vector)));

        GeneratedEmbeddings<Embedding<float>> embeddings = await bench.GenerateAsync(["a", "b"]);

        Assert.Equal(vector, embeddings[0].Vector.ToArray());
        Assert.Equal(vector, embeddings[1].Vector.ToArray());
    }

    private static string Data(string first, string second) =>
        $$"""[{"index":0,"object":"embedding","embedding":{{first}}},{"index":1,"object":"embedding","embedding":{{second}}}]""";

    private static string Answer(string first, string second) =>
        $$$"""{"object":"list","created":1,"model":"m","data":{{{Data(first, second)}}},"usage":{"prompt_tokens":1,"total_tokens":1}}""";

    private async Task<string> RefusesAsync(string member, Func<Task> call)
    {
        int sent = fixture.Deployment.Requests.Count;
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => call().WaitAsync(TestTime.Limit));
        Assert.Equal(member, exception.Member);
        Assert.Equal(sent, fixture.Deployment.Requests.Count);
        return exception.Message;
    }
}
