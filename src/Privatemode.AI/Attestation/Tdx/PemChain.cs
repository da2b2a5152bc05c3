using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Reads a chain of a fixed length in PEM.</summary>
internal static class PemChain
{
    public const string RootHolder = "the Intel SGX root";

    /// <summary>Reads exactly as many certificates as there are holders, in this order.</summary>
    /// <param name="pem">The chain.</param>
    /// <param name="check">The check that fails when there are more, fewer or none.</param>
    /// <param name="holders">Whose certificates they are meant to be, for messages.</param>
    /// <exception cref="PrivatemodeVerificationException">It is not such a chain.</exception>
    public static Certificate[] Read(ReadOnlySpan<byte> pem, string check, ReadOnlySpan<string> holders)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> blocks;
        try
        {
            blocks = Pem.ReadCertificates(pem, holders.Length);
        }
        catch (PrivatemodeVerificationException exception) when (exception.ErrorType == CertificateChecks.PemFormat)
        {
            throw TdxFailure.Collateral(check, $"The chain of {holders[0]} is not in PEM", exception.Expected);
        }

        if (blocks.Count != holders.Length)
        {
            throw TdxFailure.Collateral(
                check, $"The chain of {holders[0]} is not complete", $"{holders.Length} certificates", $"{blocks.Count} certificates");
        }

        Certificate[] certificates = new Certificate[holders.Length];
        for (int i = 0; i < certificates.Length; i++)
        {
            certificates[i] = Certificate.Parse(blocks[i], holders[i]);
        }

        return certificates;
    }

    /// <summary>Refuses a certificate that is issued for another purpose, by the same authority even.</summary>
    /// <exception cref="PrivatemodeVerificationException">The certificate has another common name.</exception>
    public static void CheckRole(Certificate certificate, string commonName, string check)
    {
        string? found = certificate.ReadSubject().CommonName;
        if (found != commonName)
        {
            throw CertificateFailure.Create(check, certificate.Holder, "is issued for another purpose", commonName);
        }
    }
}
