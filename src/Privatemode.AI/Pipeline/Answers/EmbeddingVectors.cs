using System.Text.Json;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Refuses vectors that contain null, NaN or infinity. The last two are not JSON, but Python writes them.</summary>
/// <remarks>OpenAI's parser throws on them without naming the vector. In base64, which is requested by default, they are detected later.</remarks>
internal static class EmbeddingVectors
{
    /// <exception cref="PrivatemodeServiceException">A vector cannot be used; the exception names its index.</exception>
    public static void ThrowIfUnusable(DecryptedDocument decrypted, string requestId)
    {
        // A search is several times faster than a reader, and vectors are long.
        if (!decrypted.TryGet("data"u8, out ReadOnlySpan<byte> data, out _)
            || (data.IndexOf("null"u8) < 0 && data.IndexOf("NaN"u8) < 0 && data.IndexOf("Infinity"u8) < 0))
        {
            return;
        }

        int index = 0;
        Utf8JsonReader reader = new(data, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        try
        {
            _ = reader.Read();
            for (int position = 0; reader.Read() && reader.TokenType == JsonTokenType.StartObject; position++)
            {
                index = position;
                if (!IsUsable(ref reader, ref index))
                {
                    throw PrivatemodeServiceException.UnusableVector(index, requestId, isWithinRequest: true);
                }
            }
        }
        catch (JsonException)
        {
            throw PrivatemodeServiceException.UnusableVector(index, requestId, isWithinRequest: true);
        }
    }

    private static bool IsUsable(ref Utf8JsonReader reader, ref int index)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isIndex = reader.ValueTextEquals("index"u8);
            bool isVector = reader.ValueTextEquals("embedding"u8);
            _ = reader.Read();
            if (isIndex && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int number))
            {
                index = number;
            }
            else if (isVector && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (reader.TokenType != JsonTokenType.Number)
                    {
                        return false;
                    }
                }
            }
            else if (isVector && reader.TokenType != JsonTokenType.String)
            {
                return false;
            }

            reader.Skip();
        }

        return true;
    }
}
