using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>Platform, module and quoting enclave together, at launch and now.</summary>
public sealed class TcbEvaluationTests
{
    private static readonly FakeIntel Good = new();

    [Fact]
    public void Judge_PartsThatDiffer_GivesWorstStatusOldestDateAllAdvisories()
    {
        FakeIntel intel = Good with
        {
            TcbInfo = CollateralText.TcbInfo(
                CollateralText.Level("ConfigurationNeeded", "2025-03-12T00:00:00Z", advisories: ",\"advisoryIDs\":[\"SA-1\",\"SA-2\"]"),
                CollateralText.Identity("TDX_01", CollateralText.SvnLevel(4, "OutOfDate", "2024-01-01T00:00:00Z", ",\"advisoryIDs\":[\"SA-3\",\"SA-2\"]"))),
            QeIdentity = CollateralText.QeIdentity(CollateralText.SvnLevel(4, "UpToDate", "2024-06-01T00:00:00Z", ",\"advisoryIDs\":[\"SA-4\"]")),
        };

        TcbEvaluation tcb = intel.Verify().Tcb;
        Assert.Equal(TcbStatus.OutOfDateConfigurationNeeded, tcb.Overall.Status);
        Assert.Equal(TcbStatus.ConfigurationNeeded, tcb.Platform);
        Assert.Equal(TcbStatus.OutOfDate, tcb.Module);
        Assert.Equal(TcbStatus.UpToDate, tcb.QuotingEnclave);
        Assert.Equal(TcbStatus.OutOfDate, tcb.WithoutPlatform);
        Assert.Equal(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero), tcb.Overall.Date);
        Assert.Equal(["SA-1", "SA-2", "SA-3", "SA-4"], tcb.Overall.Advisories.Order());
    }

    [Theory]
    [InlineData("platform")]
    [InlineData("module")]
    [InlineData("enclave")]
    public void Judge_AnythingRevoked_IsRefused(string part)
    {
        FakeIntel intel = part switch
        {
            "platform" => Good with { TcbInfo = CollateralText.TcbInfo(CollateralText.Level("Revoked")) },
            "module" => Good with { TcbInfo = CollateralText.TcbInfo(identities: CollateralText.Identity("TDX_01", CollateralText.SvnLevel(4, "Revoked"))) },
            _ => Good with { QeIdentity = CollateralText.QeIdentity(CollateralText.SvnLevel(4, "Revoked")) },
        };
        PrivatemodeVerificationException refusal = Refusal.Of(TdxChecks.TcbRevoked, () => intel.Verify());
        Assert.Contains("Revoked", refusal.Found!, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_ModuleThatIntelDoesNotKnow_IsRefusedByName()
    {
        Refusal.Of(TdxChecks.ModuleIdentity, () => Good.Verify(WithSvn(6, 2)));
        Refusal.Of(TdxChecks.ModuleLevel, () => Good.Verify(WithSvn(3, 1)));
        foreach (string id in (string[])["TDX_001", "TDX_0x", "TDX- 1", "TDX_", ""])
        {
            string other = CollateralText.TcbInfo(identities: CollateralText.Identity(id, CollateralText.SvnLevel(4)));
            Refusal.Of(TdxChecks.ModuleIdentity, () => (Good with { TcbInfo = other }).Verify());
        }
    }

    [Fact]
    public void Judge_VersionBelowAllLevels_IsRefusedWithTheLowest()
    {
        string levels = $"{CollateralText.SvnLevel(6)},{CollateralText.SvnLevel(4)},{CollateralText.SvnLevel(5)}";
        byte[] report = QuoteWriter.DefaultQeReport();
        report[258] = 3;
        PrivatemodeVerificationException enclave = Refusal.Of(
            TdxChecks.QeLevel, () => (Good with { QeIdentity = CollateralText.QeIdentity(levels) }).Verify(Good.Quote with { QeReport = report }));
        PrivatemodeVerificationException module = Refusal.Of(
            TdxChecks.ModuleLevel,
            () => (Good with { TcbInfo = CollateralText.TcbInfo(identities: CollateralText.Identity("TDX_01", levels)) }).Verify(WithSvn(3, 1)));
        Assert.Equal(("version 4 or higher", "version 3"), (enclave.Expected, enclave.Found));
        Assert.Equal(("TDX_01 version 4 or higher", "version 3"), (module.Expected, module.Found));
    }

    // The reference looks for lower-case hex, Intel writes upper case; it shows from line 10 on.
    [Theory]
    [InlineData("TDX_0A")]
    [InlineData("TDX_0a")]
    public void Judge_ModuleLineAboveNine_IsFoundInEitherCase(string id)
    {
        FakeIntel intel = Good with { TcbInfo = CollateralText.TcbInfo(identities: CollateralText.Identity(id, CollateralText.SvnLevel(4))) };
        Assert.Equal(TcbStatus.UpToDate, intel.Verify(WithSvn(6, 10)).Tcb.Module);
    }

    [Fact]
    public void Judge_ModuleOfLineZero_IsJudgedWithThePlatform()
    {
        TcbEvaluation tcb = Good.Verify(WithSvn(6, 0)).Tcb;
        Assert.Null(tcb.Module);
        Assert.Equal("UpToDate (platform UpToDate, module as the platform, quoting enclave UpToDate)", tcb.ToText());
        Refusal.Of(TdxChecks.PlatformLevel, () => Good.Verify(WithSvn(4, 0)));
    }

    [Theory]
    [InlineData(64, 1, TdxChecks.ModuleSigner)]
    [InlineData(111, 1, TdxChecks.ModuleSigner)]
    [InlineData(112, 0, TdxChecks.ModuleAttributes)]
    [InlineData(119, 1, TdxChecks.ModuleAttributes)]
    public void Judge_AnotherModule_IsRefusedByName(int offset, byte line, string check)
    {
        QuoteWriter quote = WithSvn(6, line);
        quote.Body[offset] = 1;
        Refusal.Of(check, () => Good.Verify(quote));
    }

    // Intel's mask leaves bits open; its verifier demands that they are zero all the same.
    [Fact]
    public void Judge_ModuleAttributeOutsideTheMask_IsRefused()
    {
        FakeIntel intel = Good with { TcbInfo = Good.TcbInfo.Replace("FFFFFFFFFFFFFFFF", "0000000000000000", StringComparison.Ordinal) };
        QuoteWriter quote = WithSvn(6, 1);
        _ = intel.Verify(quote);
        quote.Body[115] = 1;
        Refusal.Of(TdxChecks.ModuleAttributes, () => intel.Verify(quote));
    }

    [Theory]
    [InlineData(16, 1, TdxChecks.QeMiscSelect)]
    [InlineData(48, 0x13, TdxChecks.QeAttributes)]
    [InlineData(128, 0, TdxChecks.QeSigner)]
    [InlineData(256, 1, TdxChecks.QeProduct)]
    [InlineData(257, 1, TdxChecks.QeProduct)]
    [InlineData(258, 3, TdxChecks.QeLevel)]
    public void Judge_AnotherQuotingEnclave_IsRefusedByName(int offset, byte value, string check)
    {
        byte[] report = QuoteWriter.DefaultQeReport();
        report[offset] = value;
        Refusal.Of(check, () => Good.Verify(Good.Quote with { QeReport = report }));
    }

    [Fact]
    public void Judge_QuotingEnclaveAttributeOutsideTheMask_IsNotCompared()
    {
        byte[] report = QuoteWriter.DefaultQeReport();
        report[56] = 1;
        _ = Good.Verify(Good.Quote with { QeReport = report });
    }

    [Theory]
    [InlineData(6, 6, TcbStatus.UpToDate)]
    [InlineData(2, 6, TcbStatus.TDRelaunchAdvised)]
    [InlineData(2, 2, TcbStatus.OutOfDate)]
    [InlineData(6, 2, TcbStatus.OutOfDate)] // Intel's verifier says UpToDate here
    public void Judge_Report15_ComparesLaunchWithNow(byte launch, byte now, object expected)
    {
        FakeIntel intel = Good with
        {
            TcbInfo = CollateralText.TcbInfo(identities: CollateralText.Identity(
                "TDX_01", $"{CollateralText.SvnLevel(4)},{CollateralText.SvnLevel(1, "OutOfDate", "2024-01-01T00:00:00Z", ",\"advisoryIDs\":[\"SA-9\"]")}")),
        };
        TcbEvaluation tcb = intel.Verify(With15(launch, 1, now, 1)).Tcb;
        Assert.Equal((TcbStatus)expected, tcb.Overall.Status);
        Assert.Equal((TcbStatus)expected, tcb.Module);
        Assert.Equal((TcbStatus)expected, tcb.WithoutPlatform);
        Assert.Equal(TcbStatus.UpToDate, tcb.Platform);
        Assert.Equal(launch == 6 && now == 6 ? [] : ["SA-9"], tcb.Overall.Advisories);
    }

    [Fact]
    public void Judge_Report15WithAnUnknownTcbNow_IsRefused()
    {
        Refusal.Of(TdxChecks.ModuleLevel, () => Good.Verify(With15(6, 1, 3, 1)));
        Refusal.Of(TdxChecks.ModuleIdentity, () => Good.Verify(With15(6, 1, 6, 9)));
        Refusal.Of(TdxChecks.PlatformLevel, () => Good.Verify(With15(6, 1, 4, 0)));
    }

    [Fact]
    public void Judge_Report15WithAModuleOfLineZeroOnce_KeepsTheStatusOfTheOtherTime()
    {
        Assert.Equal(TcbStatus.UpToDate, Good.Verify(With15(6, 0, 6, 1)).Tcb.Module);
        Assert.Equal(TcbStatus.UpToDate, Good.Verify(With15(6, 1, 6, 0)).Tcb.Module);
        Assert.Null(Good.Verify(With15(6, 0, 6, 0)).Tcb.Module);
    }

    private static QuoteWriter WithSvn(byte version, byte line)
    {
        byte[] body = QuoteWriter.DefaultBody(TdReport.Size10);
        body[0] = version;
        body[1] = line;
        return Good.Quote with { Body = body };
    }

    private static QuoteWriter With15(byte version, byte line, byte versionNow, byte lineNow)
    {
        byte[] body = QuoteWriter.DefaultBody(TdReport.Size15);
        (body[0], body[1], body[584], body[585]) = (version, line, versionNow, lineNow);
        return Good.Quote with { Version = 5, Body = body };
    }
}
