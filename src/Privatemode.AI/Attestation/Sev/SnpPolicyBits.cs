namespace Privatemode.AI.Attestation.Sev;

// Reference: AMD 56860, guest policy. Some bits allow what is dangerous, others demand what is safe: SnpPolicy compares each in its direction.

/// <summary>The guest policy: what the guest's owner demands of the host and allows it.</summary>
internal readonly record struct SnpPolicyBits(ulong Value)
{
    private const ulong AlwaysSet = 1UL << 17;
    private const int FirstReserved = 26;

    /// <summary>Whether bit 17 is set and no bit that has no meaning yet.</summary>
    public bool IsWellFormed => (Value & AlwaysSet) != 0 && Value >> FirstReserved == 0;

    /// <summary>Lowest minor version of the firmware's interface.</summary>
    public byte AbiMinor => (byte)(Value & 0xff);

    /// <summary>Lowest major version of the firmware's interface.</summary>
    public byte AbiMajor => (byte)((Value >> 8) & 0xff);

    /// <summary>Simultaneous multithreading is allowed.</summary>
    public bool SmtAllowed => Has(16);

    /// <summary>A migration agent, which can read the guest's memory, is allowed.</summary>
    public bool MigrateMaAllowed => Has(18);

    /// <summary>Debugging, with which the host can read the guest's memory, is allowed.</summary>
    public bool DebugAllowed => Has(19);

    /// <summary>The guest runs on one socket only.</summary>
    public bool SingleSocketRequired => Has(20);

    /// <summary>Devices and memory on CXL are allowed.</summary>
    public bool CxlAllowed => Has(21);

    /// <summary>Memory is encrypted with AES-256-XTS.</summary>
    public bool MemAes256XtsRequired => Has(22);

    /// <summary>Power measurement (RAPL) is switched off.</summary>
    public bool RaplDisabledRequired => Has(23);

    /// <summary>The host does not see ciphertext in memory.</summary>
    public bool CiphertextHidingDramRequired => Has(24);

    /// <summary>The host may not swap pages of the guest.</summary>
    public bool PageSwapDisabledRequired => Has(25);

    public override string ToString() => $"0x{Value:x}";

    private bool Has(int bit) => (Value >> bit & 1) != 0;
}
