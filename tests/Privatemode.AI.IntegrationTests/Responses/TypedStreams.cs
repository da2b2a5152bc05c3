using OpenAI.Responses;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Responses;

/// <summary>Streams of the client of the OpenAI package, whose methods return another type in each version that these tests are compiled against.</summary>
internal static class TypedStreams
{
    /// <summary>The events of a streamed response.</summary>
    public static async IAsyncEnumerable<StreamingResponseUpdate> StreamAsync(this ResponsesClient client, CreateResponseOptions options)
    {
#if NEXT_OPENAI
        IAsyncEnumerable<StreamingResponseUpdate> updates = await client.CreateResponseStreamingAsync(options).OrTimeout();
#else
        IAsyncEnumerable<StreamingResponseUpdate> updates = client.CreateResponseStreamingAsync(options);
#endif
        await foreach (StreamingResponseUpdate update in updates.WithTimeout())
        {
            yield return update;
        }
    }
}
