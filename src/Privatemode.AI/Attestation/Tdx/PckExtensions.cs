using System.Formats.Asn1;

namespace Privatemode.AI.Attestation.Tdx;

// Reference: Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5. The extension is a sequence of pairs of an
// object identifier and a value, in any order: 1 PPID, 2 TCB, 3 PCEID, 4 FMSPC, 5 SGX type, 6 platform instance, 7 configuration.

/// <summary>The information of a PCK certificate about its platform.</summary>
internal sealed class PckExtensions
{
    /// <summary>Object identifier of the certificate extension.</summary>
    public const string ObjectIdentifier = "1.2.840.113741.1.13.1";

    /// <summary>Number of SVN components of the platform and of the TDX module.</summary>
    public const int ComponentCount = 16;

    private const int PlatformInstanceIdSize = 16;
    private const int PceIdSize = 2;
    private const int FmspcSize = 6;
    private const int CpuSvnSize = 16;
    private const int PceSvnArc = ComponentCount + 1;
    private const int CpuSvnArc = ComponentCount + 2;

    private readonly byte[] _components = new byte[ComponentCount];

    private PckExtensions()
    {
    }

    /// <summary>The SVNs of the platform's components, one byte each.</summary>
    public ReadOnlyMemory<byte> Components => _components;

    public ushort PceSvn { get; private set; }

    /// <summary>2 bytes.</summary>
    public ReadOnlyMemory<byte> PceId { get; private set; }

    /// <summary>Family, model, stepping, platform and custom SKU: 6 bytes.</summary>
    public ReadOnlyMemory<byte> Fmspc { get; private set; }

    /// <summary>The protection of the memory; null if it is not stated.</summary>
    public SgxType? SgxType { get; private set; }

    /// <summary>Identity of the platform, 16 bytes; empty if it is not stated.</summary>
    public ReadOnlyMemory<byte> PlatformInstanceId { get; private set; }

    /// <summary>Whether CPU packages can be added; null if it is not stated.</summary>
    public bool? DynamicPlatform { get; private set; }

    /// <summary>Whether simultaneous multithreading is on; null if it is not stated.</summary>
    public bool? SmtEnabled { get; private set; }

    // The content octets of ObjectIdentifier, and those of its arcs 2 (TCB) and 7 (configuration).
    private static ReadOnlySpan<byte> Root => [0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01];

    private static ReadOnlySpan<byte> Tcb => [0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01, 0x02];

    private static ReadOnlySpan<byte> Configuration => [0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01, 0x07];

    /// <summary>Reads the content of the extension.</summary>
    /// <exception cref="PrivatemodeVerificationException">The extension is malformed, contains a value twice, or lacks a value that identifies the
    /// platform.</exception>
    public static PckExtensions Parse(ReadOnlyMemory<byte> value)
    {
        PckExtensions extensions = new();
        try
        {
            AsnReader reader = new(value, AsnEncodingRules.DER);
            extensions.Read(reader.ReadSequence());
            reader.ThrowIfNotEmpty();
            return extensions;
        }
        catch (AsnContentException)
        {
            throw TdxExceptions.Quote(TdxChecks.PckExtension, "has a PCK certificate whose platform data is malformed or incomplete");
        }
    }

    private void Read(AsnReader pairs)
    {
        const uint tcbPceIdAndFmspc = 0b11100;
        uint seen = ReadPairs(pairs, Root, (arc, pair) =>
        {
            switch (arc)
            {
                case 2:
                    ReadTcb(pair.ReadSequence());
                    break;
                case 3:
                    PceId = ReadOctets(pair, PceIdSize);
                    break;
                case 4:
                    Fmspc = ReadOctets(pair, FmspcSize);
                    break;
                case 5:
                    SgxType = ReadSgxType(pair);
                    break;
                case 6:
                    PlatformInstanceId = ReadOctets(pair, PlatformInstanceIdSize);
                    break;
                case 7:
                    ReadConfiguration(pair.ReadSequence());
                    break;
                default:
                    // The PPID, which no check needs, or something newer: Intel signed it, and it does not change the meaning of the rest.
                    _ = pair.ReadEncodedValue();
                    break;
            }
        });
        Require((seen & tcbPceIdAndFmspc) == tcbPceIdAndFmspc);
    }

    private void ReadTcb(AsnReader pairs)
    {
        const uint all = ((1u << CpuSvnArc) - 1) << 1;
        uint seen = ReadPairs(pairs, Tcb, (arc, pair) =>
        {
            switch (arc)
            {
                case >= 1 and <= ComponentCount:
                    _components[arc - 1] = (byte)ReadInteger(pair, byte.MaxValue);
                    break;
                case PceSvnArc:
                    PceSvn = (ushort)ReadInteger(pair, ushort.MaxValue);
                    break;
                case CpuSvnArc:
                    // The same SVNs once more, in the CPU's own form; Intel's verifier reads the integers.
                    _ = ReadOctets(pair, CpuSvnSize);
                    break;
                default:
                    throw new AsnContentException();
            }
        });
        Require(seen == all);
    }

    private void ReadConfiguration(AsnReader pairs) => ReadPairs(pairs, Configuration, (arc, pair) =>
    {
        bool value = pair.ReadBoolean();
        switch (arc)
        {
            case 1:
                DynamicPlatform = value;
                break;
            case 2:
                break; // whether Intel keeps the platform's root keys
            case 3:
                SmtEnabled = value;
                break;
            default:
                throw new AsnContentException();
        }
    });

    // Returns the arcs that were present, one bit each.
    private static uint ReadPairs(AsnReader pairs, ReadOnlySpan<byte> prefix, Action<int, AsnReader> read)
    {
        uint seen = 0;
        while (pairs.HasData)
        {
            AsnReader pair = pairs.ReadSequence();
            read(ReadArc(pair, prefix, ref seen), pair);
            pair.ThrowIfNotEmpty();
        }

        return seen;
    }

    // The one arc below the prefix, from 1 to 31, or 0 for another identifier. A known arc must not occur twice.
    private static int ReadArc(AsnReader pair, ReadOnlySpan<byte> prefix, ref uint seen)
    {
        const int headerSize = 2;
        Require(pair.PeekTag() == Asn1Tag.ObjectIdentifier);
        ReadOnlySpan<byte> identifier = pair.ReadEncodedValue().Span;
        if (identifier.Length != headerSize + prefix.Length + 1 || !identifier[headerSize..^1].SequenceEqual(prefix) || identifier[^1] is 0 or > 31)
        {
            return 0;
        }

        uint bit = 1u << identifier[^1];
        Require((seen & bit) == 0);
        seen |= bit;
        return identifier[^1];
    }

    private static ReadOnlyMemory<byte> ReadOctets(AsnReader pair, int length)
    {
        Require(pair.TryReadPrimitiveOctetString(out ReadOnlyMemory<byte> octets) && octets.Length == length);
        return octets;
    }

    private static int ReadInteger(AsnReader pair, int maximum)
    {
        Require(pair.TryReadInt32(out int value) && value >= 0 && value <= maximum);
        return value;
    }

    private static SgxType ReadSgxType(AsnReader pair)
    {
        ReadOnlySpan<byte> content = pair.ReadEnumeratedBytes().Span;
        Require(content.Length == 1 && content[0] <= (byte)Tdx.SgxType.ScalableWithIntegrity);
        return (SgxType)content[0];
    }

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new AsnContentException();
        }
    }
}

/// <summary>How a platform protects its memory, according to its PCK certificate.</summary>
internal enum SgxType
{
    /// <summary>Integrity and replay protection of a small memory.</summary>
    Standard = 0,

    /// <summary>Encryption of all memory, without cryptographic integrity.</summary>
    Scalable = 1,

    /// <summary>Encryption of all memory, with cryptographic integrity.</summary>
    ScalableWithIntegrity = 2,
}
