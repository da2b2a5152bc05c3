using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Tests.Attestation.Contrast;

namespace Privatemode.AI.Tests.Verification;

/// <summary>The comparison of two manifests that are there as files.</summary>
public sealed class ManifestReviewTests
{
    private static readonly byte[] Own = ContrastFiles.OwnManifestWith();

    [Fact]
    public void Compare_WithNoEarlierManifest_ListsEverything()
    {
        ManifestReview review = ManifestReview.Compare(null, Own);
        Assert.Null(review.BeforeSha256);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Own)), review.AfterSha256);
        Assert.NotEmpty(review.Changes);
        Assert.All(review.Changes, line => Assert.StartsWith("+ ", line, StringComparison.Ordinal));
        Assert.False(review.HasOmittedChanges);
        Assert.StartsWith($"manifest (none) -> {review.AfterSha256}\n+ ", review.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_WithAnArrayThatIsNull_ListsEverything()
    {
        byte[]? earlier = null;

        Assert.Equal(ManifestReview.Compare(null, Own).Changes, ManifestReview.Compare(earlier, Own).Changes);
    }

    [Fact]
    public void Compare_TwoManifests_ShowsWhatDiffers()
    {
        byte[] after = ContrastFiles.OwnManifestWith(("\"ABIMinor\": 58", "\"ABIMinor\": 57"));
        ManifestReview review = ManifestReview.Compare(Own, after);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Own)), review.BeforeSha256);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(after)), review.AfterSha256);
        string line = Assert.Single(review.Changes);
        Assert.StartsWith("~ ReferenceValues.snp[", line, StringComparison.Ordinal);
        Assert.EndsWith("ABIMinor: 58 -> 57", line, StringComparison.Ordinal);
        Assert.Equal($"manifest {review.BeforeSha256} -> {review.AfterSha256}\n{line}", review.ToString());
    }

    [Fact]
    public void Compare_TheSameManifest_HasNoChanges() => Assert.Empty(ManifestReview.Compare(Own, Own).Changes);

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("text")]
    public void Compare_BytesThatAreNoManifest_AreRefused(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        List<Func<ManifestReview>> compares = [() => ManifestReview.Compare(null, bytes), () => ManifestReview.Compare(Own, bytes)];
        if (bytes.Length > 0)
        {
            compares.Add(() => ManifestReview.Compare(bytes, Own));
        }

        foreach (Func<ManifestReview> compare in compares)
        {
            PrivatemodeVerificationException exception = Assert.Throws<PrivatemodeVerificationException>(compare);
            Assert.StartsWith("manifest-", exception.ErrorType, StringComparison.Ordinal);
        }
    }
}
