using System.Buffers.Binary;

namespace Privatemode.AI.Attestation.Tdx;

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

    /// <summary>Refuses every kind of quote that is not read here, and returns the version: 4 or 5.</summary>
    public static int Check(ReadOnlySpan<byte> header)
    {
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(header);
        if (version is not (4 or 5))
        {
            throw TdxFailure.Quote(TdxChecks.QuoteVersion, "is of an unknown version", "4 or 5", $"{version}");
        }

        ushort keyType = BinaryPrimitives.ReadUInt16LittleEndian(header[2..]);
        if (keyType != EcdsaP256)
        {
            throw TdxFailure.Quote(TdxChecks.QuoteKeyType, "is not signed with ECDSA on P-256", $"{EcdsaP256}", $"{keyType}");
        }

        uint teeType = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (teeType != TrustDomain)
        {
            throw TdxFailure.Quote(TdxChecks.QuoteTeeType, "is not about a trust domain", $"0x{TrustDomain:x}", $"0x{teeType:x}");
        }

        ReadOnlySpan<byte> vendor = header.Slice(12, 16);
        if (!vendor.SequenceEqual(IntelVendor))
        {
            throw TdxFailure.Quote(
                TdxChecks.QuoteVendor, "is not by Intel's quoting enclave", TdxFailure.Hex(IntelVendor), TdxFailure.Hex(vendor));
        }

        return version;
    }
}
