using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Makes up the probabilities of a text completion, in the form of that endpoint: one entry for each word.</summary>
internal static class TextLogprobs
{
    /// <summary>Null when the request asks for none.</summary>
    public static JsonObject? Of(ModelRequest request, string text)
    {
        if (!request.Root.TryGetProperty("logprobs", out JsonElement asked) || asked.ValueKind != JsonValueKind.Number)
        {
            return null;
        }

        string[] tokens = [.. CompletionWriter.Pieces(text)];
        JsonArray offsets = [];
        int offset = 0;
        foreach (string token in tokens)
        {
            offsets.Add((JsonNode)offset);
            offset += token.Length;
        }

        return new JsonObject
        {
            ["text_offset"] = offsets,
            ["token_logprobs"] = new JsonArray([.. tokens.Select(_ => (JsonNode)(-0.5))]),
            ["tokens"] = new JsonArray([.. tokens.Select(token => (JsonNode)token)]),
            ["top_logprobs"] = asked.GetInt32() == 0 ? null : new JsonArray([.. tokens.Select(token => new JsonObject { [token] = -0.5 })]),
        };
    }
}
