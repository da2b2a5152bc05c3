using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Privatemode.AI.Tests.Verification;

/// <summary>Names from manifests and documents: compared exactly, and the default value equals none of them.</summary>
public sealed class HardwareNamesTests
{
    [Fact]
    public void TeeKind_Values_AreComparedExactly()
    {
        Assert.Equal(TeeKind.SevSnp, new TeeKind("SEV-SNP"));
        Assert.True(new TeeKind("TDX") == TeeKind.Tdx);
        Assert.True(new TeeKind("tdx") != TeeKind.Tdx);
        Assert.Equal(("SEV-SNP", "SEV-SNP"), (TeeKind.SevSnp.Value, TeeKind.SevSnp.ToString()));
        Assert.Equal(new TeeKind("CCA").GetHashCode(), new TeeKind("CCA").GetHashCode());
    }

    [Fact]
    public void AmdProduct_Values_AreComparedExactly()
    {
        Assert.Equal([AmdProduct.Milan, AmdProduct.Genoa, AmdProduct.Turin], [new AmdProduct("Milan"), new("Genoa"), new("Turin")]);
        Assert.True(new AmdProduct("milan") != AmdProduct.Milan);
        Assert.Equal(("Genoa", "Genoa"), (AmdProduct.Genoa.Value, AmdProduct.Genoa.ToString()));
    }

    [Fact]
    public void DefaultStructures_AreNoKnownValue()
    {
        Assert.Equal((null, ""), (default(TeeKind).Value, default(TeeKind).ToString()));
        Assert.Equal((null, ""), (default(AmdProduct).Value, default(AmdProduct).ToString()));
        Assert.DoesNotContain(default, WellKnown<TeeKind>());
        Assert.DoesNotContain(default, WellKnown<AmdProduct>());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void Constructors_NoText_AreRefused(string? value)
    {
        Assert.ThrowsAny<ArgumentException>(() => new TeeKind(value!));
        Assert.ThrowsAny<ArgumentException>(() => new AmdProduct(value!));
    }

    [Fact]
    public void DefaultOutcomes_AreNoSuccess()
    {
        Assert.Equal(VerificationOutcome.NotChecked, default);
        Assert.Equal(ManifestSource.Unknown, default);
    }

    private static IEnumerable<T> WellKnown<T>() =>
        typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Static).Select(property => (T)property.GetValue(null)!);

    [Fact]
    public void Names_InJson_AreStrings()
    {
        JsonSerializerOptions reflecting = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
        Assert.Equal("\"SEV-SNP\"", JsonSerializer.Serialize(TeeKind.SevSnp, reflecting));
        Assert.Equal(TeeKind.Tdx, JsonSerializer.Deserialize<TeeKind>("\"TDX\"", reflecting));
        Assert.Equal("\"Genoa\"", JsonSerializer.Serialize(AmdProduct.Genoa, reflecting));
        Assert.Equal(AmdProduct.Milan, JsonSerializer.Deserialize<AmdProduct>("\"Milan\"", reflecting));
        Assert.Equal(default, JsonSerializer.Deserialize<AmdProduct>("\" \"", reflecting));
    }
}
