using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Sev;

// Reference: AMD 56860, SNP_LAUNCH_UPDATE (PAGE_INFO) and AMD 24593 appendix B (VMSA): what QEMU and KVM put into the page of a
// further processor.

/// <summary>Computes the launch digest of a guest from the digest with one processor and one page for each further processor.</summary>
internal static class LaunchMeasurement
{
    private const ulong SaveAreaAddress = 0xFFFFFFFFF000;
    private const int PageInfoSize = 0x70;
    private const byte SaveAreaPage = 2;

    /// <param name="seed">The launch digest with one processor, 48 bytes.</param>
    /// <param name="resetAddress">The reset address of further processors.</param>
    /// <param name="cpuSignature">The CPUID signature of the product line.</param>
    /// <param name="processors">The number of processors, at least 1.</param>
    public static byte[] Compute(byte[] seed, uint resetAddress, uint cpuSignature, int processors)
    {
        byte[] pageHash = SHA384.HashData(SaveArea(resetAddress, cpuSignature));
        byte[] digest = seed;
        for (int i = 1; i < processors; i++)
        {
            byte[] info = new byte[PageInfoSize];
            digest.CopyTo(info, 0);
            pageHash.CopyTo(info, 48);
            BinaryPrimitives.WriteUInt16LittleEndian(info.AsSpan(96), PageInfoSize);
            info[98] = SaveAreaPage;
            BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(104), SaveAreaAddress);
            digest = SHA384.HashData(info);
        }

        return digest;
    }

    private static byte[] SaveArea(uint resetAddress, uint cpuSignature)
    {
        byte[] page = new byte[4096];
        foreach (int data in (int[])[0x000, 0x020, 0x030, 0x040, 0x050])
        {
            Segment(page, data, 0, 0x0093, 0);
        }

        Segment(page, 0x010, 0xF000, 0x009B, resetAddress & 0xFFFF0000);
        Segment(page, 0x060, 0, 0, 0);
        Segment(page, 0x070, 0, 0x0082, 0);
        Segment(page, 0x080, 0, 0, 0);
        Segment(page, 0x090, 0, 0x008B, 0);
        (int Offset, ulong Value)[] registers =
        [
            (0x0D0, 0x1000), // EFER
            (0x148, 0x40), // CR4
            (0x158, 0x10), // CR0
            (0x160, 0x400), // DR7
            (0x168, 0xFFFF0FF0), // DR6
            (0x170, 2), // RFLAGS
            (0x178, resetAddress & 0xFFFF), // RIP
            (0x268, 0x0007040600070406), // G_PAT
            (0x310, cpuSignature), // RDX
            (0x3B0, 1), // SEV_FEATURES
            (0x3E8, 1), // XCR0
        ];
        foreach ((int offset, ulong value) in registers)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(offset), value);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(0x408), 0x1F80); // MXCSR
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(0x410), 0x037F); // x87 FCW
        return page;
    }

    private static void Segment(byte[] page, int offset, ushort selector, ushort attributes, ulong start)
    {
        Span<byte> segment = page.AsSpan(offset, 16);
        BinaryPrimitives.WriteUInt16LittleEndian(segment, selector);
        BinaryPrimitives.WriteUInt16LittleEndian(segment[2..], attributes);
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 0xFFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[8..], start);
    }
}
