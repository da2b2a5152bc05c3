namespace Privatemode.AI.Attestation.Sev;

/// <summary>What an authentic report has to say. As created, it refuses debugging, migration agents, CXL and firmware that contradicts itself.</summary>
/// <remarks>A null property is not compared. A list that is not null allows what it holds, so an empty one allows nothing.</remarks>
internal sealed record SnpPolicy
{
    private const int ChipIdSize = 64;

    /// <summary>64 bytes.</summary>
    public ReadOnlyMemory<byte>? ReportData { get; init; }

    /// <summary>48 bytes.</summary>
    public ReadOnlyMemory<byte>? Measurement { get; init; }

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte>? HostData { get; init; }

    /// <summary>48 bytes.</summary>
    public ReadOnlyMemory<byte>? IdKeyDigest { get; init; }

    public uint? Vmpl { get; init; }

    /// <summary>The report may have no more of the allowing bits, no fewer of the demanding bits and no older interface than this.</summary>
    /// <remarks>As created: SMT is allowed, nothing is demanded (0x30000).</remarks>
    public SnpPolicyBits GuestPolicy { get; init; } = new(0x30000);

    /// <summary>SMT, TSME and TIO set allow them; ECC, RAPL off, ciphertext hiding and alias check set demand them.</summary>
    public SnpPlatformInfo? PlatformInfo { get; init; }

    /// <summary>Whether bits of PLATFORM_INFO that we do not understand are refused. Real Turin machines set bit 6.</summary>
    public bool RefuseUnknownPlatformBits { get; init; }

    /// <summary>For the TCB at launch and for the reported one.</summary>
    public TcbVersion? MinimumTcb { get; init; }

    /// <summary>Whether firmware is refused that still can be rolled back: committed must equal current, else it must not exceed it.</summary>
    public bool RefuseProvisionalFirmware { get; init; }

    /// <summary>Bits that both mitigation vectors must have.</summary>
    public ulong? MinimumMitigationVector { get; init; }

    /// <summary>64 bytes each. A masked chip id is none of them.</summary>
    public IReadOnlyCollection<ReadOnlyMemory<byte>>? AllowedChipIds { get; init; }

    public IReadOnlyCollection<SnpProduct>? AllowedProducts { get; init; }

    public IReadOnlyCollection<SnpSigner>? AllowedSigners { get; init; }

    /// <summary>Everything in which a report differs from a policy; empty when it is as expected.</summary>
    /// <exception cref="ArgumentException">The policy has a value of a wrong length, or a guest policy that no report can have.</exception>
    public static IReadOnlyList<VerificationMismatch> Compare(VerifiedSnpReport verified, SnpPolicy policy)
    {
        policy.CheckItself();
        SnpComparison comparison = new(verified);
        comparison.CompareIdentity(policy);
        comparison.CompareGuestPolicy(policy.GuestPolicy);
        comparison.ComparePlatform(policy);
        comparison.CompareFirmware(policy);
        return comparison.Mismatches;
    }

    private void CheckItself()
    {
        CheckLength(ReportData, 64, nameof(ReportData));
        CheckLength(Measurement, 48, nameof(Measurement));
        CheckLength(HostData, 32, nameof(HostData));
        CheckLength(IdKeyDigest, 48, nameof(IdKeyDigest));
        foreach (ReadOnlyMemory<byte> chip in AllowedChipIds ?? [])
        {
            CheckLength(chip, ChipIdSize, nameof(AllowedChipIds));
        }

        if (!GuestPolicy.IsWellFormed)
        {
            throw new ArgumentException($"{nameof(GuestPolicy)} {GuestPolicy} is none that a report can have: bit 17 set, bits 26 to 63 clear.");
        }
    }

    private static void CheckLength(ReadOnlyMemory<byte>? value, int length, string name)
    {
        if (value is { } bytes && bytes.Length != length)
        {
            throw new ArgumentException($"{name} has {bytes.Length} bytes instead of {length}.");
        }
    }
}
