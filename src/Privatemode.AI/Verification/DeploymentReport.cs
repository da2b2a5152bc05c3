using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Verification;

/// <summary>Creates the public report of a verification.</summary>
internal static class DeploymentReport
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Creates the report.</summary>
    public static VerifiedDeployment Of(
        VerifiedCoordinator verified, ManifestDecision decision, EvidenceBundle evidence, AttestationSettings settings)
    {
        DateTimeOffset meshCaNotAfter = verified.MeshAuthority.NotAfter;
        CollateralInfo[] dates = [.. verified.Snp is { } snp ? DatesOf(snp.Dates) : DatesOf(verified.Tdx!), Date("mesh CA", null, meshCaNotAfter)];
        DateTimeOffset end = verified.VerifiedAt + settings.Lifetime;
        return new VerifiedDeployment(evidence)
        {
            Endpoint = evidence.Endpoint,
            VerifiedAt = evidence.VerifiedAt,
            ValidUntil = new[] { end, verified.ValidUntil, meshCaNotAfter }.Min(),
            ManifestSha256 = Hex(verified.Manifest.Digest),
            ManifestSource = decision.Source,
            ManifestAdoptedAt = decision.AdoptedAt,
            UnapprovedManifestSha256 = decision.Unapproved,
            Manifest = verified.Manifest.Raw,
            Tee = verified.Kind == EvidenceKind.SevSnp ? TeeKind.SevSnp : TeeKind.Tdx,
            AmdProduct = verified.Kind == EvidenceKind.SevSnp ? new AmdProduct(verified.Product) : null,
            Measurement = Hex(verified.Measurement),
            CoordinatorPolicySha256 = Hex(verified.PolicyHash),
            ReferenceValuePath = verified.ReferenceValue,
            Tcb = verified.Snp is { } report ? TcbOf(report.Tcb) : TcbOf(verified.Tdx!),
            Collateral = dates,
            MeshCaSha256 = Hex(verified.MeshAuthority.Fingerprint),
            ClaimedCoordinatorVersion = verified.ClaimedVersion,
            Warnings = [.. verified.Warnings, .. decision.Warnings],
            Checks = verified.Checks,
            IsInsecureLoopback = verified.IsInsecureLoopback,
        };
    }

    /// <summary>Returns the report as JSON in UTF-8.</summary>
    public static byte[] ToJson(VerifiedDeployment deployment)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteString("endpoint", deployment.Endpoint.AbsoluteUri);
            json.WriteBoolean("insecureLoopback", deployment.IsInsecureLoopback);
            json.WriteString("verifiedAt", PrintableText.Utc(deployment.VerifiedAt));
            json.WriteString("validUntil", PrintableText.Utc(deployment.ValidUntil));
            json.WriteString("manifestSha256", deployment.ManifestSha256);
            json.WriteString("manifestSource", deployment.ManifestSource.ToString());
            json.WriteString("manifestAdoptedAt", PrintableText.Utc(deployment.ManifestAdoptedAt));
            json.WriteString("unapprovedManifestSha256", deployment.UnapprovedManifestSha256);
            json.WriteString("tee", deployment.Tee.Value);
            json.WriteString("amdProduct", deployment.AmdProduct?.Value);
            json.WriteString("measurement", deployment.Measurement);
            json.WriteString("coordinatorPolicySha256", deployment.CoordinatorPolicySha256);
            json.WriteString("referenceValuePath", deployment.ReferenceValuePath);
            json.WriteString("meshCaSha256", deployment.MeshCaSha256);
            json.WriteString("claimedCoordinatorVersion", deployment.ClaimedCoordinatorVersion);
            WriteLists(json, deployment);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteLists(Utf8JsonWriter json, VerifiedDeployment deployment)
    {
        json.WriteStartObject("tcb");
        foreach ((string name, string value) in deployment.Tcb)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteStartArray("collateral");
        foreach (CollateralInfo date in deployment.Collateral)
        {
            json.WriteStartObject();
            json.WriteString("name", date.Name);
            json.WriteString("issuedAt", date.IssuedAt is { } issued ? PrintableText.Utc(issued) : null);
            json.WriteString("validUntil", PrintableText.Utc(date.ValidUntil));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("warnings");
        foreach (string warning in deployment.Warnings)
        {
            json.WriteStringValue(warning);
        }

        json.WriteEndArray();
        json.WriteStartArray("checks");
        foreach (VerificationCheck check in deployment.Checks)
        {
            json.WriteStartObject();
            json.WriteString("name", check.Name);
            json.WriteString("outcome", check.Outcome.ToString());
            json.WriteString("detail", check.Detail);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static CollateralInfo[] DatesOf(SnpDates dates) =>
    [
        Date("AMD certificate of the chip (VCEK)", dates.VekNotBefore, dates.VekNotAfter),
        Date("AMD intermediate certificate", null, dates.IntermediateNotAfter),
        Date("AMD root certificate", null, dates.RootNotAfter),
        Date("AMD revocation list", dates.CrlThisUpdate, dates.CrlNextUpdate),
    ];

    private static CollateralInfo[] DatesOf(VerifiedTdxQuote quote) =>
    [
        Date("Intel TCB info", quote.TcbInfo.IssueDate, quote.TcbInfo.NextUpdate),
        .. quote.Newest.TcbInfo is { } newest ? (CollateralInfo[])[Date("Intel newest TCB info", newest.IssueDate, newest.NextUpdate)] : [],
        Date("Intel QE identity", quote.QeIdentity.IssueDate, quote.QeIdentity.NextUpdate),
        Date("Intel revocation list of platforms", quote.PckCrl.From, quote.PckCrl.Until),
        Date("Intel revocation list of the root", quote.RootCrl.From, quote.RootCrl.Until),
        Date("first Intel certificate or list to expire", null, quote.ValidUntil),
    ];

    private static CollateralInfo Date(string name, DateTimeOffset? issuedAt, DateTimeOffset validUntil) =>
        new() { Name = name, IssuedAt = issuedAt, ValidUntil = validUntil };

    private static Dictionary<string, string> TcbOf(SnpTcb tcb) => new()
    {
        ["reported"] = $"{tcb.Reported}",
        ["committed"] = $"{tcb.Committed}",
        ["current"] = $"{tcb.Current}",
        ["launch"] = $"{tcb.Launch}",
    };

    private static Dictionary<string, string> TcbOf(VerifiedTdxQuote quote) => new()
    {
        ["status"] = quote.Tcb.ToText(),
        ["date"] = PrintableText.Utc(quote.Tcb.Overall.Date),
        ["evaluation"] = quote.TcbInfo.EvaluationDataNumber.ToString(CultureInfo.InvariantCulture),
        ["advisories"] = string.Join(", ", quote.Tcb.Overall.Advisories),
    };

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);
}
