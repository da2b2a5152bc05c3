using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Makes embeddings up from the hash of the text: equal texts get equal vectors, of length 1.</summary>
internal static class EmbeddingWriter
{
    private const int DefaultDimensions = 256;

    /// <exception cref="ModelServerException">There is nothing to embed.</exception>
    public static string Write(ModelRequest request, DateTimeOffset now)
    {
        JsonElement root = request.Root;
        bool isSized = root.TryGetProperty("dimensions", out JsonElement asked) && asked.ValueKind == JsonValueKind.Number;
        int dimensions = isSized ? asked.GetInt32() : DefaultDimensions;
        bool isBase64 = root.TryGetProperty("encoding_format", out JsonElement format) && format.ValueEquals("base64");
        JsonElement input = root.TryGetProperty("input", out JsonElement given) ? given
            : throw new ModelServerException(400, "missing input");
        string[] texts = input.ValueKind == JsonValueKind.Array ? [.. input.EnumerateArray().Select(item => item.ToString())] : [input.ToString()];
        JsonArray data = [];
        for (int i = 0; i < texts.Length; i++)
        {
            float[] vector = Vector(texts[i], dimensions);
            JsonNode embedding = isBase64 ? Base64(vector) : Numbers(vector);
            data.Add((JsonNode)new JsonObject { ["object"] = "embedding", ["index"] = i, ["embedding"] = embedding });
        }

        int tokens = texts.Sum(text => Math.Max(1, text.Length / 4));
        return new JsonObject
        {
            ["id"] = $"embd-{Guid.NewGuid():N}",
            ["object"] = "list",
            ["created"] = now.ToUnixTimeSeconds(),
            ["model"] = request.Model,
            ["data"] = data,
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        }.ToJsonString();
    }

    private static float[] Vector(string text, int dimensions)
    {
        byte[] bytes = new byte[dimensions * sizeof(ushort)];
        _ = Shake(text, bytes);
        float[] vector = new float[dimensions];
        double sum = 0;
        for (int i = 0; i < dimensions; i++)
        {
            vector[i] = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(i * sizeof(ushort))) / 32768f - 1f;
            sum += vector[i] * vector[i];
        }

        float length = (float)Math.Sqrt(sum);
        return [.. vector.Select(value => value / length)];
    }

    private static byte[] Shake(string text, byte[] output)
    {
        byte[] seed = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        HKDF.Expand(HashAlgorithmName.SHA256, seed, output.AsSpan(0, Math.Min(output.Length, 255 * 32)), default);
        return output;
    }

    private static string Base64(float[] vector)
    {
        byte[] bytes = new byte[vector.Length * sizeof(float)];
        for (int i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        }

        return Convert.ToBase64String(bytes);
    }

    private static JsonArray Numbers(float[] vector) => new([.. vector.Select(value => (JsonNode)value)]);
}
