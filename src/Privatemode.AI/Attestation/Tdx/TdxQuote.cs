namespace Privatemode.AI.Attestation.Tdx;

// Version 4: header, TD report 1.0, u32 length, signature data. Version 5 puts u16 body kind and u32 body size before the body.
// Signature data: signature 64, attestation key 64, u16 type 6, u32 size, then to the end: QE report 384, its signature 64,
// u16 length and authentication data, u16 type 5, u32 size, PEM chain to the end.

/// <summary>A TDX quote taken apart: every length agrees with every other. Whether it is true is judged elsewhere.</summary>
internal sealed class TdxQuote
{
    /// <summary>The longest quote that is looked at, in bytes; real ones have at most 8,000.</summary>
    public const int MaximumLength = 128 * 1024;

    private const ushort BodyTd10 = 2;
    private const ushort BodyTd15 = 3;
    private const ushort CertifiedByQeReport = 6;
    private const ushort CertifiedByPckChain = 5;
    private const int SignatureSize = 64;
    private const int KeySize = 64;

    private TdxQuote(int version, TdReport report, ReadOnlyMemory<byte> signedBytes)
    {
        Version = version;
        Report = report;
        SignedBytes = signedBytes;
    }

    /// <summary>4 or 5.</summary>
    public int Version { get; }

    /// <summary>What the CPU says about the trust domain.</summary>
    public TdReport Report { get; }

    /// <summary>Header and body, as the attestation key signed them.</summary>
    public ReadOnlyMemory<byte> SignedBytes { get; }

    /// <summary>r and s, big-endian, 64 bytes.</summary>
    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <summary>x and y, big-endian, 64 bytes.</summary>
    public ReadOnlyMemory<byte> AttestationKey { get; private init; }

    public QeReport QeReport { get; private init; } = null!;

    /// <summary>r and s, big-endian, 64 bytes.</summary>
    public ReadOnlyMemory<byte> QeReportSignature { get; private init; }

    /// <summary>Goes into the QE report's data beside the attestation key.</summary>
    public ReadOnlyMemory<byte> AuthenticationData { get; private init; }

    /// <summary>PCK certificate, CA and root in PEM.</summary>
    public ReadOnlyMemory<byte> PckChain { get; private init; }

    /// <summary>Takes a quote apart. Bytes after the signature data are not authenticated and not looked at: platforms pad with zeros.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is no TDX quote of version 4 or 5, or its lengths do not agree.</exception>
    public static TdxQuote Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MaximumLength)
        {
            throw TdxFailure.Quote(TdxChecks.QuoteLength, "is too long", $"at most {MaximumLength} bytes", $"{bytes.Length} bytes");
        }

        QuoteReader reader = new(bytes);
        int version = QuoteHeader.Check(reader.Read(QuoteHeader.Size, TdxChecks.QuoteLength).Span);
        uint bodySize = version == 4 ? TdReport.Size10 : ReadBodySize(ref reader);
        TdReport report = new(reader.Read(bodySize, TdxChecks.QuoteLength));
        ReadOnlyMemory<byte> signedBytes = bytes[..^reader.Remaining];
        uint length = reader.ReadUInt32(TdxChecks.QuoteLength);
        return ParseSignatureData(version, report, signedBytes, new QuoteReader(reader.Read(length, TdxChecks.QuoteSignatureLength)));
    }

    // Kind 1 is an SGX enclave and kind 4 a later TD report that no platform of the service makes: refused, not guessed at.
    private static uint ReadBodySize(ref QuoteReader reader)
    {
        ushort kind = reader.ReadUInt16(TdxChecks.QuoteLength);
        uint size = reader.ReadUInt32(TdxChecks.QuoteLength);
        return (kind, size) is (BodyTd10, TdReport.Size10) or (BodyTd15, TdReport.Size15)
            ? size
            : throw TdxFailure.Quote(
                TdxChecks.QuoteBody,
                "has a body of an unknown kind, or of a size that is not its kind's",
                $"kind {BodyTd10} of {TdReport.Size10} bytes or kind {BodyTd15} of {TdReport.Size15}",
                $"kind {kind} of {size} bytes");
    }

    private static TdxQuote ParseSignatureData(int version, TdReport report, ReadOnlyMemory<byte> signedBytes, QuoteReader reader)
    {
        ReadOnlyMemory<byte> signature = reader.Read(SignatureSize, TdxChecks.QuoteSignatureLength);
        ReadOnlyMemory<byte> attestationKey = reader.Read(KeySize, TdxChecks.QuoteSignatureLength);
        ReadHeading(ref reader, CertifiedByQeReport, TdxChecks.CertificationType, TdxChecks.CertificationLength);
        QeReport qeReport = new(reader.Read(QeReport.Size, TdxChecks.CertificationLength));
        ReadOnlyMemory<byte> qeReportSignature = reader.Read(SignatureSize, TdxChecks.CertificationLength);
        ushort authenticationLength = reader.ReadUInt16(TdxChecks.AuthenticationLength);
        ReadOnlyMemory<byte> authenticationData = reader.Read(authenticationLength, TdxChecks.AuthenticationLength);
        ReadHeading(ref reader, CertifiedByPckChain, TdxChecks.PckType, TdxChecks.PckLength);
        return new TdxQuote(version, report, signedBytes)
        {
            Signature = signature,
            AttestationKey = attestationKey,
            QeReport = qeReport,
            QeReportSignature = qeReportSignature,
            AuthenticationData = authenticationData,
            PckChain = reader.Read((uint)reader.Remaining, TdxChecks.PckLength),
        };
    }

    // Type and size of what follows; the size must be all that is left, so that no byte has two owners or none.
    private static void ReadHeading(ref QuoteReader reader, ushort demandedType, string typeCheck, string lengthCheck)
    {
        ushort type = reader.ReadUInt16(typeCheck);
        if (type != demandedType)
        {
            throw TdxFailure.Quote(typeCheck, "is certified in an unknown way", $"type {demandedType}", $"type {type}");
        }

        uint size = reader.ReadUInt32(lengthCheck);
        if (size != (uint)reader.Remaining)
        {
            throw TdxFailure.Quote(lengthCheck, "has lengths that do not agree", $"{reader.Remaining} bytes", $"{size} bytes");
        }
    }
}
