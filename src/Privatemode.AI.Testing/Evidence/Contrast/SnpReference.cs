using System.Text.Json;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence.Contrast;

/// <summary>The reference values for SEV-SNP evidence in a manifest.</summary>
internal sealed class SnpReference
{
    public string Platform { get; set; } = "Metal-QEMU-SNP-GPU";

    public required string ProductName { get; set; }

    public required byte[] TrustedMeasurement { get; set; }

    /// <summary>The reset address of all processors except the first, in hexadecimal.</summary>
    public required string ResetAddress { get; set; }

    public required SnpTcb MinimumTcb { get; set; }

    public ulong GuestPolicy { get; set; } = GuestPolicyBits.Deployment;

    public required ulong MinimumMitigations { get; set; }

    public IReadOnlyList<byte[]> ChipIds { get; set; } = [TestChips.Own, TestChips.Sibling];

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("Platform"u8, Platform);
        writer.WriteString("ProductName"u8, ProductName);
        writer.WriteString("TrustedMeasurement"u8, Convert.ToHexStringLower(TrustedMeasurement));
        writer.WriteString("APEIP"u8, ResetAddress);
        writer.WriteStartObject("MinimumTCB"u8);
        writer.WriteNumber("BootloaderVersion"u8, MinimumTcb.BootLoader);
        writer.WriteNumber("TEEVersion"u8, MinimumTcb.Tee);
        writer.WriteNumber("SNPVersion"u8, MinimumTcb.Snp);
        writer.WriteNumber("MicrocodeVersion"u8, MinimumTcb.Microcode);
        writer.WriteEndObject();
        WriteGuestPolicy(writer);
        writer.WriteStartObject("PlatformInfo"u8);
        writer.WriteBoolean("SMTEnabled"u8, false);
        writer.WriteBoolean("ECCEnabled"u8, true);
        writer.WriteBoolean("AliasCheckComplete"u8, true);
        writer.WriteEndObject();
        writer.WriteNumber("MinimumMitigationVector"u8, MinimumMitigations);
        writer.WriteStartArray("AllowedChipIDs"u8);
        foreach (byte[] chip in ChipIds)
        {
            // Upper case here, lower case elsewhere, as in production.
            writer.WriteStringValue(Convert.ToHexString(chip));
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void WriteGuestPolicy(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("GuestPolicy"u8);
        writer.WriteNumber("ABIMinor"u8, GuestPolicy & 0xFF);
        writer.WriteNumber("ABIMajor"u8, GuestPolicy >> 8 & 0xFF);
        Flag("SMT", GuestPolicyBits.Smt);
        Flag("MigrateMA", GuestPolicyBits.MigrateMa);
        Flag("Debug", GuestPolicyBits.Debug);
        Flag("SingleSocket", GuestPolicyBits.SingleSocket);
        Flag("CXLAllowed", GuestPolicyBits.CxlAllowed);
        Flag("MemAES256XTS", GuestPolicyBits.MemAes256Xts);
        Flag("RAPLDis", 1 << 23);
        Flag("CipherTextHidingDRAM", 1 << 24);
        Flag("PageSwapDisable", GuestPolicyBits.PageSwapDisable);
        writer.WriteEndObject();

        void Flag(string name, ulong bit) => writer.WriteBoolean(name, (GuestPolicy & bit) != 0);
    }
}
