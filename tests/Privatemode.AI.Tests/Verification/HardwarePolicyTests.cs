namespace Privatemode.AI.Tests.Verification;

/// <summary>Policies are values: two with the same requirements are equal.</summary>
public sealed class HardwarePolicyTests
{
    [Fact]
    public void Equals_SameElementsInOtherCollections_IsTrue()
    {
        HardwarePolicy one = NewPolicy();
        HardwarePolicy other = NewPolicy();
        Assert.True(one == other);
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        Assert.Equal(HardwarePolicy.Default, new HardwarePolicy());
    }

    [Fact]
    public void Equals_AnyOtherValue_IsFalse()
    {
        HardwarePolicy policy = NewPolicy();
        Assert.All(
            (HardwarePolicy[])
            [
                policy with { AllowedTees = [TeeKind.Tdx] },
                policy with { AllowedTees = null },
                policy with { AllowedAmdProducts = [AmdProduct.Milan] },
                policy with { AllowedAmdProducts = null },
                policy with { AllowedAmdChipIds = [new string('b', 128)] },
                policy with { AllowedAmdChipIds = [] },
                policy with { AllowedAmdChipIds = null },
                policy with { DangerousAcceptOutdatedTdxPlatform = true },
                policy with { RequireNewestTdxTcbInfo = true },
                policy with { MaxAmdFallbackRevocationListAge = TimeSpan.FromDays(1) },
            ],
            other =>
            {
                Assert.NotEqual(policy, other);
                Assert.NotEqual(other, policy);
            });
        Assert.False(policy.Equals(null));
    }

    [Fact]
    public void Equals_EveryProperty_IsCompared() => Assert.Equal(
        6, typeof(HardwarePolicy).GetProperties().Count(property => property.GetMethod!.IsStatic == false));

    private static HardwarePolicy NewPolicy() => new()
    {
        AllowedTees = [TeeKind.SevSnp],
        AllowedAmdProducts = [AmdProduct.Genoa],
        AllowedAmdChipIds = [new string('a', 128)],
    };
}
