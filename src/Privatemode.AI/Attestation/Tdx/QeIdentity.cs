using System.Text.Json;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Intel's information about the quoting enclave of trust domains. Read from bytes whose signature has been verified.</summary>
internal sealed record QeIdentity(
    DateTimeOffset IssueDate,
    DateTimeOffset NextUpdate,
    int EvaluationDataNumber,
    byte[] MiscSelect,
    byte[] MiscSelectMask,
    byte[] Attributes,
    byte[] AttributesMask,
    byte[] MrSigner,
    int IsvProductId,
    IReadOnlyList<SvnLevel> Levels)
{
    /// <summary>Name of the signed member.</summary>
    public const string Name = "enclaveIdentity";

    private const int Version = 2;
    private const int MiscSelectSize = 4;
    private const int AttributesSize = 16;
    private const int MrSignerSize = 32;

    /// <summary>Reads the document from an answer of Intel's service. Its dates are not checked.</summary>
    /// <exception cref="PrivatemodeVerificationException">The document is not signed, is for another enclave, or is malformed.</exception>
    public static QeIdentity ReadSigned(ReadOnlyMemory<byte> answer, CollateralSigner signer) =>
        SignedDocument.Read(answer, signer, Name, TdxChecks.QeIdentityFormat, TdxChecks.QeIdentitySignature, Read);

    /// <exception cref="PrivatemodeVerificationException">The document is for another enclave, or is malformed.</exception>
    public static QeIdentity Read(JsonElement content) => CollateralJson.Read(content, Name, TdxChecks.QeIdentityFormat, static content =>
    {
        if (!content.ReadText("id").SequenceEqual("TD_QE"u8) || content.ReadInteger("version", int.MaxValue) != Version)
        {
            throw TdxExceptions.Collateral(TdxChecks.QeIdentityKind, "Intel's enclaveIdentity is for another enclave", $"TD_QE, version {Version}");
        }

        return new QeIdentity(
            content.ReadDate("issueDate"),
            content.ReadDate("nextUpdate"),
            content.ReadInteger("tcbEvaluationDataNumber", int.MaxValue),
            content.ReadHex("miscselect", MiscSelectSize),
            content.ReadHex("miscselectMask", MiscSelectSize),
            content.ReadHex("attributes", AttributesSize),
            content.ReadHex("attributesMask", AttributesSize),
            content.ReadHex("mrsigner", MrSignerSize),
            content.ReadInteger("isvprodid", ushort.MaxValue),
            SvnLevel.ReadAll(content));
    });

    /// <summary>Refuses the document outside of its validity, which includes both ends.</summary>
    public void CheckDates(DateTimeOffset at) =>
        CollateralDates.Check(Name, IssueDate, NextUpdate, at, TdxChecks.QeIdentityNotYetValid, TdxChecks.QeIdentityExpired);

    /// <summary>Returns Intel's status of the quoting enclave that created the quote.</summary>
    /// <exception cref="PrivatemodeVerificationException">The quote was created by another enclave, or by one that is older than every version that Intel
    /// lists.</exception>
    public TcbFinding Evaluate(QeReport report)
    {
        bool sameMiscSelect = MaskedBytes.AreEqual(report.MiscSelect.Span, MiscSelectMask, MiscSelect);
        Require(sameMiscSelect, TdxChecks.QeMiscSelect, MiscSelect, report.MiscSelect);
        bool sameAttributes = MaskedBytes.AreEqual(report.Attributes.Span, AttributesMask, MaskedBytes.And(Attributes, AttributesMask));
        Require(sameAttributes, TdxChecks.QeAttributes, Attributes, report.Attributes);
        Require(report.MrSigner.Span.SequenceEqual(MrSigner), TdxChecks.QeSigner, MrSigner, report.MrSigner);
        if (report.IsvProductId != IsvProductId)
        {
            throw TdxExceptions.Platform(
                TdxChecks.QeProduct, "created the quote with an enclave that is not Intel's quoting enclave", $"{IsvProductId}", $"{report.IsvProductId}");
        }

        return SvnLevel.Match(Levels, report.IsvSvn)?.Finding ?? throw TdxExceptions.Platform(
            TdxChecks.QeLevel,
            "has a quoting enclave that is older than all versions that Intel lists",
            $"version {Levels.Min(level => level.IsvSvn)} or higher",
            $"version {report.IsvSvn}",
            VerificationCause.Collateral);
    }

    private static void Require(bool condition, string check, ReadOnlySpan<byte> expected, ReadOnlyMemory<byte> found)
    {
        if (!condition)
        {
            throw TdxExceptions.Platform(
                check, "created the quote with an enclave that is not Intel's quoting enclave",
                Convert.ToHexStringLower(expected), Convert.ToHexStringLower(found.Span));
        }
    }
}

/// <summary>Compares bytes under a mask.</summary>
internal static class MaskedBytes
{
    /// <summary>Returns whether value AND mask is equal to the expected bytes; false if the lengths differ.</summary>
    public static bool AreEqual(ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask, ReadOnlySpan<byte> expected)
    {
        bool equal = value.Length == mask.Length && value.Length == expected.Length;
        for (int i = 0; equal && i < value.Length; i++)
        {
            equal = (value[i] & mask[i]) == expected[i];
        }

        return equal;
    }

    /// <summary>Returns value AND mask, which must have the same length.</summary>
    public static byte[] And(ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask)
    {
        byte[] result = new byte[value.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (byte)(value[i] & mask[i]);
        }

        return result;
    }
}
