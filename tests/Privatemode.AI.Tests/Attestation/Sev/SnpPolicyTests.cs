using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Exceptions;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class SnpPolicyTests
{
    private const ulong Baseline = 0x5417_0000_0000_010a;

    // Bit of the guest policy; its check; whether it is dangerous when set (an allowance) or when clear (a demand).
    public static TheoryData<int, string, bool> GuestBits => new()
    {
        { 16, SnpPolicyChecks.GuestSmt, true },
        { 18, SnpPolicyChecks.GuestMigration, true },
        { 19, SnpPolicyChecks.GuestDebug, true },
        { 21, SnpPolicyChecks.GuestCxl, true },
        { 20, SnpPolicyChecks.GuestSingleSocket, false },
        { 22, SnpPolicyChecks.GuestMemoryEncryption, false },
        { 23, SnpPolicyChecks.GuestRapl, false },
        { 24, SnpPolicyChecks.GuestCiphertextHiding, false },
        { 25, SnpPolicyChecks.GuestPageSwap, false },
    };

    public static TheoryData<int, string, bool> PlatformBits => new()
    {
        { 0, SnpPolicyChecks.PlatformSmt, true },
        { 1, SnpPolicyChecks.PlatformTsme, true },
        { 7, SnpPolicyChecks.PlatformTio, true },
        { 2, SnpPolicyChecks.PlatformEcc, false },
        { 3, SnpPolicyChecks.PlatformRapl, false },
        { 4, SnpPolicyChecks.PlatformCiphertextHiding, false },
        { 5, SnpPolicyChecks.PlatformAliasCheck, false },
    };

    [Fact]
    public void Compare_AsCreated_PassesAPlainReport() => Assert.Empty(Compare(new SnpPolicy()));

    [Theory]
    [MemberData(nameof(GuestBits))]
    public void Compare_GuestBit_IsComparedInItsDirection(int bit, string check, bool allowance)
    {
        const ulong Without = 1UL << 17;
        ulong with = Without | 1UL << bit;
        SnpPolicy expectsSet = new() { GuestPolicy = new SnpPolicyBits(with) };
        SnpPolicy expectsClear = new() { GuestPolicy = new SnpPolicyBits(Without) };

        Assert.Equal(allowance ? [check] : [], Compare(expectsClear, report => report.UInt64(SnpReportWriter.Policy, with)));
        Assert.Equal(allowance ? [] : [check], Compare(expectsSet, report => report.UInt64(SnpReportWriter.Policy, Without)));
        Assert.Empty(Compare(expectsSet, report => report.UInt64(SnpReportWriter.Policy, with)));
        Assert.Empty(Compare(expectsClear, report => report.UInt64(SnpReportWriter.Policy, Without)));
    }

    [Theory]
    [InlineData(0x2_0136, 0x2_0135, false)]
    [InlineData(0x2_0136, 0x2_0136, true)]
    [InlineData(0x2_0136, 0x2_0137, true)]
    [InlineData(0x2_0136, 0x2_0200, true)]
    [InlineData(0x2_0136, 0x2_00ff, false)]
    public void Compare_GuestAbi_IsMajorFirst(ulong expected, ulong found, bool passes) => Assert.Equal(
        passes ? [] : [SnpPolicyChecks.GuestAbi],
        Compare(new SnpPolicy { GuestPolicy = new SnpPolicyBits(expected) }, report => report.UInt64(SnpReportWriter.Policy, found)));

    [Theory]
    [MemberData(nameof(PlatformBits))]
    public void Compare_PlatformBit_IsComparedInItsDirection(int bit, string check, bool allowance)
    {
        SnpPolicy expectsSet = new() { PlatformInfo = new SnpPlatformInfo(1UL << bit) };
        SnpPolicy expectsClear = new() { PlatformInfo = new SnpPlatformInfo(0) };

        Assert.Equal(allowance ? [check] : [], Compare(expectsClear, report => report.UInt64(SnpReportWriter.PlatformInfo, 1UL << bit)));
        Assert.Equal(allowance ? [] : [check], Compare(expectsSet));
        Assert.Empty(Compare(expectsSet, report => report.UInt64(SnpReportWriter.PlatformInfo, 1UL << bit)));
        Assert.Empty(Compare(new SnpPolicy(), report => report.UInt64(SnpReportWriter.PlatformInfo, 1UL << bit)));
    }

    [Fact]
    public void Compare_UnknownPlatformBits_AreRefusedOnRequest()
    {
        SnpPolicy strict = new() { RefuseUnknownPlatformBits = true, PlatformInfo = new SnpPlatformInfo(0x83) };
        foreach (int bit in (int[])[6, 8, 31, 63])
        {
            Assert.Equal([SnpPolicyChecks.PlatformUnknown], Compare(strict, report => report.UInt64(SnpReportWriter.PlatformInfo, 1UL << bit)));
        }

        Assert.Empty(Compare(strict, report => report.UInt64(SnpReportWriter.PlatformInfo, 0xbf)));
    }

    [Fact]
    public void Compare_Bytes_MustBeEqualToTheLast()
    {
        byte[] Bytes(int length) => [.. Enumerable.Range(1, length).Select(i => (byte)i)];
        Action<SnpReportWriter> filled = report => report.Put(0x050, Bytes(64)).Put(0x090, Bytes(48)).Put(0x0c0, Bytes(32)).Put(0x0e0, Bytes(48));
        SnpPolicy policy = new() { ReportData = Bytes(64), Measurement = Bytes(48), HostData = Bytes(32), IdKeyDigest = Bytes(48) };
        string[] checks = [SnpPolicyChecks.ReportData, SnpPolicyChecks.Measurement, SnpPolicyChecks.HostData, SnpPolicyChecks.IdKeyDigest];

        Assert.Empty(Compare(policy, filled));
        Assert.Equal(checks, Compare(policy));
        Assert.Equal(checks, Compare(policy, report =>
        {
            filled(report);
            report.Byte(0x050 + 63, 0).Byte(0x090 + 47, 0).Byte(0x0c0 + 31, 0).Byte(0x0e0 + 47, 0);
        }));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(uint.MaxValue, false)] // the host asked
    public void Compare_Vmpl_MustBeEqual(uint vmpl, bool passes) =>
        Assert.Equal(passes ? [] : [SnpPolicyChecks.Vmpl], Compare(new SnpPolicy { Vmpl = 0 }, report => report.UInt32(SnpReportWriter.Vmpl, vmpl)));

    [Fact]
    public void Compare_Lists_AllowWhatTheyHold()
    {
        Assert.Empty(Compare(new SnpPolicy
        {
            AllowedProducts = [SnpProduct.Milan, SnpProduct.Genoa],
            AllowedSigners = [SnpSigner.Vcek],
            AllowedChipIds = [new byte[64], FakeAmd.HardwareId(SnpProduct.Genoa)],
        }));
        Assert.Equal([SnpPolicyChecks.AllowedProduct], Compare(new SnpPolicy { AllowedProducts = [SnpProduct.Milan] }));
        Assert.Equal(
            "Milan or Turin",
            Assert.Single(SnpPolicy.Compare(FakeAmd.Create().Verify(), new SnpPolicy { AllowedProducts = [SnpProduct.Milan, SnpProduct.Turin] })).Expected);
        Assert.Equal([SnpPolicyChecks.AllowedSigner], Compare(new SnpPolicy { AllowedSigners = [SnpSigner.Vlek] }));
        Assert.Equal([SnpPolicyChecks.AllowedChip], Compare(new SnpPolicy { AllowedChipIds = [new byte[64]] }));
    }

    [Fact]
    public void Compare_EmptyLists_AllowNothing() => Assert.Equal(
        [SnpPolicyChecks.AllowedProduct, SnpPolicyChecks.AllowedSigner, SnpPolicyChecks.AllowedChip],
        Compare(new SnpPolicy { AllowedProducts = [], AllowedSigners = [], AllowedChipIds = [] }));

    [Fact]
    public void Compare_MinimumTcb_IsForLaunchAndReported()
    {
        SnpPolicy policy = new() { MinimumTcb = new TcbVersion(0, 10, 1, 23, 84) };
        Assert.Empty(Compare(policy));
        Assert.Equal([SnpPolicyChecks.LaunchTcb, SnpPolicyChecks.ReportedTcb], Compare(policy with { MinimumTcb = new TcbVersion(0, 10, 1, 24, 0) }));
        Assert.Equal([SnpPolicyChecks.LaunchTcb], Compare(policy, report => report.UInt64(SnpReportWriter.LaunchTcb, Baseline - 1)));
    }

    [Fact]
    public void Compare_FirmwareThatContradictsItself_IsAlwaysRefused()
    {
        SnpPolicy policy = new();
        Assert.Equal(
            [SnpPolicyChecks.CurrentTcb, SnpPolicyChecks.CommittedTcb], Compare(policy, report => report.UInt64(SnpReportWriter.CurrentTcb, Baseline - 1)));
        Assert.Equal([SnpPolicyChecks.CommittedTcb], Compare(policy, report => report.UInt64(SnpReportWriter.CommittedTcb, Baseline + 1)));
        Assert.Equal([SnpPolicyChecks.CommittedVersion], Compare(policy, report => report.Put(0x1e8, [22, 55, 1]).Put(0x1ec, [23, 55, 1])));
        FakeAmd amd = FakeAmd.Create();
        amd.Report.Put(0x1e8, [22, 55, 1]).Put(0x1ec, [23, 55, 1]);
        Assert.StartsWith("at most the current ", Assert.Single(SnpPolicy.Compare(amd.Verify(), policy)).Expected, StringComparison.Ordinal);
        Assert.StartsWith(
            "exactly the current ",
            Assert.Single(SnpPolicy.Compare(amd.Verify(), new SnpPolicy { RefuseProvisionalFirmware = true })).Expected,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_ProvisionalFirmware_IsRefusedOnRequest()
    {
        Action<SnpReportWriter> provisional = report =>
            report.UInt64(SnpReportWriter.CommittedTcb, Baseline - 1).Put(0x1e8, [22, 55, 1]).Put(0x1ec, [21, 55, 1]);

        Assert.Empty(Compare(new SnpPolicy(), provisional));
        Assert.Empty(Compare(new SnpPolicy { RefuseProvisionalFirmware = true }));
        Assert.Equal(
            [SnpPolicyChecks.CommittedTcb, SnpPolicyChecks.CommittedVersion], Compare(new SnpPolicy { RefuseProvisionalFirmware = true }, provisional));
    }

    [Fact]
    public void Compare_MitigationVectors_MustHaveEveryBit()
    {
        SnpPolicy policy = new() { MinimumMitigationVector = 0xf };
        Action<SnpReportWriter> With(ulong launch, ulong current) =>
            report => report.UInt32(0, 5).UInt64(SnpReportWriter.LaunchMitigations, launch).UInt64(SnpReportWriter.CurrentMitigations, current);

        Assert.Empty(Compare(policy, With(0xf, 0x1f)));
        Assert.Equal([SnpPolicyChecks.LaunchMitigations], Compare(policy, With(0x1e, 0xf)));
        Assert.Equal([SnpPolicyChecks.CurrentMitigations], Compare(policy, With(0xf, 7)));
        Assert.Equal([SnpPolicyChecks.LaunchMitigations, SnpPolicyChecks.CurrentMitigations], Compare(policy)); // version 3 has none
        Assert.Empty(Compare(policy with { MinimumMitigationVector = 0 }));
    }

    [Fact]
    public void Compare_SeveralMismatches_AreAllToldWithBothSides()
    {
        FakeAmd amd = FakeAmd.Create();
        amd.Report.UInt64(SnpReportWriter.Policy, 0xb0000).UInt32(SnpReportWriter.Vmpl, 3);
        SnpPolicy policy = new() { Vmpl = 0, HostData = new byte[32], Measurement = Enumerable.Repeat((byte)0xab, 48).ToArray() };

        IReadOnlyList<VerificationMismatch> mismatches = SnpPolicy.Compare(amd.Verify(), policy);

        Assert.Equal(
            [
                new VerificationMismatch
                {
                    Check = SnpPolicyChecks.Measurement,
                    Expected = string.Concat(Enumerable.Repeat("ab", 48)),
                    Found = new string('0', 96),
                },
                new VerificationMismatch { Check = SnpPolicyChecks.Vmpl, Expected = "0", Found = "3" },
                new VerificationMismatch { Check = SnpPolicyChecks.GuestDebug, Expected = "off", Found = "on" },
            ],
            mismatches);
    }

    [Fact]
    public void Compare_PolicyOfAWrongShape_IsAnErrorOfOurs()
    {
        VerifiedSnpReport verified = FakeAmd.Create().Verify();
        SnpPolicy[] wrong =
        [
            new() { ReportData = new byte[32] },
            new() { ReportData = Array.Empty<byte>() },
            new() { Measurement = new byte[32] },
            new() { HostData = new byte[48] },
            new() { IdKeyDigest = new byte[47] },
            new() { AllowedChipIds = [new byte[8]] },
            new() { GuestPolicy = default },
            new() { GuestPolicy = new SnpPolicyBits(0x4030000) },
        ];
        Assert.All(wrong, policy => Assert.Throws<ArgumentException>(() => SnpPolicy.Compare(verified, policy)));
    }

    private static IReadOnlyList<string> Compare(SnpPolicy policy, Action<SnpReportWriter>? change = null)
    {
        FakeAmd amd = FakeAmd.Create();
        change?.Invoke(amd.Report);
        return [.. ExpectedCauses.ChecksOf(SnpPolicy.Compare(amd.Verify(), policy))];
    }
}
