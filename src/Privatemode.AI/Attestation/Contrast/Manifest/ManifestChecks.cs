namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Stable names of the checks a manifest must pass before anything in it counts.</summary>
internal static class ManifestChecks
{
    /// <summary>The manifest is the JSON object it should be, with members of the right types.</summary>
    public const string Format = "manifest-format";

    /// <summary>Each policy is named by a SHA-256 in hexadecimal, once.</summary>
    public const string PolicyHash = "manifest-policy-hash";

    /// <summary>Each policy has a known role.</summary>
    public const string Role = "manifest-role";

    /// <summary>At least one policy is the coordinator's.</summary>
    public const string Coordinator = "manifest-coordinator";

    /// <summary>There is at least one reference value.</summary>
    public const string ReferenceValues = "manifest-reference-values";

    /// <summary>Reference values are of kinds that this client can check.</summary>
    public const string ReferenceValueKind = "manifest-reference-value-kind";

    /// <summary>No reference value is of a platform without protection.</summary>
    public const string InsecurePlatform = "manifest-insecure-platform";

    /// <summary>The product is Milan or Genoa.</summary>
    public const string Product = "manifest-snp-product";

    /// <summary>The launch digest has 48 bytes.</summary>
    public const string Measurement = "manifest-snp-measurement";

    /// <summary>The address at which application processors begin is absent, empty, or 4 bytes.</summary>
    public const string ResetAddress = "manifest-snp-apeip";

    /// <summary>All four minimum versions are given as numbers from 0 to 255.</summary>
    public const string MinimumTcb = "manifest-snp-minimum-tcb";

    /// <summary>The guest policy does not allow debugging.</summary>
    public const string Debug = "manifest-snp-debug";

    /// <summary>The guest policy does not allow a migration agent.</summary>
    public const string Migration = "manifest-snp-migration";

    /// <summary>Each allowed chip is named by 64 bytes.</summary>
    public const string ChipId = "manifest-snp-chip-id";

    /// <summary>MRTD, MRSEAM and the runtime measurements have 48 bytes each, and there are four of the latter.</summary>
    public const string TdxMeasurement = "manifest-tdx-measurement";

    /// <summary>XFAM has 8 bytes.</summary>
    public const string Xfam = "manifest-tdx-xfam";

    /// <summary>Each allowed platform instance is named by 16 bytes.</summary>
    public const string PlatformInstance = "manifest-tdx-piid";

    /// <summary>The keys of workload owners are ECDSA public keys, or digests of such.</summary>
    public const string WorkloadOwnerKey = "manifest-workload-owner-key";

    /// <summary>The keys of seed share owners are RSA public keys.</summary>
    public const string SeedShareOwnerKey = "manifest-seedshare-owner-key";
}
