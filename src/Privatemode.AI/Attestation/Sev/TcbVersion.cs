using System.Runtime.InteropServices;

namespace Privatemode.AI.Attestation.Sev;

// Reference: AMD 56860 (SNP firmware ABI), TCB_VERSION; the layout depends on the product. Never compared as one number: a newer
// microcode would make up for older firmware.

/// <summary>Security patch levels of the firmware, one per component. <see cref="Fmc"/> exists from Turin on and is 0 before.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TcbVersion(byte Fmc, byte BootLoader, byte Tee, byte Snp, byte Microcode)
{
    private const ulong ReservedBeforeTurin = 0x0000_ffff_ffff_0000;
    private const ulong ReservedOnTurin = 0x00ff_ffff_0000_0000;

    /// <summary>Reads the 8 bytes of a report in the layout of a product; null when reserved bytes are not zero.</summary>
    public static TcbVersion? Read(ulong value, SnpProduct product)
    {
        bool turin = product == SnpProduct.Turin;
        if ((value & (turin ? ReservedOnTurin : ReservedBeforeTurin)) != 0)
        {
            return null;
        }

        return turin
            ? new TcbVersion(Byte(value, 0), Byte(value, 1), Byte(value, 2), Byte(value, 3), Byte(value, 7))
            : new TcbVersion(0, Byte(value, 0), Byte(value, 1), Byte(value, 6), Byte(value, 7));
    }

    /// <summary>Whether no component is older.</summary>
    public bool IsAtLeast(TcbVersion minimum) =>
        Fmc >= minimum.Fmc
        && BootLoader >= minimum.BootLoader
        && Tee >= minimum.Tee
        && Snp >= minimum.Snp
        && Microcode >= minimum.Microcode;

    public override string ToString() => $"fmc {Fmc}, boot loader {BootLoader}, tee {Tee}, snp {Snp}, microcode {Microcode}";

    private static byte Byte(ulong value, int index) => (byte)((value >> (8 * index)) & 0xff);
}
