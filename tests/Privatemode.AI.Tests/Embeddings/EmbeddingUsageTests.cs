using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;
using OpenAI.Embeddings;
using Privatemode.AI.Embeddings;

namespace Privatemode.AI.Tests.Embeddings;

public sealed class EmbeddingUsageTests
{
    [Theory]
    [InlineData("", null, null, false)]
    [InlineData(",\"usage\":null", null, null, false)]
    [InlineData(",\"usage\":{}", null, null, true)]
    [InlineData(",\"usage\":{\"total_tokens\":4}", null, 4L, true)]
    [InlineData(",\"usage\":{\"prompt_tokens\":-1,\"total_tokens\":4}", null, 4L, true)]
    [InlineData(",\"usage\":{\"prompt_tokens\":3,\"total_tokens\":4}", 3L, 4L, true)]
    public void Usage_MissingCount_IsAbsentAndNot0(string usage, long? input, long? total, bool isThere)
    {
        OpenAIEmbeddingCollection answer = ModelReaderWriter.Read<OpenAIEmbeddingCollection>(
            BinaryData.FromString($$"""{"object":"list","model":"m","data":[{"index":0,"embedding":"AACAPw=="}]{{usage}}}"""))!;

        UsageDetails? details = EmbeddingReader.UsageOf(answer);

        Assert.Equal((isThere, input, total), (details is not null, details?.InputTokenCount, details?.TotalTokenCount));
        Assert.Equal(isThere ? 2 * total : null, EmbeddingReader.Sum([details, null, EmbeddingReader.UsageOf(answer)])?.TotalTokenCount);
    }
}
