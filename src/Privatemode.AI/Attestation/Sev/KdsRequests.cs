namespace Privatemode.AI.Attestation.Sev;

// Reference: AMD 57230, section 4. Numbers are decimal. The host is not part of it: a proxy may stand in for kdsintf.amd.com.

/// <summary>Path and query of requests to AMD's key distribution. Nothing here has been verified: a wrong request gives a wrong certificate.</summary>
internal static class KdsRequests
{
    /// <summary>The certificate (DER) of the key that a chip derives for the reported TCB. VLEKs cannot be asked for.</summary>
    /// <param name="report">The report, not verified yet.</param>
    /// <param name="product">The product line to read it as.</param>
    /// <exception cref="PrivatemodeVerificationException">The report does not say which chip, or its TCB is not the product's.</exception>
    public static string Vcek(SnpReport report, SnpProduct product)
    {
        if (report.IsChipIdMasked)
        {
            throw SevFailure.Create(
                SevChecks.ChipIdMasked, "The host masks the chip id, so that the certificate of the signing key cannot be asked for");
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
