using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Sev;

// The order: what the bytes say; chain to the pinned root at the time; the report's signature; what certificate and report say about each
// other; revocation. All but the last needs no more than evidence often brings along, and is judged before anything is fetched for it.

/// <summary>Judges whether a report is authentic: made and signed by a genuine AMD processor. Pure.</summary>
internal static class SnpVerifier
{
    /// <summary>Verifies a report with its certificates.</summary>
    /// <param name="evidence">What the deployment shows.</param>
    /// <param name="collateral">What comes from AMD.</param>
    /// <param name="anchors">The root keys to trust.</param>
    /// <param name="at">The time of the verdict.</param>
    /// <exception cref="PrivatemodeVerificationException">The report is not authentic at that time.</exception>
    public static VerifiedSnpReport Verify(SnpEvidence evidence, SnpCollateral collateral, SevTrustAnchors anchors, DateTimeOffset at)
    {
        using SignedSnpReport signed = SignedSnpReport.Verify(evidence, collateral.Intermediate, collateral.Root, anchors, at);
        SnpChain chain = signed.Chain;
        VekCertificate vek = chain.Vek;
        CertificateRevocationList list = chain.CheckRevocation(collateral.Crl, at);
        SnpDates dates = new(
            vek.Certificate.NotBefore,
            vek.Certificate.NotAfter,
            chain.Intermediate.NotAfter,
            chain.Root.NotAfter,
            list.ThisUpdate,
            list.NextUpdate!.Value);
        return new VerifiedSnpReport(signed.Report, chain.Product, vek.Signer, signed.Tcb, dates);
    }

    /// <summary>Refuses a report that the key of a certificate did not sign. Who issued the certificate is not looked at: this is a first stage only.</summary>
    /// <exception cref="PrivatemodeVerificationException">Report and certificate do not belong together.</exception>
    public static void CheckSigner(SnpEvidence evidence)
    {
        SnpReport report = SnpReport.Parse(evidence.Report);
        VekCertificate vek = VekCertificate.Parse(evidence.Vek);
        CheckKind(report, vek);
        CheckSignature(report, vek.Certificate);
    }

    /// <summary>Refuses a certificate of another kind than the report names as its signer.</summary>
    public static void CheckKind(SnpReport report, VekCertificate vek)
    {
        if (report.Signer != vek.Signer)
        {
            throw SevFailure.Create(SevChecks.VekKind, "The report names another kind of key than its certificate", $"{report.Signer}", $"{vek.Signer}");
        }
    }

    /// <summary>Refuses a report that the certified key did not sign, or that contradicts its certificate.</summary>
    /// <returns>The TCB versions of the report, the reported one proved by the key.</returns>
    public static SnpTcb CheckReport(SnpReport report, SnpChain chain)
    {
        CheckSignature(report, chain.Vek.Certificate);
        return CheckBinding(report, chain);
    }

    /// <summary>Refuses a certificate that is not about the processor and the TCB the report names. Says nothing about who signed the report.</summary>
    /// <returns>The TCB versions of the report.</returns>
    public static SnpTcb CheckBinding(SnpReport report, SnpChain chain)
    {
        CheckProduct(report, chain);
        SnpTcb tcb = SnpTcb.Read(report, chain.Product);
        TcbVersion certified = chain.Vek.Extensions.Tcb;
        if (certified != tcb.Reported)
        {
            throw SevFailure.Create(
                SevChecks.TcbBinding, "The signing key was derived for another TCB than the report claims", $"{tcb.Reported}", $"{certified}");
        }

        CheckHardwareId(report, chain.Vek);
        return tcb;
    }

    private static void CheckSignature(SnpReport report, Certificate vek)
    {
        using ECDsa key = SubjectKeys.ImportP384(vek);
        bool signed = key.VerifyData(
            report.SignedPart.Span, report.ReadSignature(), HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        if (!signed)
        {
            throw SevFailure.Create(SevChecks.ReportSignature, "The SNP report is not signed with the certified key");
        }
    }

    // The line of the pinned root decides; issuer name, extension and, where the report has it, CPUID have to agree.
    private static void CheckProduct(SnpReport report, SnpChain chain)
    {
        SnpProduct? cpuid = report.Cpuid is { } processor ? SnpProducts.FromCpuid(processor.Family, processor.Model) : chain.Product;
        foreach ((string source, SnpProduct? product) in new[]
        {
            ("issuer name", chain.Vek.Line),
            ("product extension", chain.Vek.Extensions.Product),
            ("CPUID of the report", cpuid),
        })
        {
            if (product != chain.Product)
            {
                throw SevFailure.Create(
                    SevChecks.Product,
                    "Certificates and report do not agree on the processor",
                    SnpProducts.Name(chain.Product),
                    $"{source}: {(product is { } named ? SnpProducts.Name(named) : "unknown")}");
            }
        }
    }

    // A masked chip id names no chip, so nothing contradicts the certificate; a list of allowed chips refuses it. A VLEK is no chip's.
    private static void CheckHardwareId(SnpReport report, VekCertificate vek)
    {
        if (vek.Signer == SnpSigner.Vlek || report.IsChipIdMasked)
        {
            return;
        }

        ReadOnlySpan<byte> chip = report.ChipId.Span;
        ReadOnlySpan<byte> hardware = vek.Extensions.HardwareId.Span;
        if (!chip[..hardware.Length].SequenceEqual(hardware) || chip[hardware.Length..].ContainsAnyExcept((byte)0))
        {
            throw SevFailure.Create(
                SevChecks.HardwareId,
                "The signing key belongs to another chip than the report names",
                Convert.ToHexStringLower(hardware),
                Convert.ToHexStringLower(chip));
        }
    }
}
