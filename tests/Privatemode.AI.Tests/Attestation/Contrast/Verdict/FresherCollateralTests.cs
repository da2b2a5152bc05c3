using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class FresherCollateralTests
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
    public void MayCure_WhatIsWrong_DecidesWhetherCopiesMayBeToBlame(bool expected, params string[] checks)
    {
        VerificationMismatch[] mismatches = [.. checks.Select(check => new VerificationMismatch { Check = check, Expected = null, Found = null })];
        Assert.Equal(expected, FresherCollateral.MayCure(PrivatemodeVerificationException.FromMismatches("wrong", mismatches)));
    }
}
