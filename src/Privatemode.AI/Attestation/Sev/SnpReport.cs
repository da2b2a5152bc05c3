using System.Buffers.Binary;

namespace Privatemode.AI.Attestation.Sev;

// Reference: AMD 56860 (SNP firmware ABI), ATTESTATION_REPORT, 0x4A0 bytes, little-endian. Bytes 0x000 to 0x29F are signed.
// Reserved bytes are refused although they are signed: an unknown field could change the meaning of the known ones.
// Signed and not read, because no check concerns them: guest SVN @0x004, family id 16 @0x010, image id 16 @0x020, bit 0 of KEY_INFO (an author
// key signed the ID key), author key digest 48 @0x110, report id 32 @0x140, report id of the migration agent 32 @0x160.

/// <summary>The content of a report. <see cref="SnpVerifier"/> verifies it. Immutable.</summary>
/// <remarks>It refers to the bytes from which it was parsed; they must not change afterwards.</remarks>
internal sealed class SnpReport
{
    /// <summary>The size of a report in bytes.</summary>
    public const int Size = 0x4a0;

    /// <summary>The number of bytes at the start of the report that are signed.</summary>
    public const int SignedSize = 0x2a0;

    private const int CpuidVersion = 3;
    private const int MitigationVersion = 5;
    private const uint EcdsaP384Sha384 = 1;
    private const int NumberSize = 48;
    private const int PaddedNumberSize = 72;

    private SnpReport(ReadOnlyMemory<byte> raw) => Raw = raw;

    public ReadOnlyMemory<byte> Raw { get; }

    public ReadOnlyMemory<byte> SignedPart => Raw[..SignedSize];

    public uint Version => UInt32(0x000);

    public SnpPolicyBits Policy => new(UInt64(0x008));

    /// <summary>0 to 3 if software inside the guest requested the report; 0xFFFFFFFF if the host did.</summary>
    public uint Vmpl => UInt32(0x030);

    /// <summary>The current TCB. All TCB values are in the layout of the product.</summary>
    public ulong CurrentTcb => UInt64(0x038);

    public SnpPlatformInfo PlatformInfo => new(UInt64(0x040));

    public SnpSigner Signer => (KeyInfo >> 2 & 7) == 0 ? SnpSigner.Vcek : SnpSigner.Vlek;

    /// <summary>64 bytes that the guest chose.</summary>
    public ReadOnlyMemory<byte> ReportData => Raw.Slice(0x050, 64);

    /// <summary>The launch digest, 48 bytes.</summary>
    public ReadOnlyMemory<byte> Measurement => Raw.Slice(0x090, 48);

    /// <summary>32 bytes that the host chose at launch.</summary>
    public ReadOnlyMemory<byte> HostData => Raw.Slice(0x0c0, 32);

    /// <summary>48 bytes.</summary>
    public ReadOnlyMemory<byte> IdKeyDigest => Raw.Slice(0x0e0, 48);

    /// <summary>The TCB for which the signing key was derived.</summary>
    public ulong ReportedTcb => UInt64(0x180);

    /// <summary>Combined family, model and stepping of the processor; null in reports of version 2.</summary>
    public (byte Family, byte Model, byte Stepping)? Cpuid =>
        Version >= CpuidVersion ? (Raw.Span[0x188], Raw.Span[0x189], Raw.Span[0x18a]) : null;

    /// <summary>The chip ID, 64 bytes; all zero if the host masks it. On Turin, 8 bytes followed by zeros.</summary>
    public ReadOnlyMemory<byte> ChipId => Raw.Slice(0x1a0, 64);

    /// <summary>Whether the report does not name its chip.</summary>
    public bool IsChipIdMasked => !ChipId.Span.ContainsAnyExcept((byte)0);

    /// <summary>The TCB below which the firmware cannot be rolled back.</summary>
    public ulong CommittedTcb => UInt64(0x1e0);

    public FirmwareVersion CurrentVersion => Firmware(0x1e8);

    public FirmwareVersion CommittedVersion => Firmware(0x1ec);

    /// <summary>The current TCB when the guest was launched.</summary>
    public ulong LaunchTcb => UInt64(0x1f0);

    /// <summary>Mitigations verified when the guest was launched; 0 before version 5.</summary>
    public ulong LaunchMitigationVector => UInt64(0x1f8);

    /// <summary>Mitigations verified now; 0 before version 5.</summary>
    public ulong CurrentMitigationVector => UInt64(0x200);

    private uint KeyInfo => UInt32(0x048);

    /// <summary>Reads a report of exactly <see cref="Size"/> bytes.</summary>
    /// <exception cref="PrivatemodeVerificationException">It is not a report, or uses features that are unknown.</exception>
    public static SnpReport Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw SevExceptions.Create(SevChecks.ReportSize, "The SNP report has the wrong size", $"{Size} bytes", $"{bytes.Length} bytes");
        }

        SnpReport report = new(bytes);
        report.CheckVersions();
        report.CheckReserved();
        report.CheckKeyInfo();
        report.CheckPadding();
        return report;
    }

    /// <summary>The signature as r and s, 48 bytes each, big-endian (IEEE P1363).</summary>
    public byte[] ReadSignature()
    {
        byte[] signature = new byte[2 * NumberSize];
        for (int i = 0; i < 2; i++)
        {
            Span<byte> number = signature.AsSpan(i * NumberSize, NumberSize);
            Raw.Span.Slice(SignedSize + i * PaddedNumberSize, NumberSize).CopyTo(number);
            number.Reverse();
        }

        return signature;
    }

    private void CheckVersions()
    {
        if (Version is < 2 or > 5)
        {
            throw SevExceptions.Create(SevChecks.ReportVersion, "The SNP report has an unknown version", "2 to 5", $"{Version}");
        }

        if (UInt32(0x034) != EcdsaP384Sha384)
        {
            throw SevExceptions.Create(
                SevChecks.SignatureAlgorithm, "The SNP report is signed with an unknown algorithm", "1 (ECDSA P-384 with SHA-384)", $"{UInt32(0x034)}");
        }
    }

    private void CheckReserved()
    {
        CheckZero(0x04c, 4);
        int cpuid = Version >= CpuidVersion ? 3 : 0;
        CheckZero(0x188 + cpuid, 24 - cpuid);
        CheckZero(0x1eb, 1);
        CheckZero(0x1ef, 1);
        int mitigations = Version >= MitigationVersion ? 16 : 0;
        CheckZero(0x1f8 + mitigations, SignedSize - 0x1f8 - mitigations);
        if (!Policy.IsWellFormed)
        {
            throw SevExceptions.Create(
                SevChecks.PolicyReserved, "The guest policy has unknown bits", "bit 17 set, bits 26 to 63 clear", $"{Policy}");
        }
    }

    private void CheckZero(int offset, int size)
    {
        ReadOnlySpan<byte> reserved = Raw.Span.Slice(offset, size);
        if (reserved.ContainsAnyExcept((byte)0))
        {
            int first = offset + reserved.IndexOfAnyExcept((byte)0);
            throw SevExceptions.Create(
                SevChecks.ReportReserved,
                "The SNP report uses bytes that are reserved in its version",
                "zero",
                $"0x{Raw.Span[first]:x2} at offset 0x{first:x}");
        }
    }

    private void CheckKeyInfo()
    {
        if (KeyInfo >> 5 != 0)
        {
            throw SevExceptions.Create(SevChecks.KeyInfoReserved, "KEY_INFO has unknown bits", "bits 5 to 31 clear", $"0x{KeyInfo:x}");
        }

        if ((KeyInfo & 2) != 0)
        {
            throw SevExceptions.Create(SevChecks.MaskedChipKey, "The SNP report is not signed, because the host masks the chip's key");
        }

        if ((KeyInfo >> 2 & 7) > 1)
        {
            throw SevExceptions.Create(
                SevChecks.SigningKey, "The SNP report is not signed with a VCEK or VLEK", "0 (VCEK) or 1 (VLEK)", $"{KeyInfo >> 2 & 7}");
        }
    }

    // r and s are 72 bytes little-endian, of which P-384 uses 48; the rest of SIGNATURE follows. None of that is signed, so anyone
    // can have written it.
    private void CheckPadding()
    {
        ReadOnlySpan<byte> field = Raw.Span[SignedSize..];
        if (field[NumberSize..PaddedNumberSize].ContainsAnyExcept((byte)0)
            || field[(PaddedNumberSize + NumberSize)..].ContainsAnyExcept((byte)0))
        {
            throw SevExceptions.Create(SevChecks.SignaturePadding, "The signature field of the SNP report has data after r or s", "zeros after r and after s");
        }
    }

    private FirmwareVersion Firmware(int offset) => new(Major: Raw.Span[offset + 2], Minor: Raw.Span[offset + 1], Build: Raw.Span[offset]);

    private uint UInt32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Raw.Span[offset..]);

    private ulong UInt64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Raw.Span[offset..]);
}

/// <summary>Version of the SNP firmware: 1.55 build 22 is (1, 55, 22).</summary>
internal readonly record struct FirmwareVersion(byte Major, byte Minor, byte Build)
{
    /// <summary>Returns whether neither the version (major, minor) nor the build is older. The build is compared separately.</summary>
    public bool IsAtLeast(FirmwareVersion minimum) =>
        (Major, Minor).CompareTo((minimum.Major, minimum.Minor)) >= 0 && Build >= minimum.Build;

    public override string ToString() => $"{Major}.{Minor}.{Build}";
}

// Reference: AMD 56860, guest policy. Some bits permit what is dangerous, others require what is safe: SnpPolicy compares each in its direction.

/// <summary>The guest policy: what the guest's owner requires of the host, and what it permits the host.</summary>
internal readonly record struct SnpPolicyBits(ulong Value)
{
    private const ulong AlwaysSet = 1UL << 17;
    private const int FirstReserved = 26;

    /// <summary>Whether bit 17 is set and no reserved bit is set.</summary>
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

    /// <summary>The host must not swap pages of the guest.</summary>
    public bool PageSwapDisabledRequired => Has(25);

    public override string ToString() => $"0x{Value:x}";

    private bool Has(int bit) => (Value >> bit & 1) != 0;
}

// Reference: AMD 56860, PLATFORM_INFO. Bit 6 is reserved in it and set on real Turin machines, so unknown bits are data here.

/// <summary>The firmware's information about the platform.</summary>
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

    /// <summary>The reserved bits: 6, and those from 8 on.</summary>
    public ulong UnknownBits => Value & ~Known;

    public override string ToString() => $"0x{Value:x}";

    private bool Has(int bit) => (Value >> bit & 1) != 0;
}

/// <summary>The kind of key that signs reports.</summary>
internal enum SnpSigner
{
    /// <summary>A key of one chip (versioned chip endorsement key).</summary>
    Vcek,

    /// <summary>A key of a cloud provider, loaded into many chips (versioned loaded endorsement key).</summary>
    Vlek,
}
