using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Writes embeddings: scripted vectors or, if there are none, vectors with a Euclidean norm of 1 that are computed from the hash of the
/// text.</summary>
internal sealed class EmbeddingWriter(ModelRequest request, ScriptedModel model, DateTimeOffset now)
{
    private const int DefaultDimensions = 256;

    private readonly JsonElement _root = request.Root;
    private readonly ScriptedAnswer? _script = model.NextEmbeddings();

    /// <summary>Returns the whole answer.</summary>
    /// <exception cref="ModelServerException">The request contains no text, or the script does not fit the request.</exception>
    public string Whole()
    {
        string[] texts = Inputs();
        if (_script?.WholeDocument is { } document)
        {
            return document;
        }

        if (_script?.Vectors is { } vectors && vectors.Count != texts.Length)
        {
            throw new ModelServerException(
                500, $"The script has {vectors.Count} vectors, but the request has {texts.Length} inputs. Script one vector for each input.");
        }

        JsonArray data = [.. texts.Select((text, i) => (JsonNode)new JsonObject
        {
            ["object"] = "embedding",
            ["index"] = i,
            ["embedding"] = Encoded(_script?.Vectors![i] ?? model.FindEmbedding(text) ?? GenerateVector(text)),
        })];
        int tokens = _script?.Usage?.Input ?? texts.Sum(text => Math.Max(1, text.Length / 4));
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

    private string[] Inputs()
    {
        JsonElement input = _root.TryGetProperty("input", out JsonElement given) ? given : throw new ModelServerException(400, "missing input");
        return input.ValueKind == JsonValueKind.Array ? [.. input.EnumerateArray().Select(item => item.ToString())] : [input.ToString()];
    }

    private float[] GenerateVector(string text)
    {
        bool isSized = _root.TryGetProperty("dimensions", out JsonElement asked) && asked.ValueKind == JsonValueKind.Number;
        return VectorOf(text, isSized ? asked.GetInt32() : model.EmbeddingDimensions ?? DefaultDimensions);
    }

    /// <summary>Computes the vector of a text for which none was set.</summary>
    public static float[] VectorOf(string text, int dimensions)
    {
        byte[] bytes = new byte[dimensions * sizeof(ushort)];
        Stretch(text, bytes);
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

    private static void Stretch(string text, byte[] output)
    {
        byte[] seed = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        HKDF.Expand(HashAlgorithmName.SHA256, seed, output.AsSpan(0, Math.Min(output.Length, 255 * 32)), default);
    }

    private JsonNode Encoded(float[] vector)
    {
        if (_root.TryGetProperty("encoding_format", out JsonElement format) && format.ValueKind == JsonValueKind.String && format.ValueEquals("base64"))
        {
            return Base64(vector);
        }

        return vector.All(float.IsFinite)
            ? new JsonArray([.. vector.Select(value => (JsonNode)value)])
            : throw new ModelServerException(
                500, "The script has a vector with NaN or infinity, which JSON cannot express. Only a request for base64 can receive it.");
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
}
