using System.Text.RegularExpressions;
using Privatemode.AI.Diagnostics;

namespace Privatemode.AI.Tests.Exceptions;

/// <summary>What an application can do with the exceptions: read one word for what went wrong, and create them in its tests.</summary>
public sealed partial class PrivatemodeExceptionTests
{
    private static readonly Exception Cause = new InvalidOperationException("cause");

    public static TheoryData<PrivatemodeException, string> All() => new()
    {
        { new PrivatemodeConfigurationException("ApiKey", "text", Cause) { RequestId = "id" }, "configuration" },
        { new PrivatemodeRequestException("file", "text", Cause) { RequestId = "id" }, "request" },
        { new PrivatemodeWouldLeakException("unknown-endpoint", "text", Cause) { RequestId = "id" }, "unknown-endpoint" },
        { new PrivatemodeIntegrityException("truncated-stream", "text", Cause) { RequestId = "id", EndpointPath = "/v1" }, "truncated-stream" },
        { new PrivatemodeVerificationException("manifest-match", "text", Cause) { RequestId = "id", Expected = "a", Found = "b" }, "manifest-match" },
        { new PrivatemodeServiceException(ServiceFailureReason.RateLimited, "text", Cause) { RequestId = "id", Status = 429 }, "rate-limited" },
        { new PrivatemodeModelUnavailableException("text", Cause) { RequestId = "id", AvailableModelIds = ["m"] }, "model-unavailable" },
    };

    [Theory]
    [MemberData(nameof(All))]
    public void Exception_OfAnApplication_HasWhatItWasGiven(PrivatemodeException exception, string errorType)
    {
        Assert.Equal((errorType, "text", "id"), (exception.ErrorType, exception.Message, exception.RequestId));
        Assert.Same(Cause, exception.InnerException);
        Assert.Equal(errorType, ErrorNames.Of(exception));
    }

    [Fact]
    public void All_ContainsEveryException() => Assert.Equal(
        typeof(PrivatemodeException).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(PrivatemodeException))).Select(type => type.Name).Order(),
        All().Cast<object[]>().Select(row => row[0].GetType().Name).Order());

    [Fact]
    public void ErrorType_OfAServiceFailure_IsTheReasonInLowercaseWords()
    {
        Assert.All(Enum.GetValues<ServiceFailureReason>(), reason => Assert.Equal(
            InnerCapital().Replace(reason.ToString(), "-$0").ToLowerInvariant(), new PrivatemodeServiceException(reason, "").ErrorType));
        Assert.Equal("other", new PrivatemodeServiceException((ServiceFailureReason)99, "").ErrorType);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a--b")]
    [InlineData("A")]
    [InlineData("a b")]
    [InlineData("a_b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    [InlineData("Do not send anything.")]
    [InlineData(null)]
    public void ErrorType_ThatCannotBeATag_IsRefused(string? word)
    {
        Assert.Throws<ArgumentException>("errorType", () => new PrivatemodeWouldLeakException(word!, "text"));
        Assert.Throws<ArgumentException>("errorType", () => new PrivatemodeIntegrityException(word!, "text"));
        Assert.Throws<ArgumentException>("errorType", () => new PrivatemodeVerificationException(word!, "text"));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("7")]
    [InlineData("snp-guest-aes-256-xts")]
    public void ErrorType_OfWordsAndDigits_IsKept(string word) => Assert.Equal(word, new PrivatemodeIntegrityException(word, "text").ErrorType);

    [Fact]
    public void Mismatches_NotSet_AreTheOneDifference()
    {
        VerificationMismatch expected = new() { Check = "snp-vmpl", Expected = "0", Found = "1" };
        Assert.Equal([expected], new PrivatemodeVerificationException("snp-vmpl", "text") { Found = "1", Expected = "0" }.Mismatches);
        Assert.Equal([expected], new PrivatemodeVerificationException("snp-vmpl", "text") { Mismatches = [], Found = "1", Expected = "0" }.Mismatches);
    }

    [Fact]
    public void Mismatches_AreNotChangedWithTheListTheyCameFrom()
    {
        List<VerificationMismatch> list = [new() { Check = "snp-vmpl" }, new() { Check = "snp-measurement" }];
        PrivatemodeVerificationException exception = new("snp-vmpl", "text") { Mismatches = list };
        list.Clear();
        Assert.Equal(["snp-vmpl", "snp-measurement"], exception.Mismatches.Select(mismatch => mismatch.Check));
    }

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex InnerCapital();
}
