using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Whether a rejection may be the fault of an old or damaged copy of what the evidence is judged by.</summary>
/// <remarks>
/// Wrong values in authentic evidence are not: a deployment that shows them must not make every client download everything again. Neither is a fault of
/// the evidence's own chain and signatures: that is found before anything is collected.
/// </remarks>
internal static class FresherCollateral
{
    // Formats, sizes, chains, signatures and dates of what is downloaded.
    private static readonly string[] Families = ["certificate-", "crl-", "collateral-", "snp-vek-", "tdx-tcb-info-", "tdx-qe-identity-"];

    private static readonly HashSet<string> Single =
    [
        SevChecks.TrustAnchor, SevChecks.RootName, SevChecks.RevocationListMissing, SevChecks.SuppliedRevocationListAge,
        SevChecks.Product, SevChecks.TcbBinding, SevChecks.HardwareId,
        TdxChecks.SameRoot, TdxChecks.PckCrlChain, TdxChecks.QeLevel, TdxChecks.PlatformLevel, TdxChecks.ModuleIdentity, TdxChecks.ModuleLevel,
        TdxPolicyChecks.TcbStatus,
    ];

    // Compared with the same value for every reference value: whatever else may be cured, these stay.
    private static readonly HashSet<string> Incurable = [SnpPolicyChecks.ReportData, TdxPolicyChecks.ReportData, ContrastChecks.CoordinatorPolicy];

    /// <summary>True when one of the mismatches is of that kind: with several reference values, the others may belong to other values.</summary>
    public static bool MayCure(PrivatemodeVerificationException rejection) =>
        rejection.Mismatches.Any(mismatch => MayCure(mismatch.Check)) && !rejection.Mismatches.Any(mismatch => Incurable.Contains(mismatch.Check));

    // A newer list revokes more, never less.
    private static bool MayCure(string check) => check != CertificateChecks.Revoked &&
        (Single.Contains(check) || Families.Any(family => check.StartsWith(family, StringComparison.Ordinal)));
}
