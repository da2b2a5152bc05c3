using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Tests.Exceptions;

public sealed class VerificationCauseTests
{
    [Theory]
    [InlineData(true, TdxPolicyChecks.TcbStatus)]
    [InlineData(true, TdxPolicyChecks.TcbStatus, TdxPolicyChecks.MrTd)] // of two reference values, perhaps
    [InlineData(true, CertificateChecks.CrlExpired)]
    [InlineData(false, CertificateChecks.Revoked)]
    [InlineData(false, SevChecks.ReportSignature)]
    [InlineData(false, TdxPolicyChecks.MrTd)]
    // A genuine but old platform that answers for another nonce or another coordinator: renewed collateral makes nothing of it right.
    [InlineData(false, TdxPolicyChecks.TcbStatus, TdxPolicyChecks.ReportData)]
    [InlineData(false, TdxPolicyChecks.TcbStatus, ContrastChecks.CoordinatorPolicy)]
    [InlineData(false, SevChecks.Product, SnpPolicyChecks.ReportData)]
    public void IsCuredByFresherCollateral_Mismatches_DecideWhetherCopiesMayBeToBlame(bool expected, params string[] checks)
    {
        PrivatemodeVerificationException refusal = PrivatemodeVerificationException.FromMismatches("wrong", [.. checks.Select(Mismatch)]);
        Assert.Equal(expected, refusal.MayBeFixedByFresherCollateral);
        Assert.Equal(expected, refusal.Copy(" hint").MayBeFixedByFresherCollateral);
        Assert.Equal(refusal.Cause, refusal.Copy().Cause);
    }

    [Fact]
    public void Cause_OfAnExceptionOfTheApplication_IsUnknownWhateverItsName() => Assert.All(ExpectedCauses.Checks, check =>
    {
        PrivatemodeVerificationException own = new(check, "thrown by a message handler");
        Assert.Equal(VerificationCause.None, own.Cause);
        Assert.False(own.MayBeFixedByFresherCollateral);
    });

    [Fact]
    public void Cause_IsNoPartOfWhatAMismatchSays()
    {
        VerificationMismatch mismatch = Mismatch(TdxPolicyChecks.TcbStatus);
        Assert.Equal(mismatch with { Cause = VerificationCause.None }, mismatch);
        Assert.Equal((mismatch with { Cause = VerificationCause.None }).GetHashCode(), mismatch.GetHashCode());
        Assert.NotEqual(mismatch with { Found = "else" }, mismatch);
        Assert.DoesNotContain("Cause", mismatch.ToString(), StringComparison.Ordinal);
    }

    private static VerificationMismatch Mismatch(string check) => new() { Check = check, Cause = ExpectedCauses.Of(check) };
}
