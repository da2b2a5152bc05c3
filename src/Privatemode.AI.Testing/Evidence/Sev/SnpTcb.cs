namespace Privatemode.AI.Testing.Evidence.Sev;

/// <summary>Security versions of a Milan or Genoa chip.</summary>
internal sealed record SnpTcb(byte BootLoader, byte Tee, byte Snp, byte Microcode)
{
    /// <summary>As reports carry it: boot loader and TEE in the low bytes, SNP and microcode in the high ones.</summary>
    public ulong Encoded => BootLoader | (ulong)Tee << 8 | (ulong)Snp << 48 | (ulong)Microcode << 56;
}
