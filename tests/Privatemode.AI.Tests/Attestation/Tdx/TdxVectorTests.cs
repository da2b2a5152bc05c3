using System.Reflection;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Exceptions;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>Every TDX case: verdict, stage and TCB status. Cases that depend on policy name theirs.</summary>
public sealed class TdxVectorTests
{
    // What the trust domain itself is like is judged by policy. These cases are authentic, and refused by the default policy.
    private static readonly Dictionary<string, string> RefusedByDefaultPolicy = new()
    {
        ["tdx/syn-debug-td"] = TdxPolicyChecks.Debug,
        ["tdx/syn-tud-reserved"] = TdxPolicyChecks.Debug,
        ["tdx/syn-v5-servicetd"] = TdxPolicyChecks.ServiceTd,
    };

    // Stricter than the manifest's first choice, which lets the authenticated one of two members count: names that stand twice are
    // refused before any signature is looked at, so that there is one reading of a document.
    private static readonly Dictionary<string, string> RefusedEarlier = new()
    {
        ["tdx/neg-tcbinfo-duplicate-member"] = TdxChecks.TcbInfoFormat,
    };

    [Fact]
    public void OurCases_EachHasTheExpectedOutcomeStageAndStatus() => RunAll(TdxVectorCase.Ours(), 48);

    [ThirdPartyFact]
    public void ThirdPartyCases_EachHasTheExpectedOutcomeStageAndStatus() => RunAll(TdxVectorCase.ThirdParty(), 78);

    [Fact]
    public void OurCases_UnderTheBuiltInRoot_AreAllRefused()
    {
        // The role of a certificate is looked at before the root's key.
        Dictionary<string, string> refusedBefore = new() { ["tdx/syn-quote-signed-under-tcb-signer"] = TdxChecks.PckRole };
        CaseLog log = new();
        foreach (TdxVectorCase test in TdxVectorCase.Ours())
        {
            string check = refusedBefore.GetValueOrDefault(test.Id, CertificateChecks.TrustAnchor);
            log.Run(test.Id, () => Assert.Equal(check, RefusalOf(() => test.Verify(TdxTrustAnchors.Production)).ErrorType));
        }

        log.AssertAllPassed(48);
    }

    [ThirdPartyFact]
    public void RealCases_UnderTheTestRoot_AreAllRefused()
    {
        TdxTrustAnchors anchors = TdxVectorCase.Ours()[0].Anchors;
        CaseLog log = new();
        foreach (TdxVectorCase test in TdxVectorCase.ThirdParty().Where(test => test.IsValid))
        {
            log.Run(test.Id, () => Assert.Equal(CertificateChecks.TrustAnchor, RefusalOf(() => test.Verify(anchors)).ErrorType));
        }

        log.AssertAllPassed(13);
    }

    [ThirdPartyFact]
    public void CasesWithoutCollateral_WithThatOfTheirPlatform_AreRefusedByTheSameCheck()
    {
        IReadOnlyList<TdxVectorCase> cases = TdxVectorCase.ThirdParty();
        TdxCollateral collateral = cases.Single(test => test.Id == "tdx/v4-b0c06f-uptodate").Collateral;
        CaseLog log = new();
        foreach (TdxVectorCase test in cases.Where(test => !test.HasCollateral && !test.IsValid))
        {
            log.Run(test.Id, () => Assert.Equal(
                RefusalOf(() => test.Verify(test.Anchors)).ErrorType,
                RefusalOf(() => TdxVerification.Verify(test.Quote, collateral, test.Anchors, test.At)).ErrorType));
        }

        log.AssertAllPassed(46);
    }

    [ThirdPartyFact]
    public void BytesAfterTheSignatureData_WhateverTheyAre_AreNotLookedAt()
    {
        IReadOnlyList<TdxVectorCase> cases = TdxVectorCase.ThirdParty();
        TdxCollateral collateral = cases.Single(test => test.Id == "tdx/v4-b0c06f-uptodate").Collateral;
        TdxVectorCase test = cases.Single(test => test.Id == "tdx/neg-trailing-nonzero-ok");
        Assert.Equal(TcbStatus.UpToDate, TdxVerification.Verify(test.Quote, collateral, test.Anchors, test.At).Tcb.Overall.Status);
    }

    [ThirdPartyFact]
    public void RealDebugTd_DefaultPolicy_IsRefused()
    {
        VerifiedTdxQuote quote = TdxVectorCase.ThirdParty().Single(test => test.Id == "tdx/v4-50806f-debug-td").Verify(TdxTrustAnchors.Production)!;
        Assert.Equal([TdxPolicyChecks.Debug, TdxPolicyChecks.TcbStatus], ChecksOf(quote, new TdxPolicy()));
    }

    [ThirdPartyFact]
    public void PlatformOutOfDateWithModuleUpToDate_OnlyTheNamedPolicy_AcceptsIt()
    {
        VerifiedTdxQuote quote = TdxVectorCase.ThirdParty()
            .Single(test => test.Id == "tdx/v4-00806f-platform-outofdate-module-uptodate").Verify(TdxTrustAnchors.Production)!;
        Assert.Equal([TdxPolicyChecks.TcbStatus], ChecksOf(quote, new TdxPolicy()));
        Assert.Empty(ChecksOf(quote, new TdxPolicy { DangerousAcceptOutdatedTdxPlatform = true }));
    }

    [Fact]
    public void OldEvaluation_IsRefusedByAPolicyWithAMinimum()
    {
        VerifiedTdxQuote quote = VerifyOurs("tdx/syn-tcbeval-low");
        Assert.Empty(ChecksOf(quote, new TdxPolicy()));
        Assert.Equal([TdxPolicyChecks.TcbInfoEvaluation], ChecksOf(quote, new TdxPolicy { MinimumEvaluationDataNumber = 18 }));
    }

    [Fact]
    public void RelaunchAdvised_IsRefused()
    {
        VerifiedTdxQuote quote = VerifyOurs("tdx/syn-v5-relaunch-advised");
        Assert.Equal([TdxPolicyChecks.TcbStatus], ChecksOf(quote, new TdxPolicy()));
    }

    [Fact]
    public void EveryCheckOfTheFolder_HasAStage()
    {
        FieldInfo[] checks = typeof(TdxChecks).GetFields();
        Assert.Equal(checks.Length, checks.Select(check => check.GetValue(null)).Distinct().Count());
        Assert.All(checks, check => Assert.NotEmpty(TdxStages.Of(new PrivatemodeVerificationException((string)check.GetValue(null)!, ""))));
    }

    private static void RunAll(IReadOnlyList<TdxVectorCase> cases, int count)
    {
        CaseLog log = new();
        foreach (TdxVectorCase test in cases)
        {
            log.Run(test.Id, () => Run(test));
        }

        log.AssertAllPassed(count);
    }

    private static void Run(TdxVectorCase test)
    {
        if (test.IsValid)
        {
            Assert.Equal(test.TcbStatus, test.Verify(test.Anchors)?.Tcb.Overall.Status.ToString());
        }
        else if (RefusedByDefaultPolicy.TryGetValue(test.Id, out string? policyCheck))
        {
            Assert.Equal("policy", test.Stage);
            Assert.Equal([policyCheck], ChecksOf(test.Verify(test.Anchors)!, new TdxPolicy()));
        }
        else
        {
            PrivatemodeVerificationException refusal = RefusalOf(() => test.Verify(test.Anchors));
            string found = RefusedEarlier.ContainsKey(test.Id) ? refusal.ErrorType : TdxStages.Of(refusal);
            Assert.Equal(RefusedEarlier.GetValueOrDefault(test.Id, test.Stage), found);
            Assert.Contains("Do not send anything.", refusal.Message, StringComparison.Ordinal);
            ExpectedCauses.AssertOf(refusal);
        }
    }

    private static VerifiedTdxQuote VerifyOurs(string id)
    {
        TdxVectorCase test = TdxVectorCase.Ours().Single(test => test.Id == id);
        return test.Verify(test.Anchors)!;
    }

    private static PrivatemodeVerificationException RefusalOf(Func<object?> verify) =>
        Assert.Throws<PrivatemodeVerificationException>(() => { _ = verify(); });

    private static IEnumerable<string> ChecksOf(VerifiedTdxQuote quote, TdxPolicy policy) =>
        ExpectedCauses.ChecksOf(new TdxPolicyComparison(quote, policy).Compare());
}
