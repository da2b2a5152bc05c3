using System.Buffers.Binary;

namespace Privatemode.AI.Attestation.Tdx;

// Version 4: header, TD report 1.0, u32 length, signature data. Version 5 puts u16 body kind and u32 body size before the body.
// Signature data: signature 64, attestation key 64, u16 type 6, u32 size, then to the end: QE report 384, its signature 64,
// u16 length and authentication data, u16 type 5, u32 size, PEM chain to the end.

/// <summary>A parsed TDX quote, whose lengths are consistent. This type does not verify it.</summary>
internal sealed class TdxQuote
{
    /// <summary>The maximum length of a quote in bytes; real ones have at most 8,000.</summary>
    public const int MaximumLength = 128 * 1024;

    private const ushort BodyTd10 = 2;
    private const ushort BodyTd15 = 3;
    private const ushort CertifiedByQeReport = 6;
    private const ushort CertifiedByPckChain = 5;
    private const int SignatureSize = 64;
    private const int KeySize = 64;

    private TdxQuote(int version, TdReport report, ReadOnlyMemory<byte> signedBytes, QuoteReader reader)
    {
        Version = version;
        Report = report;
        SignedBytes = signedBytes;
        Signature = reader.Read(SignatureSize, TdxChecks.QuoteSignatureLength);
        AttestationKey = reader.Read(KeySize, TdxChecks.QuoteSignatureLength);
        ReadHeading(ref reader, CertifiedByQeReport, TdxChecks.CertificationType, TdxChecks.CertificationLength);
        QeReport = new QeReport(reader.Read(QeReport.Size, TdxChecks.CertificationLength));
        QeReportSignature = reader.Read(SignatureSize, TdxChecks.CertificationLength);
        AuthenticationData = reader.Read(reader.ReadUInt16(TdxChecks.AuthenticationLength), TdxChecks.AuthenticationLength);
        ReadHeading(ref reader, CertifiedByPckChain, TdxChecks.PckType, TdxChecks.PckLength);
        PckChain = reader.Read((uint)reader.Remaining, TdxChecks.PckLength);
    }

    /// <summary>4 or 5.</summary>
    public int Version { get; }

    /// <summary>The CPU's report about the trust domain.</summary>
    public TdReport Report { get; }

    /// <summary>Header and body, as the attestation key signed them.</summary>
    public ReadOnlyMemory<byte> SignedBytes { get; }

    /// <summary>r and s, big-endian, 64 bytes.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>x and y, big-endian, 64 bytes.</summary>
    public ReadOnlyMemory<byte> AttestationKey { get; }

    public QeReport QeReport { get; }

    /// <summary>r and s, big-endian, 64 bytes.</summary>
    public ReadOnlyMemory<byte> QeReportSignature { get; }

    /// <summary>The authentication data, which are hashed into the QE report's data after the attestation key.</summary>
    public ReadOnlyMemory<byte> AuthenticationData { get; }

    /// <summary>PCK certificate, CA and root in PEM.</summary>
    public ReadOnlyMemory<byte> PckChain { get; }

    /// <summary>Parses a quote. Bytes after the signature data are not authenticated and are ignored: platforms pad with zeros.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is not a TDX quote of version 4 or 5, or its lengths are inconsistent.</exception>
    public static TdxQuote Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MaximumLength)
        {
            throw TdxExceptions.Quote(TdxChecks.QuoteLength, "is too long", $"at most {MaximumLength} bytes", $"{bytes.Length} bytes");
        }

        QuoteReader reader = new(bytes);
        int version = QuoteHeader.Check(reader.Read(QuoteHeader.Size, TdxChecks.QuoteLength).Span);
        uint bodySize = version == 4 ? TdReport.Size10 : ReadBodySize(ref reader);
        TdReport report = new(reader.Read(bodySize, TdxChecks.QuoteLength));
        ReadOnlyMemory<byte> signedBytes = bytes[..^reader.Remaining];
        uint length = reader.ReadUInt32(TdxChecks.QuoteLength);
        return new TdxQuote(version, report, signedBytes, new QuoteReader(reader.Read(length, TdxChecks.QuoteSignatureLength)));
    }

    // Kind 1 is an SGX enclave, and kind 4 a later TD report that no platform of the service creates: both are refused.
    private static uint ReadBodySize(ref QuoteReader reader)
    {
        ushort kind = reader.ReadUInt16(TdxChecks.QuoteLength);
        uint size = reader.ReadUInt32(TdxChecks.QuoteLength);
        return (kind, size) is (BodyTd10, TdReport.Size10) or (BodyTd15, TdReport.Size15)
            ? size
            : throw TdxExceptions.Quote(
                TdxChecks.QuoteBody,
                "has a body of an unknown kind, or of the wrong size for its kind",
                $"kind {BodyTd10} of {TdReport.Size10} bytes or kind {BodyTd15} of {TdReport.Size15}",
                $"kind {kind} of {size} bytes");
    }

    // Type and size of the rest; the size must be exactly the rest, so that every byte belongs to one part.
    private static void ReadHeading(ref QuoteReader reader, ushort demandedType, string typeCheck, string lengthCheck)
    {
        ushort type = reader.ReadUInt16(typeCheck);
        if (type != demandedType)
        {
            throw TdxExceptions.Quote(typeCheck, "has certification data of an unexpected type", $"type {demandedType}", $"type {type}");
        }

        uint size = reader.ReadUInt32(lengthCheck);
        if (size != (uint)reader.Remaining)
        {
            throw TdxExceptions.Quote(lengthCheck, "has inconsistent lengths", $"{reader.Remaining} bytes", $"{size} bytes");
        }
    }
}

// Layout: version u16 @0, attestation key type u16 @2, TEE type u32 @4, reserved @8 (implementations disagree about its meaning; not used),
// QE vendor id 16 @12, user data 20 @28. Little-endian.

/// <summary>The first 48 bytes of a quote.</summary>
internal static class QuoteHeader
{
    /// <summary>In bytes.</summary>
    public const int Size = 48;

    private const ushort EcdsaP256 = 2;
    private const uint TrustDomain = 0x81;

    private static ReadOnlySpan<byte> IntelVendor =>
        [0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07];

    /// <summary>Refuses every unsupported kind of quote, and returns the version: 4 or 5.</summary>
    public static int Check(ReadOnlySpan<byte> header)
    {
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(header);
        if (version is not (4 or 5))
        {
            throw TdxExceptions.Quote(TdxChecks.QuoteVersion, "has an unknown version", "4 or 5", $"{version}");
        }

        ushort keyType = BinaryPrimitives.ReadUInt16LittleEndian(header[2..]);
        if (keyType != EcdsaP256)
        {
            throw TdxExceptions.Quote(TdxChecks.QuoteKeyType, "is not signed with ECDSA on P-256", $"{EcdsaP256}", $"{keyType}");
        }

        uint teeType = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (teeType != TrustDomain)
        {
            throw TdxExceptions.Quote(TdxChecks.QuoteTeeType, "is not for a trust domain", $"0x{TrustDomain:x}", $"0x{teeType:x}");
        }

        ReadOnlySpan<byte> vendor = header.Slice(12, 16);
        if (!vendor.SequenceEqual(IntelVendor))
        {
            throw TdxExceptions.Quote(
                TdxChecks.QuoteVendor, "was not created by Intel's quoting enclave", Convert.ToHexStringLower(IntelVendor), Convert.ToHexStringLower(vendor));
        }

        return version;
    }
}

/// <summary>Reads a quote from start to end; every length is compared with the remaining bytes before it is used.</summary>
internal struct QuoteReader(ReadOnlyMemory<byte> bytes)
{
    private ReadOnlyMemory<byte> _rest = bytes;

    /// <summary>The number of remaining bytes.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>Reads exactly the specified number of bytes.</summary>
    /// <exception cref="PrivatemodeVerificationException">There are fewer bytes; the exception names the given check.</exception>
    public ReadOnlyMemory<byte> Read(uint length, string check)
    {
        if (length > (uint)_rest.Length)
        {
            throw TdxExceptions.Quote(check, "is shorter than it states", $"{length} bytes", $"{_rest.Length} bytes");
        }

        ReadOnlyMemory<byte> taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    public ushort ReadUInt16(string check) => BinaryPrimitives.ReadUInt16LittleEndian(Read(sizeof(ushort), check).Span);

    public uint ReadUInt32(string check) => BinaryPrimitives.ReadUInt32LittleEndian(Read(sizeof(uint), check).Span);
}

// SGX REPORT body: CPUSVN 16 @0, MISCSELECT 4 @16, ATTRIBUTES 16 @48, MRENCLAVE 32 @64, MRSIGNER 32 @128, ISVPRODID u16 @256,
// ISVSVN u16 @258, REPORTDATA 64 @320.

/// <summary>The CPU's report about the quoting enclave. A slice of the quote; nothing is verified here.</summary>
internal sealed class QeReport
{
    /// <summary>In bytes.</summary>
    public const int Size = 384;

    public QeReport(ReadOnlyMemory<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Size, nameof(bytes));
        Bytes = bytes;
    }

    /// <summary>The whole report, as the PCK key signed it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>4 bytes.</summary>
    public ReadOnlyMemory<byte> MiscSelect => Bytes.Slice(16, 4);

    /// <summary>16 bytes.</summary>
    public ReadOnlyMemory<byte> Attributes => Bytes.Slice(48, 16);

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte> MrSigner => Bytes.Slice(128, 32);

    public ushort IsvProductId => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.Span[256..]);

    public ushort IsvSvn => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.Span[258..]);

    /// <summary>64 bytes: digest of the attestation key, then zeros.</summary>
    public ReadOnlyMemory<byte> ReportData => Bytes.Slice(320, 64);
}

// TD report 1.0, 584 bytes; TD report 1.5 appends TEE_TCB_SVN2 and MRSERVICETD, 648 bytes. Offsets are inside the body.
// Signed and not read: MROWNER 48 @232 and MROWNERCONFIG 48 @280.

/// <summary>The CPU's report about a trust domain. Slices of the quote; nothing is verified here.</summary>
internal sealed class TdReport
{
    /// <summary>Size of a TD report 1.0 in bytes.</summary>
    public const int Size10 = 584;

    /// <summary>Size of a TD report 1.5 in bytes.</summary>
    public const int Size15 = 648;

    /// <summary>Size of a measurement (SHA-384) in bytes.</summary>
    public const int MeasurementSize = 48;

    /// <summary>Size of REPORTDATA in bytes.</summary>
    public const int ReportDataSize = 64;

    /// <summary>Number of run-time measurement registers.</summary>
    public const int RtmrCount = 4;

    private const int SvnSize = 16;
    private readonly ReadOnlyMemory<byte> _body;

    /// <summary>Creates it from a body whose size has been checked.</summary>
    public TdReport(ReadOnlyMemory<byte> body)
    {
        if (body.Length is not (Size10 or Size15))
        {
            throw new ArgumentException("A TD report must have 584 or 648 bytes.", nameof(body));
        }

        _body = body;
    }

    /// <summary>Whether this is a TD report 1.5, which contains the current TCB in addition to the one at launch.</summary>
    public bool Is15 => _body.Length == Size15;

    /// <summary>TEE_TCB_SVN, 16 bytes: the TCB at launch; [0] module version, [1] module line, [2] late microcode.</summary>
    public ReadOnlyMemory<byte> TeeTcbSvn => _body[..SvnSize];

    public ReadOnlyMemory<byte> MrSeam => Measurement(16);

    public ReadOnlyMemory<byte> MrSignerSeam => Measurement(64);

    /// <summary>8 bytes.</summary>
    public ReadOnlyMemory<byte> SeamAttributes => _body.Slice(112, sizeof(ulong));

    /// <summary>8 bytes.</summary>
    public ReadOnlyMemory<byte> TdAttributes => _body.Slice(120, sizeof(ulong));

    /// <summary>CPU features that are available to the trust domain.</summary>
    public ulong Xfam => BinaryPrimitives.ReadUInt64LittleEndian(_body.Span[128..]);

    public ReadOnlyMemory<byte> MrTd => Measurement(136);

    public ReadOnlyMemory<byte> MrConfigId => Measurement(184);

    /// <summary>64 bytes.</summary>
    public ReadOnlyMemory<byte> ReportData => _body.Slice(520, ReportDataSize);

    /// <summary>TEE_TCB_SVN2, 16 bytes: the TCB when the quote was made. Empty in a TD report 1.0.</summary>
    public ReadOnlyMemory<byte> TeeTcbSvn2 => Is15 ? _body.Slice(584, SvnSize) : default;

    /// <summary>Digest of the service TDs bound to this one; zero for a TD without service TDs. Empty in a TD report 1.0.</summary>
    public ReadOnlyMemory<byte> MrServiceTd => Is15 ? Measurement(600) : default;

    /// <summary>Run-time measurement register 0 to 3.</summary>
    public ReadOnlyMemory<byte> Rtmr(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, RtmrCount);
        return Measurement(328 + (MeasurementSize * index));
    }

    private ReadOnlyMemory<byte> Measurement(int offset) => _body.Slice(offset, MeasurementSize);
}
