using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>Intel's newest TCB info, beside the one that the verdict is made by: it counts only if it is authentic, current and about the platform.</summary>
public sealed class NewestTcbInfoTests
{
    private const string Newer = "\"tcbEvaluationDataNumber\":20";

    private static readonly FakeIntel Good = new();

    private static string Newest { get; } = CollateralText.TcbInfo().Replace("\"tcbEvaluationDataNumber\":18", Newer, StringComparison.Ordinal);

    [Fact]
    public void Verify_ValidNewerTcbInfo_IsUsed()
    {
        NewestTcbEvaluation newest = Verify(Good, Newest);
        Assert.Equal((20, null), (newest.TcbInfo!.EvaluationDataNumber, newest.Problem));
        Assert.NotNull(newest.Tcb);
    }

    [Theory]
    [InlineData("B0C06F000000", "B0C06F000001", TdxChecks.TcbInfoFmspc)]
    [InlineData("2026-12-01", "2026-05-01", TdxChecks.TcbInfoExpired)]
    [InlineData("2026-01-01", "2026-07-01", TdxChecks.TcbInfoNotYetValid)]
    public void Verify_NewerTcbInfoWithoutThePlatform_IsNotUsed(string from, string to, string problem)
    {
        NewestTcbEvaluation newest = Verify(Good, Newest.Replace(from, to, StringComparison.Ordinal));
        Assert.Equal((null, problem), (newest.Tcb, newest.Problem));
        Assert.Equal(problem == TdxChecks.TcbInfoNotYetValid, newest.TcbInfo is not null);
    }

    [Theory]
    [InlineData("2026-12-01", "2026-05-01", TdxChecks.TcbInfoExpired)]
    [InlineData("2026-12-01", "2026-12-01", null)]
    public void Verify_SameTcbInfo_IsUsedIfItIsValid(string from, string to, string? problem)
    {
        string given = CollateralText.TcbInfo().Replace(from, to, StringComparison.Ordinal);
        NewestTcbEvaluation newest = Verify(Good, given);
        Assert.Equal((problem, problem is null), (newest.Problem, newest.Tcb is not null));
    }

    [Fact]
    public void Verify_WithoutIt_IsUnknown() =>
        Assert.True(TdxVerification.Verify(Good.Quote.Write(), Good.Collateral, FakeIntel.Anchors, FakeIntel.Now).Newest.IsUnknown);

    // The last moment of its validity belongs to it.
    [Fact]
    public void Verify_NewerTcbInfoAtItsEnd_IsUsed()
    {
        NewestTcbEvaluation newest = Verify(Good, Newest.Replace("2026-12-01", "2026-06-01", StringComparison.Ordinal));
        Assert.Equal((20, null), (newest.TcbInfo!.EvaluationDataNumber, newest.Problem));
        NewestTcbEvaluation unlisted = Verify(Good, Newest
            .Replace("2026-12-01", "2026-06-01", StringComparison.Ordinal).Replace("\"pcesvn\":13", "\"pcesvn\":14", StringComparison.Ordinal));
        Assert.Equal((20, TdxChecks.PlatformLevel), (unlisted.TcbInfo!.EvaluationDataNumber, unlisted.Problem));
    }

    [Theory]
    [InlineData("2026-10-01", 10)]
    [InlineData("2026-12-31", 11)] // the QE identity ends before
    public void Verify_NewerTcbInfo_LimitsTheValidity(string end, int month)
    {
        VerifiedTdxQuote verified = VerifyAll(Good, Newest.Replace("2026-12-01", end, StringComparison.Ordinal));
        Assert.Equal(new DateTimeOffset(2026, month, 1, 0, 0, 0, TimeSpan.Zero), verified.ValidUntil);
    }

    // The number decides, then the date: the newer of the two is used.
    [Theory]
    [InlineData(18, "2026-01-01", false)]
    [InlineData(18, "2026-01-02", true)]
    [InlineData(18, "2025-12-31", false)]
    [InlineData(17, "2026-05-01", false)]
    [InlineData(19, "2025-12-31", true)]
    public void Verify_TcbInfoOfAnotherNumberOrDate_TheNewerIsUsed(int number, string issued, bool isUsed)
    {
        NewestTcbEvaluation newest = Verify(Good, CollateralText.TcbInfo()
            .Replace("\"tcbEvaluationDataNumber\":18", $"\"tcbEvaluationDataNumber\":{number}", StringComparison.Ordinal)
            .Replace("2026-01-01", issued, StringComparison.Ordinal).Replace("UpToDate", "OutOfDate", StringComparison.Ordinal));
        Assert.Equal(isUsed ? TcbStatus.OutOfDate : TcbStatus.UpToDate, newest.Tcb!.Overall.Status);
    }

    [Fact]
    public void Verify_NewerTcbInfoOfARevokedSigner_IsNotUsed()
    {
        byte[] chain = QuoteWriter.ToPem((Good.Signer with { SerialNumber = [0x0c] }).Write(), Good.Root.Write());
        Assert.Null(Verify(Good, Newest, chain).Problem);
        NewestTcbEvaluation newest = Verify(Good with { RootCrl = Good.RootCrl with { Revoked = [[0x0c]] } }, Newest, chain);
        Assert.Equal((null, CertificateChecks.Revoked), (newest.Tcb, newest.Problem));
    }

    private static NewestTcbEvaluation Verify(FakeIntel intel, string newest, byte[]? chain = null) => VerifyAll(intel, newest, chain).Newest;

    private static VerifiedTdxQuote VerifyAll(FakeIntel intel, string newest, byte[]? chain = null) => TdxVerification.Verify(
        intel.Quote.Write(),
        intel.Collateral with { NewestTcbInfo = FakeIntel.Sign("tcbInfo", newest), NewestTcbInfoChain = chain ?? intel.SignerChain },
        FakeIntel.Anchors,
        FakeIntel.Now);
}
