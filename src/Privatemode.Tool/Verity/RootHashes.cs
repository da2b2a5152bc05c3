using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Manifests;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Verity;

/// <summary>A root hash with which the image is compared.</summary>
/// <param name="Source">A description of its source.</param>
/// <param name="Value">64 lower-case hexadecimal digits.</param>
internal sealed record ExpectedRootHash(string Source, string Value);

/// <summary>The policy of a verified manifest that names a root hash.</summary>
/// <param name="Sha256">The digest of the policy, which the manifest lists.</param>
/// <param name="Workload">The name of the workload in the manifest, or an empty text.</param>
internal sealed record NamingPolicy(string Sha256, string Workload);

/// <summary>Finds root hashes in the user's input and in the policies of a deployment.</summary>
internal static class RootHashes
{
    private const int Digits = 64, MaxModelsFileSize = 16 << 20;

    /// <summary>Reads the root hash that a flag gives.</summary>
    public static ExpectedRootHash Given(string value) => IsRootHash(value)
        ? new ExpectedRootHash("--root-hash", value.ToLowerInvariant())
        : throw ToolException.Usage($"--root-hash: \"{value}\" is not 64 hexadecimal digits.");

    /// <summary>Reads the root hashes of Edgeless Systems' list of models (models.yaml): each is a JSON object below the name of the model.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="shown">The path as the user wrote it.</param>
    /// <param name="name">The model, or null if the list has one only.</param>
    public static ExpectedRootHash FromModels(string path, string shown, string? name)
    {
        List<(string Name, string Hash)> models = [.. ReadModels(path, shown)];
        List<(string Name, string Hash)> found = [.. models.Where(model => name is null || model.Name == name)];
        return found switch
        {
            [var (model, hash)] => new ExpectedRootHash($"{shown}: {model}", hash),
            [] when models is [] =>
                throw ToolException.Setup($"\"{shown}\" has no root hashes: no line with \"root_hash\": \"<64 hexadecimal digits>\"."),
            [] => throw ToolException.Usage($"--name: \"{name}\" is not in \"{shown}\". It has: {string.Join(", ", models.Select(model => model.Name))}."),
            _ => throw ToolException.Usage(
                $"\"{shown}\" has {found.Count} models. Choose one with --name: {string.Join(", ", found.Select(model => model.Name))}."),
        };
    }

    /// <summary>Searches the policies of saved evidence for a root hash.</summary>
    /// <param name="evidence">The evidence, after its manifest was verified.</param>
    /// <param name="manifest">The exact bytes of the verified manifest, which determines which policies are accepted.</param>
    /// <param name="rootHash">64 lower-case hexadecimal digits.</param>
    /// <param name="isKnown">False if the evidence contains none of the policies that the manifest lists, so the result is unknown.</param>
    public static NamingPolicy? Search(ReadOnlyMemory<byte> evidence, ReadOnlyMemory<byte> manifest, string rootHash, out bool isKnown)
    {
        using JsonDocument document = JsonDocument.Parse(manifest);
        JsonElement listed = document.RootElement.GetProperty("Policies");
        isKnown = false;
        NamingPolicy? found = null;
        foreach (byte[] policy in AttestationContent.Read(evidence).Policies)
        {
            string digest = Convert.ToHexStringLower(SHA256.HashData(policy));
            if (!listed.TryGetProperty(digest, out JsonElement entry))
            {
                continue;
            }

            isKnown = true;
            if (found is null && Names(policy, rootHash))
            {
                found = new NamingPolicy(digest, entry.TryGetProperty("WorkloadSecretID", out JsonElement workload) ? workload.GetString() ?? "" : "");
            }
        }

        return found;
    }

    // As a word of its own: digits beside it would make it part of another number.
    private static bool Names(ReadOnlySpan<byte> policy, string rootHash)
    {
        byte[] wanted = Encoding.ASCII.GetBytes(rootHash);
        for (int from = 0; policy[from..].IndexOf(wanted) is >= 0 and int index; from += index + 1)
        {
            int start = from + index, end = start + Digits;
            if ((start == 0 || !char.IsAsciiHexDigit((char)policy[start - 1])) && (end == policy.Length || !char.IsAsciiHexDigit((char)policy[end])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsRootHash(string text) => text.Length == Digits && text.All(char.IsAsciiHexDigit);

    private static IEnumerable<(string Name, string Hash)> ReadModels(string path, string shown)
    {
        string text;
        try
        {
            if (new FileInfo(path).Length > MaxModelsFileSize)
            {
                throw ToolException.Setup($"\"{shown}\" is larger than {MaxModelsFileSize} bytes.");
            }

            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Setup($"\"{shown}\" cannot be read: {FileErrors.Describe(exception)}.", exception);
        }

        string model = "";
        foreach (string line in text.Split('\n'))
        {
            string trimmed = line.Trim();
            if (trimmed.EndsWith(": |-", StringComparison.Ordinal) || trimmed.EndsWith(": |", StringComparison.Ordinal))
            {
                model = trimmed[..trimmed.LastIndexOf(':')].Trim('"', '\'');
            }
            else if (ValueOf(trimmed, "\"root_hash\"") is { } hash)
            {
                yield return (model, hash.ToLowerInvariant());
            }
        }
    }

    private static string? ValueOf(string line, string key)
    {
        int start = line.IndexOf(key, StringComparison.Ordinal);
        string[] parts = start < 0 ? [] : line[(start + key.Length)..].Split('"');
        return parts.Length > 1 && parts[0].Trim() == ":" && IsRootHash(parts[1]) ? parts[1] : null;
    }
}
