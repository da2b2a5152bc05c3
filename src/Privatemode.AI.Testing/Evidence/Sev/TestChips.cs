using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>Identities of chips, 64 bytes each.</summary>
internal static class TestChips
{
    /// <summary>The chip the deployment runs on. Begins with 04 40, like a tagged value: readers must go by the length.</summary>
    public static byte[] Own { get; } = [0x04, 0x40, .. Name("own chip")[2..]];

    /// <summary>Listed in the manifest too.</summary>
    public static byte[] Sibling { get; } = Name("sibling chip");

    private static byte[] Name(string text) => SHA512.HashData(System.Text.Encoding.ASCII.GetBytes(text));
}
