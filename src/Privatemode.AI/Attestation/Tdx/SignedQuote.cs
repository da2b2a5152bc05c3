using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>
/// A quote with valid signatures under a chain to a trusted root: everything that it proves without collateral. The collateral shows whether its keys are
/// revoked, and contains Intel's information about the platform.
/// </summary>
internal sealed class SignedQuote : IDisposable
{
    private readonly TdxTrustAnchors _anchors;
    private readonly IntelRoots _roots;

    private SignedQuote(TdxQuote quote, PckChain chain, TdxTrustAnchors anchors, IntelRoots roots)
    {
        Quote = quote;
        Chain = chain;
        _anchors = anchors;
        _roots = roots;
    }

    public TdxQuote Quote { get; }

    public PckChain Chain { get; }

    /// <summary>Verifies chain and signatures.</summary>
    /// <param name="quote">The quote; bytes after its signature data are ignored.</param>
    /// <exception cref="PrivatemodeVerificationException">The quote was not made by a genuine platform.</exception>
    public static SignedQuote Verify(ReadOnlyMemory<byte> quote, TdxTrustAnchors anchors, DateTimeOffset at)
    {
        TdxQuote parsed = TdxQuote.Parse(quote);
        IntelRoots roots = new(anchors, at);
        PckChain? chain = null;
        try
        {
            chain = PckChain.Verify(parsed, roots, at);
            QuoteSignatures.Check(parsed, chain.Leaf);
            return new SignedQuote(parsed, chain, anchors, roots);
        }
        catch
        {
            chain?.Dispose();
            roots.Dispose();
            throw;
        }
    }

    /// <summary>Starts the verification of collateral at a time, which may be later than the one at which the chain was verified.</summary>
    /// <returns>Roots that contain the root of the quote. The roots of the collateral must have the same key. The caller disposes them.</returns>
    public IntelRoots BeginRoots(DateTimeOffset at)
    {
        IntelRoots roots = new(_anchors, at);
        try
        {
            _ = roots.Accept(Chain.Root.Certificate);
            Chain.CheckValidity(at);
            return roots;
        }
        catch
        {
            roots.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Chain.Dispose();
        _roots.Dispose();
    }
}

/// <summary>From the PCK key to the quote: the PCK key signed the QE report, which names the attestation key, which signed the quote.</summary>
internal static class QuoteSignatures
{
    private const int CoordinateSize = 32;

    public static void Check(TdxQuote quote, Certificate pck)
    {
        using (ECDsa pckKey = SubjectKeys.ImportP256(pck))
        {
            if (!Verify(pckKey, quote.QeReport.Bytes.Span, quote.QeReportSignature.Span))
            {
                throw TdxExceptions.Quote(TdxChecks.QeReportSignature, "has a quoting enclave report that is not signed with the PCK key");
            }
        }

        CheckReportData(quote);
        using ECDsa attestationKey = ImportAttestationKey(quote.AttestationKey.Span);
        if (!Verify(attestationKey, quote.SignedBytes.Span, quote.Signature.Span))
        {
            throw TdxExceptions.Quote(TdxChecks.QuoteSignature, "is not signed with its attestation key");
        }
    }

    /// <summary>ECDSA with SHA-256, the signature as r and s.</summary>
    public static bool Verify(ECDsa key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    // Without this check, an attacker could sign their own quote with their own key.
    private static void CheckReportData(TdxQuote quote)
    {
        Span<byte> expected = stackalloc byte[2 * SHA256.HashSizeInBytes];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(quote.AttestationKey.Span);
        hash.AppendData(quote.AuthenticationData.Span);
        _ = hash.GetHashAndReset(expected);
        ReadOnlySpan<byte> found = quote.QeReport.ReportData.Span;
        if (!found.SequenceEqual(expected))
        {
            throw TdxExceptions.Quote(
                TdxChecks.QeReportData, "has an attestation key that the quoting enclave's report does not confirm",
                Convert.ToHexStringLower(expected), Convert.ToHexStringLower(found));
        }
    }

    private static ECDsa ImportAttestationKey(ReadOnlySpan<byte> key)
    {
        try
        {
            return ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = key[..CoordinateSize].ToArray(), Y = key[CoordinateSize..].ToArray() },
            });
        }
        catch (CryptographicException)
        {
            throw TdxExceptions.Quote(TdxChecks.AttestationKey, "has an attestation key that is not a point on P-256");
        }
    }
}
