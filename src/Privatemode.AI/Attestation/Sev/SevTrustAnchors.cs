namespace Privatemode.AI.Attestation.Sev;

/// <summary>The root keys (ARK) that are trusted, by product line: SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hex digits.</summary>
internal sealed record SevTrustAnchors(IReadOnlyDictionary<SnpProduct, string> RootKeys)
{
    /// <summary>AMD's root keys.</summary>
    /// <remarks>
    /// Computed in November 2026 from the certificates ARK-Milan, ARK-Genoa and ARK-Turin, which 9, 12 and 7 public repositories hold byte
    /// for byte the same, among them google/go-sev-guest, virtee/sev and project-oak/oak; AMD publishes them at
    /// https://kdsintf.amd.com/vcek/v1/{line}/cert_chain. Their serial numbers are 0x10000, 0x20000 and 0x30000, and they are valid until
    /// 2045, 2047 and 2048. Keys are pinned and not certificates; what is below a root counts only if the root signed it.
    /// </remarks>
    public static SevTrustAnchors Production { get; } = new(new Dictionary<SnpProduct, string>
    {
        [SnpProduct.Milan] = "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9",
        [SnpProduct.Genoa] = "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831",
        [SnpProduct.Turin] = "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08",
    });

    /// <summary>The product line whose root key this is, or null when it is nobody's.</summary>
    public SnpProduct? Find(ReadOnlySpan<byte> subjectPublicKeyInfoSha256)
    {
        string fingerprint = Convert.ToHexStringLower(subjectPublicKeyInfoSha256);
        foreach ((SnpProduct product, string pinned) in RootKeys)
        {
            if (pinned == fingerprint)
            {
                return product;
            }
        }

        return null;
    }
}
