using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Tests.Vectors;

/// <summary>Finds vector files: ours beside the test assembly, third-party ones through <c>PRIVATEMODE_VECTORS</c>.</summary>
internal static class VectorFiles
{
    public const string Variable = "PRIVATEMODE_VECTORS";

    /// <summary>The folder with third-party vectors, or null when this machine has none.</summary>
    public static string? ThirdPartyFolder { get; } = FindThirdParty();

    /// <summary>Opens one of our own files, committed under Vectors/protocol.</summary>
    public static JsonElement Protocol(string name) => Parse(Path.Combine(AppContext.BaseDirectory, "Vectors", "protocol", name));

    /// <summary>Opens a third-party file, for example <c>crypto/acvp-mlkem768-keygen.json</c>.</summary>
    public static JsonElement ThirdParty(string relativePath) => Parse(ThirdPartyPath(relativePath));

    /// <summary>The path of one of our own files, for example <c>contrast/manifest.json</c>.</summary>
    public static string OwnPath(string relativePath) => Path.Combine(AppContext.BaseDirectory, "Vectors", relativePath);

    /// <summary>Opens one of our own files.</summary>
    public static JsonElement Own(string relativePath) => Parse(OwnPath(relativePath));

    public static string ThirdPartyPath(string relativePath) => Path.Combine(
        ThirdPartyFolder ?? throw new InvalidOperationException($"{Variable} is not set; the test should have been skipped."), relativePath);

    private static JsonElement Parse(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 256 });
        return document.RootElement.Clone();
    }

    private static string? FindThirdParty()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } configured)
        {
            return Directory.Exists(configured)
                ? configured
                : throw new DirectoryNotFoundException($"{Variable} names a folder that does not exist: {configured}");
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Privatemode.AI.sln")))
            {
                string sibling = Path.Combine(folder.FullName, "..", "shared", "vectors");
                return Directory.Exists(sibling) ? Path.GetFullPath(sibling) : null;
            }
        }

        return null;
    }
}

/// <summary>Short forms for reading a case of a vector file.</summary>
internal static class VectorReading
{
    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static byte[] Hex(this JsonElement element, string name) => Convert.FromHexString(element.Text(name));

    public static int Int(this JsonElement element, string name) => element.GetProperty(name).GetInt32();

    /// <summary>A flag that is false when it is absent.</summary>
    public static bool Flag(this JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) && value.GetBoolean();

    /// <summary>The bytes of <c>name</c> (UTF-8) or of <c>name_b64</c>, which stands in for text that is not valid UTF-8.</summary>
    public static byte[] Bytes(this JsonElement element, string name) =>
        element.TryGetProperty(name + "_b64", out JsonElement encoded) ? encoded.GetBytesFromBase64() : Encoding.UTF8.GetBytes(element.Text(name));

    public static JsonElement.ArrayEnumerator Items(this JsonElement element, string name) => element.GetProperty(name).EnumerateArray();
}
