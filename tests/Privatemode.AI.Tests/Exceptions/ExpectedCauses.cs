using System.Reflection;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Tests.Exceptions;

/// <summary>
/// The cause that each check has to state. The tests of the verification assert it of every exception that they catch, and that its texts are not empty.
/// </summary>
internal static class ExpectedCauses
{
    // Formats, sizes, chains, signatures and dates of what is downloaded.
    private static readonly string[] Families = ["certificate-", "crl-", "collateral-", "snp-vek-", "tdx-tcb-info-", "tdx-qe-identity-"];

    private static readonly Dictionary<string, VerificationCause> Causes = All();

    /// <summary>All checks of the verification of evidence.</summary>
    public static IReadOnlyCollection<string> Checks => Causes.Keys;

    public static VerificationCause Of(string check) => Causes.GetValueOrDefault(check);

    public static void AssertOf(PrivatemodeVerificationException refusal)
    {
        Assert.Equal((refusal.ErrorType, Of(refusal.ErrorType)), (refusal.ErrorType, refusal.Cause));
        AssertTexts(refusal.ErrorType, refusal.Expected, refusal.Found);
        AssertOf(refusal.Mismatches);
    }

    public static void AssertOf(IEnumerable<VerificationMismatch> mismatches) => Assert.All(mismatches, mismatch =>
    {
        Assert.Equal((mismatch.Check, Of(mismatch.Check)), (mismatch.Check, mismatch.Cause));
        AssertTexts(mismatch.Check, mismatch.Expected, mismatch.Found);
    });

    /// <summary>The names of checks whose causes are the expected ones.</summary>
    public static IEnumerable<string> ChecksOf(IReadOnlyList<VerificationMismatch> mismatches)
    {
        AssertOf(mismatches);
        return mismatches.Select(mismatch => mismatch.Check);
    }

    // What is not known is null.
    private static void AssertTexts(string check, params string?[] texts) =>
        Assert.All(texts, text => Assert.False(text is not null && string.IsNullOrWhiteSpace(text), check));

    private static Dictionary<string, VerificationCause> All()
    {
        Type[] types =
        [
            typeof(CertificateChecks), typeof(ContrastChecks), typeof(SevChecks), typeof(SnpPolicyChecks), typeof(TdxChecks), typeof(TdxPolicyChecks),
        ];
        return types.SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public))
            .Select(check => (string)check.GetRawConstantValue()!).Distinct().ToDictionary(check => check, CauseOf);
    }

    private static VerificationCause CauseOf(string check) => check switch
    {
        ContrastChecks.ManifestMatch => VerificationCause.ManifestMismatch,
        TdxChecks.TcbRevoked => VerificationCause.TcbRevoked,
        // Compared with the same value for every reference value: whatever else may be cured, these stay.
        SnpPolicyChecks.ReportData or TdxPolicyChecks.ReportData or ContrastChecks.CoordinatorPolicy => VerificationCause.Deployment,
        CertificateChecks.CrlExpired or SevChecks.SuppliedRevocationListAge or TdxChecks.TcbInfoExpired or TdxChecks.QeIdentityExpired =>
            VerificationCause.ExpiredCollateral,
        // A newer list revokes more, never less.
        CertificateChecks.Revoked => VerificationCause.None,
        SevChecks.TrustAnchor or SevChecks.RootName or SevChecks.RevocationListMissing or SevChecks.Product or SevChecks.TcbBinding or SevChecks.HardwareId
            or TdxChecks.SameRoot or TdxChecks.PckCrlChain or TdxChecks.QeLevel or TdxChecks.PlatformLevel or TdxChecks.ModuleIdentity or TdxChecks.ModuleLevel
            or TdxPolicyChecks.TcbStatus => VerificationCause.Collateral,
        // Of the evidence's own chain, which is judged before any collateral is retrieved.
        TdxChecks.PckChain or TdxChecks.PckRole => VerificationCause.Collateral,
        _ when Families.Any(family => check.StartsWith(family, StringComparison.Ordinal)) => VerificationCause.Collateral,
        _ => VerificationCause.None,
    };
}
