using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Sev;

// The order: the bytes; the chain to the pinned root at the time; the report's signature; consistency of certificate and report;
// revocation. All but the last often need only the evidence, and are checked before anything is downloaded.

/// <summary>Verifies that a report is authentic: it was created and signed by a genuine AMD processor. Pure.</summary>
internal static class SnpVerifier
{
    /// <summary>Verifies a report whose certificates come from AMD.</summary>
    /// <param name="collateral">The intermediate and root certificates, and the revocation list.</param>
    public static VerifiedSnpReport Verify(
        SnpReport report, VekCertificate vek, SnpCollateral collateral, SevTrustAnchors anchors, DateTimeOffset at)
    {
        CheckKind(report, vek);
        using SnpAuthorities authorities = SnpAuthorities.Verify(collateral.Intermediate, collateral.Root, anchors);
        return Verify(SignedSnpReport.Verify(report, vek, authorities, at), collateral.Crl, at);
    }

    /// <summary>Verifies a signed report at a time, which may be later than the one at which its chain was verified.</summary>
    /// <param name="crl">The root's revocation list, DER.</param>
    public static VerifiedSnpReport Verify(SignedSnpReport signed, ReadOnlyMemory<byte> crl, DateTimeOffset at)
    {
        (SnpAuthorities authorities, VekCertificate vek) = (signed.Authorities, signed.Vek);
        authorities.CheckValidity(vek, at);
        CertificateRevocationList list = authorities.CheckRevocation(crl, at);
        SnpDates dates = new(
            vek.Certificate.NotBefore,
            vek.Certificate.NotAfter,
            authorities.Intermediate.NotAfter,
            authorities.Root.NotAfter,
            list.ThisUpdate,
            list.NextUpdate!.Value);
        return new VerifiedSnpReport(signed.Report, authorities.Product, vek.Signer, signed.Tcb, dates);
    }

    /// <summary>Refuses a certificate of another kind than the one that the report names as its signer.</summary>
    public static void CheckKind(SnpReport report, VekCertificate vek)
    {
        if (report.Signer != vek.Signer)
        {
            throw SevExceptions.Collateral(
                SevChecks.VekKind, "The report names a different kind of signing key than its certificate", $"{report.Signer}", $"{vek.Signer}");
        }
    }

    /// <summary>Refuses a report that was not signed with the certified key. The issuer of the certificate is not checked.</summary>
    public static void CheckSignature(SnpReport report, VekCertificate vek)
    {
        using ECDsa key = SubjectKeys.ImportP384(vek.Certificate);
        bool signed = key.VerifyData(
            report.SignedPart.Span, report.ReadSignature(), HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        if (!signed)
        {
            throw SevExceptions.Create(SevChecks.ReportSignature, "The SNP report is not signed with the certified key");
        }
    }

    /// <summary>Refuses a certificate that is not for the processor and the TCB that the report names. The report's signature is not checked.</summary>
    /// <returns>The TCB versions of the report.</returns>
    public static SnpTcb CheckBinding(SnpReport report, VekCertificate vek, SnpProduct line)
    {
        CheckProduct(report, vek, line);
        SnpTcb tcb = SnpTcb.Read(report, line);
        TcbVersion certified = vek.Extensions.Tcb;
        if (certified != tcb.Reported)
        {
            throw SevExceptions.Collateral(
                SevChecks.TcbBinding, "The signing key was derived for a different TCB version than the report states", $"{tcb.Reported}", $"{certified}");
        }

        CheckHardwareId(report, vek);
        return tcb;
    }

    // The line of the pinned root is used; issuer name, extension and, if the report has it, CPUID must agree with it.
    private static void CheckProduct(SnpReport report, VekCertificate vek, SnpProduct line)
    {
        SnpProduct? cpuid = report.Cpuid is { } processor ? SnpProducts.FromCpuid(processor.Family, processor.Model) : line;
        foreach ((string source, SnpProduct? product) in new[]
        {
            ("issuer name", vek.Line),
            ("product extension", vek.Extensions.Product),
            ("CPUID of the report", cpuid),
        })
        {
            if (product != line)
            {
                throw SevExceptions.Collateral(
                    SevChecks.Product,
                    "Certificates and report do not agree on the processor",
                    SnpProducts.Name(line),
                    $"{source}: {(product is { } named ? SnpProducts.Name(named) : "unknown")}");
            }
        }
    }

    // A masked chip ID does not contradict the certificate; a list of allowed chips refuses it. A VLEK does not belong to one chip.
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
            throw SevExceptions.Collateral(
                SevChecks.HardwareId,
                "The signing key belongs to a different chip than the one that the report names",
                Convert.ToHexStringLower(hardware),
                Convert.ToHexStringLower(chip));
        }
    }
}

/// <summary>
/// A report signed with a key that is certified under a pinned root and consistent with that certificate. Whether the root has revoked its
/// intermediate is decided with the revocation list.
/// </summary>
/// <param name="Authorities">The intermediate and root certificates, which belong to the caller.</param>
/// <param name="Tcb">The TCB versions of the report; the key proves the reported one.</param>
internal sealed record SignedSnpReport(SnpReport Report, VekCertificate Vek, SnpAuthorities Authorities, SnpTcb Tcb)
{
    /// <summary>Verifies the chain and the signature, and checks that certificate and report are consistent. Call <see cref="SnpVerifier.CheckKind"/>
    /// first.</summary>
    /// <exception cref="PrivatemodeVerificationException">The report was not made by a genuine processor.</exception>
    public static SignedSnpReport Verify(SnpReport report, VekCertificate vek, SnpAuthorities authorities, DateTimeOffset at)
    {
        authorities.CheckIssued(vek, at);
        SnpVerifier.CheckSignature(report, vek);
        return new SignedSnpReport(report, vek, authorities, SnpVerifier.CheckBinding(report, vek, authorities.Product));
    }
}

/// <summary>The dates on which a verification depends.</summary>
internal sealed record SnpDates(
    DateTimeOffset VekNotBefore,
    DateTimeOffset VekNotAfter,
    DateTimeOffset IntermediateNotAfter,
    DateTimeOffset RootNotAfter,
    DateTimeOffset CrlThisUpdate,
    DateTimeOffset CrlNextUpdate)
{
    /// <summary>The earliest of these dates.</summary>
    public DateTimeOffset ValidUntil => new[] { VekNotAfter, IntermediateNotAfter, RootNotAfter, CrlNextUpdate }.Min();
}

/// <summary>A report that a genuine AMD processor made. <see cref="SnpPolicy"/> checks its content.</summary>
/// <param name="Tcb">Its TCB versions, in the product's layout.</param>
/// <param name="Dates">The validity of its certificates and the revocation list.</param>
internal sealed record VerifiedSnpReport(SnpReport Report, SnpProduct Product, SnpSigner Signer, SnpTcb Tcb, SnpDates Dates)
{
    /// <summary>The last moment at which the same evidence and collateral can be verified.</summary>
    public DateTimeOffset ValidUntil => Dates.ValidUntil;
}

/// <summary>Certificates and list of a product line, from AMD or from the evidence. Nothing in it is trusted unless a pinned root signed it.</summary>
/// <param name="Intermediate">The certificate that issued the signing key's: ASK for a VCEK, ASVK for a VLEK, DER or PEM.</param>
/// <param name="Root">The certificate of the root key (ARK), DER or PEM.</param>
/// <param name="Crl">The root key's revocation list, DER. Without one, no report is accepted.</param>
internal sealed record SnpCollateral(ReadOnlyMemory<byte> Intermediate, ReadOnlyMemory<byte> Root, ReadOnlyMemory<byte> Crl)
{
    /// <summary>Whether the revocation list is the one in the evidence, because AMD's current list could not be retrieved.</summary>
    public bool IsCrlSupplied { get; init; }
}

// Reference: AMD 57230, section 4. Numbers are decimal. The host is not included: a mirror can replace kdsintf.amd.com.

/// <summary>Paths and queries of requests to AMD's key distribution service. Nothing here is verified: a wrong request returns a wrong certificate.</summary>
internal static class KdsRequests
{
    /// <summary>The certificate (DER) of the key that a chip derives for the reported TCB. VLEKs cannot be requested.</summary>
    /// <param name="report">The report, not verified yet.</param>
    /// <param name="product">The product line whose layout is used.</param>
    /// <exception cref="PrivatemodeVerificationException">The report does not name its chip, or its TCB is not valid for the product.</exception>
    public static string Vcek(SnpReport report, SnpProduct product)
    {
        if (report.IsChipIdMasked)
        {
            throw SevExceptions.Create(
                SevChecks.ChipIdMasked, "The host masks the chip ID, so the certificate of the signing key cannot be requested");
        }

        bool turin = product == SnpProduct.Turin;
        TcbVersion tcb = SnpTcb.Read(report, product).Reported;
        string chip = Convert.ToHexStringLower(turin ? report.ChipId.Span[..8] : report.ChipId.Span);
        string fmc = turin ? $"fmcSPL={tcb.Fmc}&" : string.Empty;
        return $"/vcek/v1/{SnpProducts.Name(product)}/{chip}"
            + $"?{fmc}blSPL={tcb.BootLoader}&teeSPL={tcb.Tee}&snpSPL={tcb.Snp}&ucodeSPL={tcb.Microcode}";
    }

    /// <summary>Intermediate and root, in this order, PEM.</summary>
    public static string CertificateChain(SnpProduct product, SnpSigner signer) => $"{Folder(product, signer)}/cert_chain";

    /// <summary>The root's revocation list, DER.</summary>
    public static string RevocationList(SnpProduct product, SnpSigner signer) => $"{Folder(product, signer)}/crl";

    private static string Folder(SnpProduct product, SnpSigner signer) =>
        $"/{(signer == SnpSigner.Vcek ? "vcek" : "vlek")}/v1/{SnpProducts.Name(product)}";
}
