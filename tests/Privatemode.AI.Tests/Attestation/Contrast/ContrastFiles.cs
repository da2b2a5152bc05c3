using System.Text;
using System.Text.Json;
using Privatemode.AI.Tests.Exceptions;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>Short ways to the vectors of this room, and to what a refusal said.</summary>
internal static class ContrastFiles
{
    /// <summary>Our own manifest, with a reference value of each kind.</summary>
    public static string OwnManifest => File.ReadAllText(VectorFiles.OwnPath("contrast/manifest.json"));

    /// <summary>Our own manifest with texts replaced that stand in it exactly once.</summary>
    public static byte[] OwnManifestWith(params (string From, string To)[] replacements)
    {
        string text = OwnManifest;
        foreach ((string from, string to) in replacements)
        {
            int at = text.IndexOf(from, StringComparison.Ordinal);
            Assert.True(at >= 0 && text.IndexOf(from, at + 1, StringComparison.Ordinal) < 0, $"not exactly once: {from}");
            text = text.Replace(from, to);
        }

        return Encoding.UTF8.GetBytes(text);
    }

    public static byte[] OwnManifestOf(JsonElement vector) => OwnManifestWith(
        [.. vector.Items("replace").Select(pair => (pair[0].GetString()!, pair[1].GetString()!))]);

    public static byte[] ThirdParty(string name) => File.ReadAllBytes(VectorFiles.ThirdPartyPath($"contrast/{name}"));

    /// <summary>The name of the check that refused; null when nothing did.</summary>
    public static string? Refusal(Action action) => RefusalAndExpected(action).Check;

    /// <summary>The name of the check that refused, and what it says to have expected; null when nothing did.</summary>
    public static (string? Check, string? Expected) RefusalAndExpected(Action action)
    {
        try
        {
            action();
            return default;
        }
        catch (PrivatemodeVerificationException refusal)
        {
            Assert.False(string.IsNullOrWhiteSpace(refusal.Message));
            ExpectedCauses.AssertOf(refusal);
            return (refusal.ErrorType, refusal.Expected);
        }
    }
}
