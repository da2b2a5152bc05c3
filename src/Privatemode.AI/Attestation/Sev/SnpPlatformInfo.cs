namespace Privatemode.AI.Attestation.Sev;

// Reference: AMD 56860, PLATFORM_INFO. Bit 6 is reserved in it and set on real Turin machines, so unknown bits are data here.

/// <summary>What the firmware says about the machine.</summary>
internal readonly record struct SnpPlatformInfo(ulong Value)
{
    private const ulong Known = 0b1011_1111;

    /// <summary>Simultaneous multithreading is on.</summary>
    public bool SmtEnabled => Has(0);

    /// <summary>Transparent memory encryption (TSME) is on.</summary>
    public bool TsmeEnabled => Has(1);

    /// <summary>Memory has error correction.</summary>
    public bool EccEnabled => Has(2);

    /// <summary>Power measurement (RAPL) is off.</summary>
    public bool RaplDisabled => Has(3);

    /// <summary>The host does not see ciphertext in memory.</summary>
    public bool CiphertextHidingDramEnabled => Has(4);

    /// <summary>Memory was checked for aliases since the last reset (BadRAM, AMD-SB-3015).</summary>
    public bool AliasCheckComplete => Has(5);

    /// <summary>Trusted I/O is on.</summary>
    public bool TioEnabled => Has(7);

    /// <summary>The bits that have no meaning here: 6 and those from 8 on.</summary>
    public ulong UnknownBits => Value & ~Known;

    public override string ToString() => $"0x{Value:x}";

    private bool Has(int bit) => (Value >> bit & 1) != 0;
}
