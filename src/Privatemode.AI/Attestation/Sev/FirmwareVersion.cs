namespace Privatemode.AI.Attestation.Sev;

/// <summary>Version of the SNP firmware: 1.55 build 22 is (1, 55, 22).</summary>
internal readonly record struct FirmwareVersion(byte Major, byte Minor, byte Build)
{
    /// <summary>Whether neither the version (major first) nor, on its own, the build is older.</summary>
    public bool IsAtLeast(FirmwareVersion minimum) =>
        (Major, Minor).CompareTo((minimum.Major, minimum.Minor)) >= 0 && Build >= minimum.Build;

    public override string ToString() => $"{Major}.{Minor}.{Build}";
}
