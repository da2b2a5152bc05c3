using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Privatemode.AI.Attestation.Sev;

// Reference: SEV-SNP firmware ABI 1.58, table 72 (PAGE_INFO), and the VMSA page KVM gives an application processor at reset.
// Sizes in bytes: page 4096, PAGE_INFO 112, digest 48.

/// <summary>Computes the launch digests of a virtual machine with 1 to 220 processors from its digest with one processor.</summary>
/// <remarks>Each further processor adds one measured page, the same for all of them: its registers at reset.</remarks>
internal static class LaunchDigests
{
    /// <summary>The maximum number of processors that is tried.</summary>
    public const int MaxProcessors = 220;

    private const int DigestSize = SHA384.HashSizeInBytes;
    private const int PageSize = 4096;
    private const int PageInfoSize = 0x70;
    private const byte VmsaPage = 2;
    private const ulong VmsaAddress = 0xFFFF_FFFF_F000;

    /// <summary>CPUID signature of the processor that QEMU shows to a guest on Milan.</summary>
    private const uint MilanSignature = 0x00A0_0F11;

    /// <summary>CPUID signature of the processor that QEMU shows to a guest on Genoa.</summary>
    private const uint GenoaSignature = 0x00A1_0F10;

    /// <summary>CPUID signature of the product's processor; null if it is unknown.</summary>
    public static uint? ProcessorSignature(SnpProduct product) => product switch
    {
        SnpProduct.Milan => MilanSignature,
        SnpProduct.Genoa => GenoaSignature,
        _ => null,
    };

    /// <summary>Returns the number of processors, from 1 to 220, with which the machine has this measurement, or null if there is no such number.</summary>
    /// <param name="seed">Launch digest of the machine with one processor, 48 bytes.</param>
    /// <param name="resetAddress">The start address of application processors (AP-EIP).</param>
    /// <param name="measurement">The measurement to find, 48 bytes.</param>
    public static int? FindProcessors(
        ReadOnlySpan<byte> seed, uint resetAddress, uint signature, ReadOnlySpan<byte> measurement)
    {
        if (seed.Length != DigestSize || measurement.Length != DigestSize)
        {
            throw new ArgumentException("A launch digest must have 48 bytes.");
        }

        Span<byte> pageInfo = stackalloc byte[PageInfoSize];
        BeginPageInfo(pageInfo, seed, resetAddress, signature);
        Span<byte> digest = pageInfo[..DigestSize];
        Span<byte> next = stackalloc byte[DigestSize];
        for (int processors = 1; processors <= MaxProcessors; processors++)
        {
            if (digest.SequenceEqual(measurement))
            {
                return processors;
            }

            // The current digest is the first part of the input for the next one.
            SHA384.HashData(pageInfo, next);
            next.CopyTo(digest);
        }

        return null;
    }

    /// <summary>SHA-384 of the page of registers with which an application processor begins.</summary>
    internal static byte[] HashProcessorPage(uint resetAddress, uint signature)
    {
        byte[] page = new byte[PageSize];
        WriteSegment(page, 0x000, 0, 0x0093, 0); // es
        WriteSegment(page, 0x010, 0xF000, 0x009B, resetAddress & 0xFFFF_0000); // cs
        WriteSegment(page, 0x020, 0, 0x0093, 0); // ss
        WriteSegment(page, 0x030, 0, 0x0093, 0); // ds
        WriteSegment(page, 0x040, 0, 0x0093, 0); // fs
        WriteSegment(page, 0x050, 0, 0x0093, 0); // gs
        WriteSegment(page, 0x060, 0, 0, 0); // gdtr
        WriteSegment(page, 0x070, 0, 0x0082, 0); // ldtr
        WriteSegment(page, 0x080, 0, 0, 0); // idtr
        WriteSegment(page, 0x090, 0, 0x008B, 0); // tr
        WriteRegister(page, 0x0D0, 0x1000); // efer
        WriteRegister(page, 0x148, 0x40); // cr4
        WriteRegister(page, 0x158, 0x10); // cr0
        WriteRegister(page, 0x160, 0x400); // dr7
        WriteRegister(page, 0x168, 0xFFFF_0FF0); // dr6
        WriteRegister(page, 0x170, 0x2); // rflags
        WriteRegister(page, 0x178, resetAddress & 0xFFFF); // rip
        WriteRegister(page, 0x268, 0x0007_0406_0007_0406); // g_pat
        WriteRegister(page, 0x310, signature); // rdx
        WriteRegister(page, 0x3B0, 1); // sev_features: SNP
        WriteRegister(page, 0x3E8, 1); // xcr0
        WriteRegister(page, 0x408, 0x1F80); // mxcsr
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(0x410), 0x037F); // x87 fcw
        return SHA384.HashData(page);
    }

    private static void BeginPageInfo(Span<byte> pageInfo, ReadOnlySpan<byte> seed, uint resetAddress, uint signature)
    {
        pageInfo.Clear();
        seed.CopyTo(pageInfo);
        HashProcessorPage(resetAddress, signature).CopyTo(pageInfo[DigestSize..]);
        BinaryPrimitives.WriteUInt16LittleEndian(pageInfo[0x60..], PageInfoSize);
        pageInfo[0x62] = VmsaPage; // then: no IMI page, no permissions of lower VMPLs, reserved
        BinaryPrimitives.WriteUInt64LittleEndian(pageInfo[0x68..], VmsaAddress);
    }

    private static void WriteSegment(Span<byte> page, int offset, ushort selector, ushort attributes, ulong origin)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(page[offset..], selector);
        BinaryPrimitives.WriteUInt16LittleEndian(page[(offset + 2)..], attributes);
        BinaryPrimitives.WriteUInt32LittleEndian(page[(offset + 4)..], 0xFFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(page[(offset + 8)..], origin);
    }

    private static void WriteRegister(Span<byte> page, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(page[offset..], value);
}
