using System.Text.Json;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Sev;

/// <summary>One case: what is shown, when, under which root, and what has to come of it.</summary>
internal sealed class SnpVector(SnpVectors vectors, JsonElement element)
{
    public string Id => element.Text("id");


    public string Result => element.GetProperty("expected").Text("result");

    /// <summary>Null for a case that is valid.</summary>
    public string? Stage => Optional(element.GetProperty("expected"), "stage");

    public SnpProduct Product => Enum.Parse<SnpProduct>(element.Text("product"));

    public DateTimeOffset At => element.GetProperty("verifyAt").GetDateTimeOffset();

    public bool MustFailWithoutDebug => Optional(element, "mustFailPolicy") == "debug";

    /// <summary>AMD's root keys, or the only one of the case.</summary>
    public SevTrustAnchors Anchors =>
        Optional(element, "trustRootForThisCase") is { } root ? vectors.Anchors(root, Product) : SevTrustAnchors.Production;

    public ReadOnlyMemory<byte> Report => vectors.Read(File("report")!);

    public ReadOnlyMemory<byte> Vek => vectors.Read(File("vek")!);

    public ReadOnlyMemory<byte> Intermediate => vectors.ReadCertificate(File("intermediate")!);

    public ReadOnlyMemory<byte> Root => vectors.ReadCertificate(File("root")!);

    /// <summary>The case's list; without one a list of its root that is valid at its time, or null.</summary>
    public ReadOnlyMemory<byte> Crl => (File("crl"), File("root")) switch
    {
        ({ } crl, _) => vectors.Read(crl),
        (_, "snp/forged/ark.pem") => vectors.Read("snp/forged/crl_clean.der"),
        (_, "roots/amd_milan_ark.pem") => vectors.Read("snp/crl/amd_milan_vcek_crl_6.der"),
        _ => default,
    };

    public bool HasVek => File("vek") is not null;

    /// <summary>Verifies with a revocation list where there is one; else everything but revocation, and that the list is missed.</summary>
    public VerifiedSnpReport Verify(SevTrustAnchors anchors)
    {
        SnpReport report = SnpReport.Parse(Report);
        VekCertificate vek = VekCertificate.Parse(Vek);
        SnpCollateral collateral = new(Intermediate, Root, Crl);
        if (!Crl.IsEmpty)
        {
            return SnpVerifier.Verify(report, vek, collateral, anchors, At);
        }

        SnpVerifier.CheckKind(report, vek);
        using SnpAuthorities authorities = SnpAuthorities.Verify(collateral.Intermediate, collateral.Root, anchors);
        SnpTcb tcb = SignedSnpReport.Verify(report, vek, authorities, At).Tcb;
        PrivatemodeVerificationException missing =
            Assert.Throws<PrivatemodeVerificationException>(() => SnpVerifier.Verify(report, vek, collateral, anchors, At));
        Assert.Equal(SevChecks.RevocationListMissing, missing.ErrorType);
        SnpDates dates = new(vek.Certificate.NotBefore, vek.Certificate.NotAfter, authorities.Intermediate.NotAfter, authorities.Root.NotAfter, At, At);
        return new VerifiedSnpReport(report, authorities.Product, vek.Signer, tcb, dates);
    }

    private string? File(string name) => Optional(element.GetProperty("files"), name);

    private static string? Optional(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
