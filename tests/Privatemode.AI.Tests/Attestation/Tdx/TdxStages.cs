using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>The stage of the manifests that each check belongs to.</summary>
internal static class TdxStages
{
    private static readonly Dictionary<string, string> StageOf = new()
    {
        [TdxChecks.PckChain] = "chain",
        [TdxChecks.PckRole] = "chain",
        [TdxChecks.PckExtension] = "chain",
        [CertificateChecks.TrustAnchor] = "trust-anchor",
        [TdxChecks.SameRoot] = "collateral-chain",
        [TdxChecks.QeReportSignature] = "signature",
        [TdxChecks.QeReportData] = "signature",
        [TdxChecks.AttestationKey] = "signature",
        [TdxChecks.QuoteSignature] = "signature",
        [TdxChecks.PlatformUnknown] = "collateral",
        [TdxChecks.TcbInfoFormat] = "collateral",
        [TdxChecks.TcbInfoChain] = "collateral-chain",
        [TdxChecks.TcbInfoSigner] = "collateral-chain",
        [TdxChecks.TcbInfoSignature] = "collateral-signature",
        [TdxChecks.TcbInfoKind] = "collateral-binding",
        [TdxChecks.TcbInfoNotYetValid] = "collateral",
        [TdxChecks.TcbInfoExpired] = "collateral",
        [TdxChecks.TcbInfoFmspc] = "collateral-binding",
        [TdxChecks.TcbInfoPceId] = "collateral-binding",
        [TdxChecks.QeIdentityFormat] = "collateral",
        [TdxChecks.QeIdentityChain] = "collateral-chain",
        [TdxChecks.QeIdentitySigner] = "collateral-chain",
        [TdxChecks.QeIdentitySignature] = "collateral-signature",
        [TdxChecks.QeIdentityKind] = "collateral-binding",
        [TdxChecks.QeIdentityNotYetValid] = "collateral",
        [TdxChecks.QeIdentityExpired] = "collateral",
        [TdxChecks.PckCrlChain] = "revocation",
        [CertificateChecks.Revoked] = "revocation",
        [TdxChecks.QeMiscSelect] = "qe-identity",
        [TdxChecks.QeAttributes] = "qe-identity",
        [TdxChecks.QeSigner] = "qe-identity",
        [TdxChecks.QeProduct] = "qe-identity",
        [TdxChecks.QeLevel] = "tcb",
        [TdxChecks.PlatformLevel] = "tcb",
        [TdxChecks.ModuleIdentity] = "tcb",
        [TdxChecks.ModuleSigner] = "tcb",
        [TdxChecks.ModuleAttributes] = "tcb",
        [TdxChecks.ModuleLevel] = "tcb",
        [TdxChecks.TcbRevoked] = "tcb",
    };

    public static string Of(PrivatemodeVerificationException exception)
    {
        string check = exception.ErrorType;
        if (StageOf.TryGetValue(check, out string? stage))
        {
            return stage;
        }

        // A rule for certificates has one name for all chains; the message says whose certificate it was.
        return check switch
        {
            _ when check.StartsWith("tdx-quote-", StringComparison.Ordinal) => "format",
            _ when check.StartsWith("crl-", StringComparison.Ordinal) => "revocation",
            _ when check.StartsWith("certificate-", StringComparison.Ordinal) =>
                exception.Message.Contains("TCB signing key", StringComparison.Ordinal) ? "collateral-chain" : "chain",
            _ => throw new InvalidOperationException($"{check} has no stage."),
        };
    }
}
