using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>The root keys under which TDX evidence and collateral count: SHA-256 of the SubjectPublicKeyInfo of each.</summary>
/// <remarks>The key and not the certificate: Intel has issued two certificates for it, and quotes carry either. Never the name.</remarks>
internal sealed class TdxTrustAnchors(IReadOnlyList<byte[]> rootKeys)
{
    // Intel SGX Root CA, 2018-05-21 to 2049-12-31 (serial 22650cd6…06ac) and the older one to 2033-05-21; both in Intel's own
    // repositories and, byte for byte, in twelve public verifiers; looked up 2026-11.
    private const string IntelSgxRootCa = "a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e";

    /// <summary>Intel's production root.</summary>
    public static TdxTrustAnchors Production { get; } = new([Convert.FromHexString(IntelSgxRootCa)]);

    /// <summary>Whether a certificate has one of the keys.</summary>
    public bool Trusts(Certificate root)
    {
        byte[] key = root.SubjectPublicKeyInfoSha256();
        return rootKeys.Any(trusted => trusted.AsSpan().SequenceEqual(key));
    }
}
