using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Tests.Attestation.Sev;

/// <summary>The stage of the vectors' manifest at which each check stands.</summary>
internal static class SnpStages
{
    private static readonly Dictionary<string, string[]> ChecksByStage = new()
    {
        ["format"] =
        [
            SevChecks.ReportSize, SevChecks.ReportVersion, SevChecks.SignatureAlgorithm, SevChecks.ReportReserved, SevChecks.PolicyReserved,
            SevChecks.KeyInfoReserved, SevChecks.SigningKey, SevChecks.MaskedChipKey, SevChecks.SignaturePadding, SevChecks.VekKind,
        ],
        ["cert-fields"] = [SevChecks.VekName],
        ["cert-extensions"] = [SevChecks.VekExtensionMissing, SevChecks.VekExtensionUnexpected, SevChecks.VekExtensionValue, SevChecks.VekStructure],
        ["trust-anchor"] = [SevChecks.TrustAnchor],
        ["chain"] =
        [
            CertificateChecks.Issuer, CertificateChecks.Signature, CertificateChecks.Authority, CertificateChecks.KeyUsage,
            CertificateChecks.PathLength, SevChecks.RootName,
        ],
        ["validity"] = [CertificateChecks.Expired, CertificateChecks.NotYetValid],
        ["revocation"] =
        [
            CertificateChecks.Revoked, CertificateChecks.CrlIssuer, CertificateChecks.CrlSignature, CertificateChecks.CrlExpired,
            CertificateChecks.CrlNotYetValid, CertificateChecks.CrlNextUpdateMissing, SevChecks.RevocationListMissing,
        ],
        ["signature"] = [SevChecks.ReportSignature],
        ["product"] = [SevChecks.Product],
        ["tcb-binding"] = [SevChecks.TcbReserved, SevChecks.TcbBinding],
        ["hwid"] = [SevChecks.HardwareId],
        ["policy"] = [SnpPolicyChecks.GuestDebug, SnpPolicyChecks.Vmpl],
        ["tcb"] = [SnpPolicyChecks.CommittedTcb, SnpPolicyChecks.CommittedVersion],
    };

    public static string Of(string check) => ChecksByStage.Single(stage => stage.Value.Contains(check)).Key;
}
