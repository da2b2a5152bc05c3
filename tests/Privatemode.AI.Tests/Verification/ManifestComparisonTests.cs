using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Tests.Attestation.Contrast;

namespace Privatemode.AI.Tests.Verification;

/// <summary>The comparison of two manifests that are there as files.</summary>
public sealed class ManifestComparisonTests
{
    private static readonly byte[] Own = ContrastFiles.OwnManifestWith();

    [Fact]
    public void Compare_WithNoEarlierManifest_ListsEverything()
    {
        ManifestComparison comparison = ManifestComparison.Compare(null, Own);
        Assert.Null(comparison.BeforeSha256);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Own)), comparison.AfterSha256);
        Assert.NotEmpty(comparison.Changes);
        Assert.All(comparison.Changes, line => Assert.StartsWith("+ ", line, StringComparison.Ordinal));
        Assert.False(comparison.HasOmittedChanges);
        Assert.StartsWith($"manifest (none) -> {comparison.AfterSha256}\n+ ", comparison.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_WithAnArrayThatIsNull_ListsEverything()
    {
        byte[]? earlier = null;

        Assert.Equal(ManifestComparison.Compare(null, Own).Changes, ManifestComparison.Compare(earlier, Own).Changes);
    }

    [Fact]
    public void Compare_TwoManifests_ShowsWhatDiffers()
    {
        byte[] after = ContrastFiles.OwnManifestWith(("\"ABIMinor\": 58", "\"ABIMinor\": 57"));
        ManifestComparison comparison = ManifestComparison.Compare(Own, after);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Own)), comparison.BeforeSha256);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(after)), comparison.AfterSha256);
        string line = Assert.Single(comparison.Changes);
        Assert.StartsWith("~ ReferenceValues.snp[", line, StringComparison.Ordinal);
        Assert.EndsWith("ABIMinor: 58 -> 57", line, StringComparison.Ordinal);
        Assert.Equal($"manifest {comparison.BeforeSha256} -> {comparison.AfterSha256}\n{line}", comparison.ToString());
    }

    [Fact]
    public void Compare_TheSameManifest_HasNoChanges() => Assert.Empty(ManifestComparison.Compare(Own, Own).Changes);

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("text")]
    public void Compare_BytesThatAreNoManifest_AreRefused(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        List<Func<ManifestComparison>> compares = [() => ManifestComparison.Compare(null, bytes), () => ManifestComparison.Compare(Own, bytes)];
        if (bytes.Length > 0)
        {
            compares.Add(() => ManifestComparison.Compare(bytes, Own));
        }

        foreach (Func<ManifestComparison> compare in compares)
        {
            PrivatemodeVerificationException exception = Assert.Throws<PrivatemodeVerificationException>(compare);
            Assert.StartsWith("manifest-", exception.ErrorType, StringComparison.Ordinal);
        }
    }
}
