using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Certificates;

// Reference: RFC 7468. Chains are read more strictly: no text around the blocks. PemEncoding is not used for them: it skips malformed
// blocks, which must not disappear from a chain, and its search takes quadratic time on crafted text.

/// <summary>Reads certificates in PEM.</summary>
internal static class Pem
{
    private static readonly SearchValues<byte> WhiteSpace = SearchValues.Create(" \t\r\n"u8);

    private static ReadOnlySpan<byte> AnyBegin => "-----BEGIN "u8;

    private static ReadOnlySpan<byte> Begin => "-----BEGIN CERTIFICATE-----"u8;

    private static ReadOnlySpan<byte> End => "-----END CERTIFICATE-----"u8;

    /// <summary>Returns a certificate as DER. One PEM block is accepted instead of DER, as in Contrast's verifier (Go).</summary>
    /// <exception cref="PrivatemodeVerificationException">The bytes begin like PEM but are not one certificate in PEM.</exception>
    public static ReadOnlyMemory<byte> ToDer(ReadOnlyMemory<byte> derOrPem) =>
        derOrPem.Span.StartsWith(AnyBegin) ? ReadCertificates(derOrPem.Span, limit: 1)[0] : derOrPem;

    /// <summary>Reads the first block of a text, regardless of its label and of surrounding text, as Contrast's verifier (Go) reads the mesh CA.</summary>
    /// <param name="limit">The maximum length of the text in bytes.</param>
    /// <returns><see langword="null"/> if there is no block, it is not base64, or the text is too long.</returns>
    public static byte[]? ReadFirstBlock(ReadOnlySpan<byte> text, int limit)
    {
        if (text.Length > limit || !PemEncoding.TryFindUtf8(text, out PemFields block))
        {
            return null;
        }

        byte[] der = new byte[block.DecodedDataLength];
        OperationStatus status = Base64.DecodeFromUtf8(text[block.Base64Data], der, out _, out int written);
        return status == OperationStatus.Done && written == der.Length ? der : null;
    }

    /// <summary>Reads 1 to <paramref name="limit"/> certificates, with only white space before, between and after them.</summary>
    /// <remarks>The blocks contain base64; <see cref="Certificate.Parse"/> checks whether they contain certificates.</remarks>
    /// <exception cref="PrivatemodeVerificationException">The text has another form.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> ReadCertificates(ReadOnlySpan<byte> text, int limit)
    {
        List<ReadOnlyMemory<byte>> certificates = [];
        for (int start = text.IndexOfAnyExcept(WhiteSpace); start >= 0; start = text.IndexOfAnyExcept(WhiteSpace))
        {
            if (certificates.Count == limit)
            {
                throw Failure("contains too many certificates, or data after them", $"at most {limit} certificates");
            }

            text = text[start..];

            // Search after the beginning: its closing dashes may look like the start of an end.
            int end = text.StartsWith(Begin) ? text[Begin.Length..].IndexOf(End) : -1;
            if (end < 0)
            {
                throw Failure("contains data that is not a certificate", "PEM certificates and white space only");
            }

            certificates.Add(Decode(text.Slice(Begin.Length, end)));
            text = text[(Begin.Length + end + End.Length)..];
        }

        return certificates.Count > 0 ? certificates : throw Failure("contains no certificate", "at least one PEM certificate");
    }

    private static ReadOnlyMemory<byte> Decode(ReadOnlySpan<byte> base64)
    {
        // White space inside is skipped, so the length is an upper bound.
        byte[] der = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        return Base64.DecodeFromUtf8(base64, der, out _, out int written) == OperationStatus.Done
            ? der.AsMemory(0, written)
            : throw Failure("contains a block that is not base64", "PEM certificates and white space only");
    }

    private static PrivatemodeVerificationException Failure(string what, string expected) =>
        PrivatemodeVerificationException.Create(
            CertificateChecks.PemFormat, $"A certificate chain in PEM {what}. Do not send anything.", expected, cause: VerificationCause.Collateral);
}
