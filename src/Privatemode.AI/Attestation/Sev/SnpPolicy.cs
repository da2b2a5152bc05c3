namespace Privatemode.AI.Attestation.Sev;

/// <summary>The requirements for an authentic report. By default it refuses debugging, migration agents, CXL and inconsistent firmware versions.</summary>
/// <remarks>A null property is not compared. A list that is not null allows only its elements, so an empty one allows nothing.</remarks>
internal sealed record SnpPolicy
{
    private const int ChipIdSize = 64;

    /// <summary>The expected REPORT_DATA, 64 bytes.</summary>
    public ReadOnlyMemory<byte>? ReportData { get; init; }

    /// <summary>48 bytes.</summary>
    public ReadOnlyMemory<byte>? Measurement { get; init; }

    /// <summary>32 bytes.</summary>
    public ReadOnlyMemory<byte>? HostData { get; init; }

    /// <summary>48 bytes.</summary>
    public ReadOnlyMemory<byte>? IdKeyDigest { get; init; }

    public uint? Vmpl { get; init; }

    /// <summary>The report must not have more of the permissions, fewer of the requirements, or an older interface than this.</summary>
    /// <remarks>By default, SMT is allowed, and nothing is required (0x30000).</remarks>
    public SnpPolicyBits GuestPolicy { get; init; } = new(0x30000);

    /// <summary>If the bits of SMT, TSME and TIO are set, these features are allowed. If the bits of ECC, RAPL off, ciphertext hiding and alias check are set,
    /// these are required.</summary>
    public SnpPlatformInfo? PlatformInfo { get; init; }

    /// <summary>Whether unknown bits of PLATFORM_INFO are refused. Real Turin machines set bit 6.</summary>
    public bool RefuseUnknownPlatformBits { get; init; }

    /// <summary>The minimum of the TCB at launch and of the reported TCB.</summary>
    public TcbVersion? MinimumTcb { get; init; }

    /// <summary>Whether firmware that can still be rolled back is refused: the committed version must then be equal to the current one; otherwise, it must not
    /// be greater.</summary>
    public bool RefuseProvisionalFirmware { get; init; }

    /// <summary>The bits that must be set in both mitigation vectors.</summary>
    public ulong? MinimumMitigationVector { get; init; }

    /// <summary>The allowed chip IDs, 64 bytes each. A chip ID that the host masks matches none of them.</summary>
    public IReadOnlyCollection<ReadOnlyMemory<byte>>? AllowedChipIds { get; init; }

    public IReadOnlyCollection<SnpProduct>? AllowedProducts { get; init; }

    public IReadOnlyCollection<SnpSigner>? AllowedSigners { get; init; }

    /// <summary>Returns all differences between a report and a policy; empty if it meets the policy.</summary>
    /// <exception cref="ArgumentException">The policy has a value of a wrong length, or a guest policy that cannot occur in a report.</exception>
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
            throw new ArgumentException($"{nameof(GuestPolicy)} {GuestPolicy} cannot occur in a report: bit 17 must be set, and bits 26 to 63 must be clear.");
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

/// <summary>Compares one report with policies and collects every mismatch.</summary>
internal sealed class SnpComparison(VerifiedSnpReport verified)
{
    private readonly SnpReport _report = verified.Report;

    public List<VerificationMismatch> Mismatches { get; } = [];

    /// <summary>Compares the signer, the chip and the contents.</summary>
    public void CompareIdentity(SnpPolicy policy)
    {
        CompareListed(SnpPolicyChecks.AllowedProduct, verified.Product, policy.AllowedProducts);
        CompareListed(SnpPolicyChecks.AllowedSigner, verified.Signer, policy.AllowedSigners);
        if (policy.AllowedChipIds is { } chips)
        {
            bool listed = !_report.IsChipIdMasked && chips.Any(chip => chip.Span.SequenceEqual(_report.ChipId.Span));
            Mismatches.Compare(listed, SnpPolicyChecks.AllowedChip, $"one of {chips.Count} chips", Convert.ToHexStringLower(_report.ChipId.Span));
        }

        Mismatches.CompareBytes(SnpPolicyChecks.ReportData, policy.ReportData, _report.ReportData, VerificationCause.Deployment);
        Mismatches.CompareBytes(SnpPolicyChecks.Measurement, policy.Measurement, _report.Measurement);
        Mismatches.CompareBytes(SnpPolicyChecks.HostData, policy.HostData, _report.HostData);
        Mismatches.CompareBytes(SnpPolicyChecks.IdKeyDigest, policy.IdKeyDigest, _report.IdKeyDigest);
        if (policy.Vmpl is { } vmpl)
        {
            Mismatches.Compare(_report.Vmpl == vmpl, SnpPolicyChecks.Vmpl, $"{vmpl}", $"{_report.Vmpl}");
        }
    }

    /// <summary>Compares the guest policy: it must not allow more or require less than the expected one.</summary>
    public void CompareGuestPolicy(SnpPolicyBits expected)
    {
        SnpPolicyBits found = _report.Policy;
        Mismatches.Compare(
            (found.AbiMajor, found.AbiMinor).CompareTo((expected.AbiMajor, expected.AbiMinor)) >= 0,
            SnpPolicyChecks.GuestAbi,
            $"at least {expected.AbiMajor}.{expected.AbiMinor}",
            $"{found.AbiMajor}.{found.AbiMinor}");
        CompareOff(SnpPolicyChecks.GuestDebug, expected.DebugAllowed, found.DebugAllowed);
        CompareOff(SnpPolicyChecks.GuestMigration, expected.MigrateMaAllowed, found.MigrateMaAllowed);
        CompareOff(SnpPolicyChecks.GuestSmt, expected.SmtAllowed, found.SmtAllowed);
        CompareOff(SnpPolicyChecks.GuestCxl, expected.CxlAllowed, found.CxlAllowed);
        CompareOn(SnpPolicyChecks.GuestSingleSocket, expected.SingleSocketRequired, found.SingleSocketRequired);
        CompareOn(SnpPolicyChecks.GuestMemoryEncryption, expected.MemAes256XtsRequired, found.MemAes256XtsRequired);
        CompareOn(SnpPolicyChecks.GuestRapl, expected.RaplDisabledRequired, found.RaplDisabledRequired);
        CompareOn(SnpPolicyChecks.GuestCiphertextHiding, expected.CiphertextHidingDramRequired, found.CiphertextHidingDramRequired);
        CompareOn(SnpPolicyChecks.GuestPageSwap, expected.PageSwapDisabledRequired, found.PageSwapDisabledRequired);
    }

    /// <summary>Compares the platform's state.</summary>
    public void ComparePlatform(SnpPolicy policy)
    {
        SnpPlatformInfo found = _report.PlatformInfo;
        if (policy.RefuseUnknownPlatformBits)
        {
            Mismatches.Compare(found.UnknownBits == 0, SnpPolicyChecks.PlatformUnknown, "no unknown bit", $"0x{found.UnknownBits:x}");
        }

        if (policy.PlatformInfo is { } expected)
        {
            CompareOff(SnpPolicyChecks.PlatformSmt, expected.SmtEnabled, found.SmtEnabled);
            CompareOff(SnpPolicyChecks.PlatformTsme, expected.TsmeEnabled, found.TsmeEnabled);
            CompareOff(SnpPolicyChecks.PlatformTio, expected.TioEnabled, found.TioEnabled);
            CompareOn(SnpPolicyChecks.PlatformEcc, expected.EccEnabled, found.EccEnabled);
            CompareOn(SnpPolicyChecks.PlatformRapl, expected.RaplDisabled, found.RaplDisabled);
            CompareOn(SnpPolicyChecks.PlatformCiphertextHiding, expected.CiphertextHidingDramEnabled, found.CiphertextHidingDramEnabled);
            CompareOn(SnpPolicyChecks.PlatformAliasCheck, expected.AliasCheckComplete, found.AliasCheckComplete);
        }
    }

    /// <summary>Compares the TCB versions, the firmware versions and the mitigations.</summary>
    public void CompareFirmware(SnpPolicy policy)
    {
        SnpTcb tcb = verified.Tcb;
        if (policy.MinimumTcb is { } minimum)
        {
            Mismatches.Compare(tcb.Launch.IsAtLeast(minimum), SnpPolicyChecks.LaunchTcb, $"at least {minimum}", $"{tcb.Launch}");
            Mismatches.Compare(tcb.Reported.IsAtLeast(minimum), SnpPolicyChecks.ReportedTcb, $"at least {minimum}", $"{tcb.Reported}");
        }

        Mismatches.Compare(tcb.Current.IsAtLeast(tcb.Reported), SnpPolicyChecks.CurrentTcb, $"at least {tcb.Reported}, as reported", $"{tcb.Current}");
        CompareCommitted(policy.RefuseProvisionalFirmware);
        if (policy.MinimumMitigationVector is { } bits)
        {
            CompareBits(SnpPolicyChecks.LaunchMitigations, bits, _report.LaunchMitigationVector);
            CompareBits(SnpPolicyChecks.CurrentMitigations, bits, _report.CurrentMitigationVector);
        }
    }

    private void CompareCommitted(bool equal)
    {
        SnpTcb tcb = verified.Tcb;
        (FirmwareVersion current, FirmwareVersion committed) = (_report.CurrentVersion, _report.CommittedVersion);
        string relation = equal ? "exactly" : "at most";
        Mismatches.Compare(
            equal ? tcb.Committed == tcb.Current : tcb.Current.IsAtLeast(tcb.Committed),
            SnpPolicyChecks.CommittedTcb,
            $"{relation} the current {tcb.Current}",
            $"{tcb.Committed}");
        Mismatches.Compare(
            equal ? committed == current : current.IsAtLeast(committed),
            SnpPolicyChecks.CommittedVersion,
            $"{relation} the current {current}",
            $"{committed}");
    }

    private void CompareListed<T>(string check, T found, IReadOnlyCollection<T>? allowed)
        where T : struct, Enum
    {
        if (allowed is not null)
        {
            Mismatches.Compare(allowed.Contains(found), check, string.Join(" or ", allowed), $"{found}");
        }
    }

    private void CompareOff(string check, bool allowed, bool found) => Mismatches.Compare(allowed || !found, check, "off", "on");

    private void CompareOn(string check, bool required, bool found) => Mismatches.Compare(!required || found, check, "on", "off");

    private void CompareBits(string check, ulong bits, ulong found) =>
        Mismatches.Compare((found & bits) == bits, check, $"at least the bits 0x{bits:x}", $"0x{found:x}");
}
