using System.Text.Json;

namespace Privatemode.AI.Encryption.Json;

/// <summary>Counts names, values and brackets before a document object model is built, in which each of them takes memory beside the text.</summary>
internal static class JsonTokens
{
    /// <summary>Whether the first value of a text has no more of them than <paramref name="most"/>.</summary>
    /// <exception cref="JsonException">What was read of it is no JSON, or nested deeper than <paramref name="maxDepth"/>.</exception>
    public static bool AreAtMost(int most, ReadOnlySpan<byte> json, int maxDepth)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = maxDepth });
        for (int tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == most)
            {
                return false;
            }

            if (reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            {
                break;
            }
        }

        return true;
    }
}
