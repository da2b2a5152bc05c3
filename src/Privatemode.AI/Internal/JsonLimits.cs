using System.Text.Json;

namespace Privatemode.AI.Internal;

/// <summary>Limits of JSON texts.</summary>
internal static class JsonLimits
{
    /// <summary>The maximum nesting of bodies. Tool schemas are nested most deeply; .NET's default of 64 is too low for them.</summary>
    public const int MaxDepth = 256;

    /// <summary>Returns whether the first value of a text has at most this many names, values and brackets, because each needs additional memory in a document
    /// object model.</summary>
    /// <exception cref="JsonException">The part that was read is not JSON, or is nested deeper than <paramref name="maxDepth"/>.</exception>
    public static bool HasTokensAtMost(int most, ReadOnlySpan<byte> json, int maxDepth)
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
