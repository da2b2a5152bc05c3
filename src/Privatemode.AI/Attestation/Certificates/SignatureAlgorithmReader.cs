using System.Formats.Asn1;

namespace Privatemode.AI.Attestation.Certificates;

// References: RFC 5758 section 3.2 (ECDSA: parameters absent), RFC 4055 sections 2.1 and 3.1 (RSASSA-PSS-params), RFC 5280 section
// 4.1.1.2 (the algorithm stands twice, both times the same). The PSS parameters are parsed, not compared with one byte string: AMD's
// older certificates write the default trailer out and the newer ones do not.

/// <summary>Reads an AlgorithmIdentifier; everything that is not exactly one of the two known algorithms is null.</summary>
internal static class SignatureAlgorithmReader
{
    private const string RsaPss = "1.2.840.113549.1.1.10";
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private const string Mgf1 = "1.2.840.113549.1.1.8";
    private const string Sha384 = "2.16.840.1.101.3.4.2.2";
    private const int Sha384Size = 48;

    private static readonly Asn1Tag HashTag = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag MaskTag = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag SaltTag = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag TrailerTag = new(TagClass.ContextSpecific, 3);

    /// <summary>The algorithm named both inside and outside the signed part, or null.</summary>
    /// <exception cref="AsnContentException">The bytes are not DER.</exception>
    public static SignatureAlgorithm? Read(ReadOnlyMemory<byte> inner, ReadOnlyMemory<byte> outer)
    {
        if (!inner.Span.SequenceEqual(outer.Span))
        {
            return null;
        }

        AsnReader sequence = new AsnReader(inner, AsnEncodingRules.DER).ReadSequence();
        return sequence.ReadObjectIdentifier() switch
        {
            RsaPss when sequence.HasData && IsExpectedPss(sequence.ReadSequence()) && !sequence.HasData => SignatureAlgorithm.RsaPssSha384,
            EcdsaWithSha256 when !sequence.HasData => SignatureAlgorithm.EcdsaP256Sha256,
            _ => null,
        };
    }

    // All parameters but the trailer differ from their defaults, so they have to be there, in this order.
    private static bool IsExpectedPss(AsnReader parameters)
    {
        bool expected = parameters.HasData && IsSha384(ReadWrappedSequence(parameters, HashTag));
        expected = expected && parameters.HasData && IsMgf1WithSha384(ReadWrappedSequence(parameters, MaskTag));
        expected = expected && parameters.HasData && ReadWrappedInteger(parameters, SaltTag) == Sha384Size;
        expected = expected && (!parameters.HasData || ReadWrappedInteger(parameters, TrailerTag) == 1);
        return expected && !parameters.HasData;
    }

    private static bool IsMgf1WithSha384(AsnReader algorithm) =>
        algorithm.ReadObjectIdentifier() == Mgf1 && algorithm.HasData && IsSha384(algorithm.ReadSequence()) && !algorithm.HasData;

    // RFC 4055, section 2.1: the parameters may be NULL or absent.
    private static bool IsSha384(AsnReader algorithm)
    {
        bool expected = algorithm.ReadObjectIdentifier() == Sha384;
        if (algorithm.HasData)
        {
            algorithm.ReadNull();
        }

        return expected && !algorithm.HasData;
    }

    private static AsnReader ReadWrappedSequence(AsnReader parameters, Asn1Tag tag)
    {
        AsnReader wrapper = parameters.ReadSequence(tag);
        AsnReader sequence = wrapper.ReadSequence();
        wrapper.ThrowIfNotEmpty();
        return sequence;
    }

    private static int ReadWrappedInteger(AsnReader parameters, Asn1Tag tag)
    {
        AsnReader wrapper = parameters.ReadSequence(tag);
        DerReading.Demand(wrapper.TryReadInt32(out int value), "The number is too large.");
        wrapper.ThrowIfNotEmpty();
        return value;
    }
}
