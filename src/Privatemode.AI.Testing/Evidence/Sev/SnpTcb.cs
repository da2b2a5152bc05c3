namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>The security versions of a Milan or Genoa chip.</summary>
internal sealed record SnpTcb(byte BootLoader, byte Tee, byte Snp, byte Microcode)
{
    /// <summary>The value in reports: boot loader and TEE in the low bytes, SNP and microcode in the high bytes.</summary>
    public ulong Encoded => BootLoader | (ulong)Tee << 8 | (ulong)Snp << 48 | (ulong)Microcode << 56;
}
