using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Creates placeholder log probabilities for an answer, in the format of its endpoint: one entry for each word.</summary>
internal static class Logprobs
{
    private const double PlaceholderLogprob = -0.5;

    /// <summary>Returns the log probabilities for a piece of a chat answer, or null if the request did not ask for them or the piece has no text.</summary>
    public static JsonObject? OfChat(ModelRequest request, string text)
    {
        if (text.Length == 0 || !request.Root.TryGetProperty("logprobs", out JsonElement asked) || asked.ValueKind != JsonValueKind.True)
        {
            return null;
        }

        bool hasOthers = request.Root.TryGetProperty("top_logprobs", out JsonElement top) && top.ValueKind == JsonValueKind.Number && top.GetInt32() != 0;
        return new JsonObject
        {
            ["content"] = new JsonArray([.. CompletionWriter.Pieces(text).Select(piece =>
            {
                JsonObject entry = Entry(piece);
                entry["top_logprobs"] = hasOthers ? new JsonArray(Entry(piece)) : [];
                return (JsonNode)entry;
            })]),
        };
    }

    /// <summary>Returns the log probabilities for a text completion, or null if the request did not ask for them.</summary>
    public static JsonObject? OfText(ModelRequest request, string text)
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
            ["token_logprobs"] = new JsonArray([.. tokens.Select(_ => (JsonNode)PlaceholderLogprob)]),
            ["tokens"] = new JsonArray([.. tokens.Select(token => (JsonNode)token)]),
            ["top_logprobs"] = asked.GetInt32() == 0 ? null : new JsonArray([.. tokens.Select(token => new JsonObject { [token] = PlaceholderLogprob })]),
        };
    }

    private static JsonObject Entry(string token) => new()
    {
        ["token"] = token,
        ["logprob"] = PlaceholderLogprob,
        ["bytes"] = new JsonArray([.. Encoding.UTF8.GetBytes(token).Select(value => (JsonNode)value)]),
    };
}
