using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>The 64 bytes that tie a report to our nonce, to the history of manifests and to both CAs.</summary>
internal static class ReportData
{
    /// <summary>In bytes.</summary>
    public const int Size = 64;

    /// <summary>In bytes.</summary>
    public const int NonceSize = 32;

    /// <summary>What the report must carry: one SHA-256 and 32 zero bytes.</summary>
    /// <param name="nonce">The 32 bytes we sent.</param>
    /// <param name="manifests">The history, oldest first; at least one.</param>
    /// <param name="rootAuthority">The root CA's text as it was received.</param>
    /// <param name="meshAuthority">The mesh CA's text as it was received.</param>
    public static byte[] Compute(
        ReadOnlySpan<byte> nonce,
        IReadOnlyList<ReadOnlyMemory<byte>> manifests,
        ReadOnlySpan<byte> rootAuthority,
        ReadOnlySpan<byte> meshAuthority)
    {
        byte[] transition = new byte[SHA256.HashSizeInBytes];
        foreach (ReadOnlyMemory<byte> manifest in manifests)
        {
            transition = NextTransition(SHA256.HashData(manifest.Span), transition);
        }

        return Compute(nonce, transition, rootAuthority, meshAuthority);
    }

    /// <summary>One step of the chain over the manifests: the manifest's digest first, the step before second.</summary>
    internal static byte[] NextTransition(ReadOnlySpan<byte> manifestDigest, ReadOnlySpan<byte> previous) =>
        SHA256.HashData([.. manifestDigest, .. previous]);

    internal static byte[] Compute(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> transition, ReadOnlySpan<byte> rootAuthority, ReadOnlySpan<byte> meshAuthority)
    {
        if (nonce.Length != NonceSize)
        {
            throw new PrivatemodeVerificationException(
                ContrastChecks.Nonce, "The nonce has the wrong size. Attest again with a new one.")
            {
                Expected = "32 bytes",
                Found = $"{nonce.Length} bytes",
            };
        }

        byte[] result = new byte[Size];
        SHA256.HashData([.. nonce, .. transition, .. SHA256.HashData(rootAuthority), .. SHA256.HashData(meshAuthority)], result);
        return result;
    }
}
