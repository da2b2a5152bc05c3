using System.Security.Cryptography;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Exceptions;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Sev;

/// <summary>Every SEV-SNP case of vectors/tee gives its verdict at its stage.</summary>
public sealed class SnpVectorTests
{
    // Refused one stage before the one in the manifest: r and s in big-endian order leave bytes behind r and s, which are looked at first.
    private const string RefusedEarlier = "snp/neg-sig-bigendian";

    // The policies under which the policy-dependent cases are run; every other one runs under a policy as created.
    private static readonly Dictionary<string, SnpPolicy> NamedPolicies = new()
    {
        ["snp/syn-vmpl-2"] = new SnpPolicy { Vmpl = 0 },
        ["snp/syn-provisional-fw"] = new SnpPolicy { RefuseProvisionalFirmware = true },
    };

    [Fact]
    public void Synthetic_EveryCase_HasTheExpectedOutcomeAndStage() => RunAll(SnpVectors.Synthetic, 16, valid: 3);

    [ThirdPartyFact]
    public void All_EveryCase_HasTheExpectedOutcomeAndStage() => RunAll(SnpVectors.All, 57, valid: 15);

    [Fact]
    public void Synthetic_UnderAmdsRoots_IsAlwaysRefused()
    {
        CaseLog log = new();
        foreach (SnpVector vector in SnpVectors.Synthetic.Cases)
        {
            log.Run(vector.Id, () =>
            {
                PrivatemodeVerificationException refusal =
                    Assert.Throws<PrivatemodeVerificationException>(() => vector.Verify(SevTrustAnchors.Production));
                Assert.True(refusal.ErrorType == SevChecks.TrustAnchor || SnpStages.Of(refusal.ErrorType) == vector.Stage, refusal.ErrorType);
            });
        }

        log.AssertAllPassed(16);
    }

    [Theory]
    [InlineData("snp/syn-vmpl-2", SnpPolicyChecks.Vmpl)]
    [InlineData("snp/syn-provisional-fw", SnpPolicyChecks.CommittedTcb, SnpPolicyChecks.CommittedVersion)]
    public void PolicyDependent_UnderThePolicyAsCreated_Passes(string id, params string[] underNamedPolicy)
    {
        SnpVector vector = SnpVectors.Synthetic[id];
        VerifiedSnpReport verified = vector.Verify(vector.Anchors);
        IReadOnlyList<string> asCreated = [.. SnpPolicy.Compare(verified, new SnpPolicy()).Select(mismatch => mismatch.Check)];

        // The firmware of that case reports a TCB above the committed one, but neither is above the current one.
        Assert.Empty(asCreated);
        Assert.Equal(underNamedPolicy, SnpPolicy.Compare(verified, NamedPolicies[id]).Select(mismatch => mismatch.Check));
    }

    [ThirdPartyFact]
    public void RealTurin_PlatformBit6_IsDataUnlessThePolicyRefusesIt()
    {
        SnpVector vector = SnpVectors.All["snp/turin-v5-vcek"];
        VerifiedSnpReport verified = vector.Verify(vector.Anchors);

        Assert.Equal(0x40UL, verified.Report.PlatformInfo.UnknownBits);
        VerificationMismatch mismatch = Assert.Single(SnpPolicy.Compare(verified, new SnpPolicy { RefuseUnknownPlatformBits = true }));
        Assert.Equal(new VerificationMismatch { Check = SnpPolicyChecks.PlatformUnknown, Expected = "no unknown bit", Found = "0x40" }, mismatch);
    }

    [ThirdPartyFact]
    public void RealMilanVlek_UnderAPolicyLikePrivatemodes_IsRefusedForItsSignerAndVmpl()
    {
        SnpVector vector = SnpVectors.All["snp/milan-v3-vlek-vmpl1"];
        VerifiedSnpReport verified = vector.Verify(vector.Anchors);
        SnpPolicy policy = new() { Vmpl = 0, AllowedSigners = [SnpSigner.Vcek], AllowedProducts = [SnpProduct.Genoa], AllowedChipIds = [new byte[64]] };

        Assert.Equal(
            [SnpPolicyChecks.AllowedProduct, SnpPolicyChecks.AllowedSigner, SnpPolicyChecks.AllowedChip, SnpPolicyChecks.Vmpl],
            SnpPolicy.Compare(verified, policy).Select(mismatch => mismatch.Check));
    }

    [ThirdPartyFact]
    public void ParseOnly_ReportOfVersion4_GivesTheRequestForItsCertificate()
    {
        SnpReport report = SnpReport.Parse(SnpVectors.All["snp/milan-v4-gce-parse-only"].Report);

        Assert.Equal(4U, report.Version);
        Assert.Equal(
            "/vcek/v1/Milan/12d937a2e0fa646929a42b83afe5b478d3987735e384a015707ec06898e17c0997bb872e0bbb72cfd71c50ca1560767ce1e198733e648c0ec03c2d67aac8c0b9"
            + "?blSPL=4&teeSPL=0&snpSPL=25&ucodeSPL=219",
            KdsRequests.Vcek(report, SnpProduct.Milan));
    }

    [Fact]
    public void Synthetic_Files_AreTheOnesOfTheManifest() => Assert.All(
        SnpVectors.Synthetic.Files,
        file => Assert.Equal(file.Sha256, Convert.ToHexStringLower(SHA256.HashData(SnpVectors.Synthetic.Read(file.Path)))));

    private static void RunAll(SnpVectors vectors, int count, int valid)
    {
        CaseLog log = new();
        int passed = 0;
        foreach (SnpVector vector in vectors.Cases)
        {
            log.Run(vector.Id, () => passed += Run(vector) ? 1 : 0);
        }

        log.AssertAllPassed(count);
        Assert.Equal(valid, passed);
    }

    // True when the case is authentic and as its policy expects.
    private static bool Run(SnpVector vector)
    {
        if (!vector.HasVek)
        {
            Assert.Equal("parse-only", vector.Result);
            SnpReport.Parse(vector.Report);
            return false;
        }

        string? stage = RefusalStage(vector);
        Assert.Equal(vector.Result == "valid", stage is null);
        Assert.Equal(vector.Id == RefusedEarlier ? "format" : vector.Stage, stage);
        return stage is null;
    }

    private static string? RefusalStage(SnpVector vector)
    {
        try
        {
            VerifiedSnpReport verified = vector.Verify(vector.Anchors);
            Assert.Equal(vector.Product, verified.Product);
            IReadOnlyList<VerificationMismatch> mismatches = SnpPolicy.Compare(verified, NamedPolicies.GetValueOrDefault(vector.Id, new SnpPolicy()));
            if (vector is { Result: "valid", MustFailWithoutDebug: true })
            {
                Assert.Equal([SnpPolicyChecks.GuestDebug], mismatches.Select(mismatch => mismatch.Check));
                return null;
            }

            ExpectedCauses.AssertOf(mismatches);
            return mismatches.Count == 0 ? null : SnpStages.Of(mismatches[0].Check);
        }
        catch (PrivatemodeVerificationException refusal)
        {
            ExpectedCauses.AssertOf(refusal);
            return SnpStages.Of(refusal.ErrorType);
        }
    }
}
