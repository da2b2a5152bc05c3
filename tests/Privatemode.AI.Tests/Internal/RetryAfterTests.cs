using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Internal;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(1994, 11, 6, 8, 49, 7, TimeSpan.Zero);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("7", 7)]
    [InlineData("60", 60)]
    [InlineData("61", 60)]
    [InlineData("9223372036854775807", 60)]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", 30)]
    [InlineData("Sun, 06 Nov 1994 08:49:06 GMT", 0)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", 60)]
    public void Parse_SecondsOrDate_IsAWaitOfAMinuteAtMost(string value, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), RetryAfter.Parse(value, Now));

    // The two obsolete forms of RFC 9110, section 5.6.7, which .NET's own parser accepts, and what is no date at all.
    [Theory]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sun Nov  6 08:49:37 1994")]
    [InlineData("Mon, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 +0000")]
    [InlineData("9223372036854775808")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1.5")]
    [InlineData("1, 2")]
    [InlineData("")]
    [InlineData(null)]
    public void Parse_AnythingElse_IsNull(string? value) => Assert.Null(RetryAfter.Parse(value, Now));

    [Theory]
    [InlineData(null, 3)]
    [InlineData(2, 3)]
    [InlineData(4, 4)]
    [InlineData(61, 60)]
    public void Pause_IsTheLongerOneUpToAMinute(int? asked, int pause) => Assert.Equal(
        TimeSpan.FromSeconds(pause), RetryAfter.Pause(TimeSpan.FromSeconds(3), asked is null ? null : TimeSpan.FromSeconds(asked.Value)));

    [Fact]
    public void Format_PartOfASecond_IsRoundedUp() => Assert.Equal("2", RetryAfter.Format(TimeSpan.FromSeconds(1.1)));
}
