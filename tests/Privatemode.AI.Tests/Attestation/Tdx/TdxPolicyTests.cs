using System.Buffers.Binary;
using System.Text.Json;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;
using Privatemode.AI.Tests.Exceptions;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>What is expected of a quote: each expectation met, missed, and not asked for.</summary>
public sealed class TdxPolicyTests
{
    private static readonly FakeIntel Intel = new();
    private static readonly VerifiedTdxQuote Quote = Verify(body => { });

    private static TdxPolicy Matching => new()
    {
        ReportData = Quote.Report.ReportData,
        MrTd = Quote.Report.MrTd,
        MrSeam = Quote.Report.MrSeam,
        MrConfigId = Quote.Report.MrConfigId,
        Rtmrs = [Quote.Report.Rtmr(0), Quote.Report.Rtmr(1), Quote.Report.Rtmr(2), Quote.Report.Rtmr(3)],
        TdAttributes = Quote.Report.TdAttributes,
        Xfam = 0x602e7,
        MinimumEvaluationDataNumber = 18,
        PlatformInstanceIds = [new byte[16], Quote.Platform.PlatformInstanceId],
        RequireSmtDisabled = true,
        RequireStaticPlatform = true,
    };

    [Fact]
    public void Compare_EverythingAsExpected_IsEmpty()
    {
        Assert.Empty(new TdxPolicyComparison(Quote, new TdxPolicy()).Compare());
        Assert.Empty(new TdxPolicyComparison(Quote, Matching).Compare());
    }

    // Each byte of each field, one at a time: the mismatch names the field and nothing else.
    [Theory]
    [InlineData(136, 48, TdxPolicyChecks.MrTd)]
    [InlineData(16, 48, TdxPolicyChecks.MrSeam)]
    [InlineData(184, 48, TdxPolicyChecks.MrConfigId)]
    [InlineData(328, 48, TdxPolicyChecks.Rtmr0)]
    [InlineData(376, 48, TdxPolicyChecks.Rtmr1)]
    [InlineData(424, 48, TdxPolicyChecks.Rtmr2)]
    [InlineData(472, 48, TdxPolicyChecks.Rtmr3)]
    [InlineData(520, 64, TdxPolicyChecks.ReportData)]
    [InlineData(121, 7, TdxPolicyChecks.Attributes)]
    public void Compare_FieldThatDiffers_NamesItWithBothValues(int offset, int length, string check)
    {
        foreach (int at in new[] { offset, offset + (length / 2), offset + length - 1 })
        {
            VerifiedTdxQuote other = Verify(body => body[at] ^= 0x40);
            VerificationMismatch mismatch = Assert.Single(new TdxPolicyComparison(other, Matching).Compare());
            ExpectedCauses.AssertOf([mismatch]);
            Assert.Equal(check, mismatch.Check);
            Assert.NotEqual(mismatch.Expected, mismatch.Found);
            Assert.Equal(mismatch.Expected!.Length, mismatch.Found!.Length);
            Assert.Empty(new TdxPolicyComparison(other, new TdxPolicy()).Compare());
        }
    }

    [Fact]
    public void Compare_ManyDifferences_NamesAll()
    {
        VerifiedTdxQuote other = Verify(body => body.AsSpan(136, 500 - 136).Fill(1));
        Assert.Equal(
            [TdxPolicyChecks.MrTd, TdxPolicyChecks.MrConfigId, TdxPolicyChecks.Rtmr0, TdxPolicyChecks.Rtmr1, TdxPolicyChecks.Rtmr2, TdxPolicyChecks.Rtmr3],
            Checks(other, Matching));
    }

    [Fact]
    public void Compare_Rtmr0_MayBeAnAlternative()
    {
        VerifiedTdxQuote other = Verify(body => body[328] = 1);
        TdxPolicy policy = Matching with { Rtmr0Alternatives = [new byte[48], other.Report.Rtmr(0)] };
        Assert.Empty(Checks(other, policy));
        Assert.Empty(Checks(Quote, policy));
        Assert.Equal([TdxPolicyChecks.Rtmr0], Checks(Verify(body => body[328] = 2), policy));
        Assert.Equal([TdxPolicyChecks.Rtmr1], Checks(Verify(body => body[376] = 1), policy));
    }

    [Theory]
    [InlineData(0x01)]
    [InlineData(0x02)]
    [InlineData(0x80)]
    [InlineData(0xff)]
    public void Compare_AnyDebugBit_IsRefusedUnasked(byte bits) =>
        Assert.Equal([TdxPolicyChecks.Debug], Checks(Verify(body => body[120] = bits), new TdxPolicy()));

    [Fact]
    public void Compare_DebugAndPinnedToIt_IsStillRefused()
    {
        VerifiedTdxQuote debug = Verify(body => body[120] = 1);
        Assert.Equal([TdxPolicyChecks.Debug], Checks(debug, new TdxPolicy { TdAttributes = debug.Report.TdAttributes }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(47)]
    public void Compare_ServiceTd_IsRefusedUnasked(int at)
    {
        byte[] body = QuoteWriter.DefaultBody(TdReport.Size15);
        QuoteWriter writer = Intel.Quote with { Version = 5, Body = body };
        Assert.Empty(Checks(Intel.Verify(writer), new TdxPolicy()));
        body[600 + at] = 1;
        Assert.Equal([TdxPolicyChecks.ServiceTd], Checks(Intel.Verify(writer), new TdxPolicy()));
    }

    // What the quote shows, what is expected, and whether they are the same apart from CET (bits 11 and 12).
    [Theory]
    [InlineData(0x602e7, 0x602e7, true)]
    [InlineData(0x61ae7, 0x602e7, true)]
    [InlineData(0x602e7, 0x61ae7, true)]
    [InlineData(0x60ae7, 0x612e7, true)]
    [InlineData(0x600e7, 0x602e7, false)]
    [InlineData(0x602e7, 0x600e7, false)]
    [InlineData(0x00003, 0x602e7, false)]
    public void Compare_Xfam_IgnoresCetOnly(uint shown, uint expected, bool same) => Assert.Equal(
        same ? [] : [TdxPolicyChecks.Xfam], Checks(Verify(body => WriteXfam(body, shown)), new TdxPolicy { Xfam = expected }));

    [ThirdPartyFact]
    public void Compare_XfamOfTheGoldenPairs_IsAsContrastSays()
    {
        CaseLog log = new();
        foreach (JsonElement pair in VectorFiles.ThirdParty("contrast/golden/report-data.json").Items("xfam_ignoring_cet"))
        {
            ulong shown = BinaryPrimitives.ReadUInt64LittleEndian(pair.Hex("quote"));
            TdxPolicy policy = new() { Xfam = BinaryPrimitives.ReadUInt64LittleEndian(pair.Hex("reference")) };
            string[] expected = pair.Flag("equal") ? [] : [TdxPolicyChecks.Xfam];
            log.Run($"{pair}", () => Assert.Equal(expected, Checks(Verify(body => WriteXfam(body, shown)), policy)));
        }

        log.AssertAllPassed(5);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x1UL)]
    [InlineData(0x2UL)]
    [InlineData(0x0BUL)]
    [InlineData(0x13UL)]
    [InlineData(0x403UL)]
    [InlineData(0x80003UL)]
    [InlineData(0x8000000000000003UL)]
    public void Compare_ImpossibleXfam_IsRefusedUnasked(ulong xfam) =>
        Assert.Equal([TdxPolicyChecks.XfamBits], Checks(Verify(body => WriteXfam(body, xfam)), new TdxPolicy()));

    [Fact]
    public void Compare_EveryStatusButUpToDate_IsRefused()
    {
        foreach (TcbStatus status in Enum.GetValues<TcbStatus>().Where(status => status != TcbStatus.Revoked))
        {
            VerifiedTdxQuote quote = Quote with { Tcb = Quote.Tcb with { Overall = Quote.Tcb.Overall with { Status = status } } };
            Assert.Equal(status == TcbStatus.UpToDate ? [] : [TdxPolicyChecks.TcbStatus], Checks(quote, new TdxPolicy()));
        }
    }

    [Fact]
    public void Compare_ModuleStatusOnly_LeavesOutThePlatformAndNothingElse()
    {
        TdxPolicy policy = new() { DangerousAcceptOutdatedTdxPlatform = true };
        FakeIntel platform = Intel with { TcbInfo = CollateralText.TcbInfo(CollateralText.Level("OutOfDate")) };
        FakeIntel module = Intel with
        {
            TcbInfo = CollateralText.TcbInfo(identities: CollateralText.Identity("TDX_01", CollateralText.SvnLevel(4, "OutOfDate"))),
        };
        FakeIntel enclave = Intel with { QeIdentity = CollateralText.QeIdentity(CollateralText.SvnLevel(4, "OutOfDate")) };
        byte[] lineZero = QuoteWriter.DefaultBody(TdReport.Size10);
        lineZero[1] = 0;

        Assert.Equal([TdxPolicyChecks.TcbStatus], Checks(platform.Verify(), new TdxPolicy()));
        Assert.Empty(Checks(platform.Verify(), policy));
        Assert.Equal([TdxPolicyChecks.TcbStatus], Checks(module.Verify(), policy));
        Assert.Equal([TdxPolicyChecks.TcbStatus], Checks(enclave.Verify(), policy));

        // A module that is judged with its platform has no status of its own.
        Assert.Equal([TdxPolicyChecks.TcbStatus], Checks(platform.Verify(platform.Quote with { Body = lineZero }), policy));
    }

    [Fact]
    public void Compare_NewestTcbInfo_CountsOnRequest()
    {
        TdxPolicy policy = new() { RequireNewestTdxTcbInfo = true };
        TcbEvaluation outdated = Quote.Tcb with { Overall = Quote.Tcb.Overall with { Status = TcbStatus.OutOfDate } };
        NewestTcbEvaluation[] refused =
        [
            new(Quote.TcbInfo, outdated, null),
            new(Quote.TcbInfo, null, TdxChecks.PlatformLevel),
            new(null, null, TdxChecks.TcbInfoFormat),
            new(null, null, null),
        ];
        Assert.Empty(Checks(Quote with { Newest = new NewestTcbEvaluation(Quote.TcbInfo, Quote.Tcb, null) }, policy));
        Assert.All(refused, newest => Assert.Equal([TdxPolicyChecks.NewestTcbStatus], Checks(Quote with { Newest = newest }, policy)));
        Assert.All(refused, newest => Assert.Empty(Checks(Quote with { Newest = newest }, new TdxPolicy())));
        Assert.Equal(
            [
                "OutOfDate (platform UpToDate, module UpToDate, quoting enclave UpToDate), evaluation 18",
                "not listed (tdx-platform-level), evaluation 18",
                "Intel's newest TCB info cannot be used (tdx-tcb-info-format)",
                "Intel's newest TCB info could not be retrieved",
            ],
            refused.Select(newest => newest.ToText()));
    }

    [Fact]
    public void Compare_OldEvaluation_NamesTheDocument()
    {
        Assert.Equal([TdxPolicyChecks.TcbInfoEvaluation], Checks(Quote, new TdxPolicy { MinimumEvaluationDataNumber = 19 }));
        Assert.Equal(
            [TdxPolicyChecks.TcbInfoEvaluation, TdxPolicyChecks.QeIdentityEvaluation], Checks(Quote, new TdxPolicy { MinimumEvaluationDataNumber = 20 }));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(null, false)]
    public void Compare_MemoryIntegrity_NeedsTheTypeWithIt(int? type, bool accepted)
    {
        VerifiedTdxQuote quote = Verify(new PckExtensionWriter { SgxType = type is null ? null : PckExtensionWriter.Enumerated((byte)type) });
        TdxPolicy policy = new() { RequireMemoryIntegrity = true };
        Assert.Equal(accepted ? [] : [TdxPolicyChecks.MemoryIntegrity], Checks(quote, policy));
        Assert.All(
            new TdxPolicyComparison(quote, policy).Compare(),
            mismatch => Assert.Equal(("ScalableWithIntegrity", type is null ? "not stated" : $"{(SgxType)type}"), (mismatch.Expected, mismatch.Found)));
        Assert.Empty(Checks(quote, new TdxPolicy()));
    }

    [Fact]
    public void Compare_Configuration_NeedsToBeSaidAndOff()
    {
        TdxPolicy policy = new() { RequireSmtDisabled = true, RequireStaticPlatform = true };
        byte[] on = PckExtensionWriter.Boolean(true);
        VerifiedTdxQuote both = Verify(new PckExtensionWriter
        {
            Configuration = Der.Sequence(
                PckExtensionWriter.Pair($"{PckExtensionWriter.Root}.7.1", on), PckExtensionWriter.Pair($"{PckExtensionWriter.Root}.7.3", on)),
        });
        VerifiedTdxQuote unsaid = Verify(new PckExtensionWriter { Configuration = null });

        string[] checks = [TdxPolicyChecks.Multithreading, TdxPolicyChecks.StaticPlatform];
        Assert.Equal(checks, Checks(both, policy));
        Assert.Equal(checks, Checks(unsaid, policy));
        Assert.Equal(["not stated", "not stated"], new TdxPolicyComparison(unsaid, policy).Compare().Select(mismatch => mismatch.Found));
        Assert.Equal(["on", "on"], new TdxPolicyComparison(both, policy).Compare().Select(mismatch => mismatch.Found));
        Assert.Empty(Checks(both, new TdxPolicy()));
    }

    [Fact]
    public void Compare_PlatformInstance_MustBeListedAndSaid()
    {
        TdxPolicy policy = new() { PlatformInstanceIds = [Quote.Platform.PlatformInstanceId] };
        Assert.Empty(Checks(Quote, policy));
        Assert.Equal([TdxPolicyChecks.PlatformInstance], Checks(Verify(new PckExtensionWriter { PlatformInstanceId = new byte[16] }), policy));
        VerifiedTdxQuote unsaid = Verify(new PckExtensionWriter { PlatformInstanceId = null });
        Assert.Equal([TdxPolicyChecks.PlatformInstance], Checks(unsaid, policy));
        Assert.Equal("none", Assert.Single(new TdxPolicyComparison(unsaid, policy).Compare()).Found);
    }

    [Fact]
    public void Policy_ExpectationOfAnotherLength_IsAMistakeOfTheCaller()
    {
        ReadOnlyMemory<byte> measurement = new byte[48];
        Assert.Throws<ArgumentException>(() => new TdxPolicy { ReportData = new byte[63] });
        Assert.Throws<ArgumentException>(() => new TdxPolicy { MrTd = new byte[47] });
        Assert.Throws<ArgumentException>(() => new TdxPolicy { MrSeam = new byte[49] });
        Assert.Throws<ArgumentException>(() => new TdxPolicy { MrConfigId = ReadOnlyMemory<byte>.Empty });
        Assert.Throws<ArgumentException>(() => new TdxPolicy { TdAttributes = new byte[4] });
        Assert.Throws<ArgumentException>(() => new TdxPolicy { Rtmrs = [measurement, measurement, measurement] });
        Assert.Throws<ArgumentException>(() => new TdxPolicy { Rtmrs = [measurement, measurement, measurement, new byte[1]] });
        Assert.Throws<ArgumentException>(() => new TdxPolicy { Rtmr0Alternatives = [new byte[47]] });
        Assert.Throws<ArgumentException>(() => new TdxPolicy { PlatformInstanceIds = [new byte[15]] });
        Assert.Null(new TdxPolicy { Rtmrs = null, MrTd = null }.Rtmrs);
    }

    [Fact]
    public void PolicyChecks_AreDistinctAndNoneOfTheVerifiers()
    {
        object?[] names = [.. typeof(TdxPolicyChecks).GetFields().Concat(typeof(TdxChecks).GetFields()).Select(field => field.GetValue(null))];
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    private static VerifiedTdxQuote Verify(Action<byte[]> change)
    {
        byte[] body = QuoteWriter.DefaultBody(TdReport.Size10);
        change(body);
        return Intel.Verify(Intel.Quote with { Body = body });
    }

    private static VerifiedTdxQuote Verify(PckExtensionWriter extension) => (Intel with { Pck = FakeIntel.PckWith(extension) }).Verify();

    private static void WriteXfam(byte[] body, ulong xfam) =>
        BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(128), xfam);

    private static IEnumerable<string> Checks(VerifiedTdxQuote quote, TdxPolicy policy) =>
        ExpectedCauses.ChecksOf(new TdxPolicyComparison(quote, policy).Compare());
}
