using System.Text.Json;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange;

/// <summary>The third-party files under crypto, and what their manifest says of them.</summary>
internal static class CryptoVectors
{
    public static JsonElement Manifest => VectorFiles.ThirdParty("crypto/MANIFEST.json");

    public static JsonElement Open(string file) => VectorFiles.ThirdParty("crypto/" + file);

    /// <summary>How many cases the manifest counts in a file.</summary>
    public static int Count(string file) => Manifest.Items("files").Single(entry => entry.Text("file") == file).Int("count");

    /// <summary>All cases of a file in Wycheproof's or ACVP's shape, each with its group.</summary>
    public static IEnumerable<(JsonElement Group, JsonElement Case)> Cases(string file) =>
        from @group in Open(file).Items("testGroups")
        from test in @group.Items("tests")
        select (@group, test);

    public static string Name(this JsonElement test) => $"tcId {test.Int("tcId")}";

    public static bool IsValid(this JsonElement test) => test.Text("result") == "valid";
}
