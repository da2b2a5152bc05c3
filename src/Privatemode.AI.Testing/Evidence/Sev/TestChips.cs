using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>The IDs of chips, 64 bytes each.</summary>
internal static class TestChips
{
    /// <summary>The chip on which the deployment runs. Its ID begins with 04 40, like a tagged ASN.1 value: readers must decide by the length.</summary>
    public static byte[] Own { get; } = [0x04, 0x40, .. Name("own chip")[2..]];

    /// <summary>Another chip that is listed in the manifest.</summary>
    public static byte[] Sibling { get; } = Name("sibling chip");

    private static byte[] Name(string text) => SHA512.HashData(System.Text.Encoding.ASCII.GetBytes(text));
}
