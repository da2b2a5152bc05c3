using System.Text.Json.Nodes;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Peers;

/// <summary>Verifies evidence, all of it given: nothing is retrieved.</summary>
internal static class EvidenceCommands
{
    /// <summary>Verifies a report with its certificates, and compares it with the policy as created.</summary>
    /// <remarks>Without a revocation list, revocation is left out.</remarks>
    public static JsonObject Snp(JsonObject command)
    {
        DateTimeOffset at = Fields.Time(command, "at");
        SevTrustAnchors anchors = Fields.OptionalBytes(command, "trustedRoot") is { } trusted
            ? new SevTrustAnchors(new Dictionary<SnpProduct, string>
            {
                [Enum.Parse<SnpProduct>(Fields.Text(command, "product"))] = Convert.ToHexStringLower(KeyOf(trusted)),
            })
            : SevTrustAnchors.Production;
        SnpReport report = SnpReport.Parse(Fields.Bytes(command, "report"));
        VekCertificate vek = VekCertificate.Parse(Fields.Bytes(command, "vek"));
        SnpVerifier.CheckKind(report, vek);
        using SnpAuthorities authorities = SnpAuthorities.Verify(Fields.Bytes(command, "intermediate"), Fields.Bytes(command, "root"), anchors);
        SignedSnpReport signed = SignedSnpReport.Verify(report, vek, authorities, at);
        VerifiedSnpReport verified = Fields.OptionalBytes(command, "crl") is { } crl
            ? SnpVerifier.Verify(signed, crl, at)
            : new VerifiedSnpReport(report, authorities.Product, vek.Signer, signed.Tcb, new SnpDates(at, at, at, at, at, at));
        ThrowIfDifferent(SnpPolicy.Compare(verified, new SnpPolicy()));
        return new JsonObject
        {
            ["measurement"] = Fields.Of(report.Measurement.Span),
            ["reportData"] = Fields.Of(report.ReportData.Span),
            ["chipId"] = Fields.Of(report.ChipId.Span),
        };
    }

    /// <summary>Verifies a quote with its collateral, and compares it with the policy as created.</summary>
    /// <remarks>The TCB status is a result, not a refusal: peers leave it to their callers.</remarks>
    public static JsonObject Tdx(JsonObject command)
    {
        DateTimeOffset at = Fields.Time(command, "at");
        TdxTrustAnchors anchors = Fields.OptionalBytes(command, "trustedRoot") is { } trusted ? new([KeyOf(trusted)]) : TdxTrustAnchors.Production;
        TdxCollateral collateral = new(
            Fields.Bytes(command, "tcbInfo"), Fields.Bytes(command, "tcbInfoChain"), Fields.Bytes(command, "qeIdentity"),
            Fields.Bytes(command, "qeIdentityChain"), Fields.Bytes(command, "pckCrl"), default, Fields.Bytes(command, "rootCrl"));
        using SignedQuote signed = SignedQuote.Verify(Fields.Bytes(command, "quote"), anchors, at);
        VerifiedTdxQuote verified = TdxVerifier.Verify(signed, collateral, at);
        VerificationMismatch[] mismatches = [.. new TdxPolicyComparison(verified, new TdxPolicy()).Compare()];
        ThrowIfDifferent([.. mismatches.Where(mismatch => mismatch.Check != TdxPolicyChecks.TcbStatus)]);
        return new JsonObject
        {
            ["status"] = verified.Tcb.Overall.Status.ToString(),
            ["platformStatus"] = verified.Tcb.Platform.ToString(),
            ["isAccepted"] = mismatches.Length == 0,
            ["reportData"] = Fields.Of(verified.Report.ReportData.Span),
            ["mrTd"] = Fields.Of(verified.Report.MrTd.Span),
            ["advisories"] = new JsonArray([.. verified.Tcb.Overall.Advisories.Select(id => (JsonNode)JsonValue.Create(id))]),
        };
    }

    private static byte[] KeyOf(byte[] certificate) => Certificate.Parse(Pem.ToDer(certificate), "the root of the case").SubjectPublicKeyInfoSha256();

    private static void ThrowIfDifferent(IReadOnlyList<VerificationMismatch> mismatches)
    {
        if (mismatches.Count > 0)
        {
            throw new RefusedException(mismatches[0].Check);
        }
    }
}
