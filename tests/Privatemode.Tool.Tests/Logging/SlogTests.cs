using System.Text.Json;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.Logging;

namespace Privatemode.Tool.Tests.Logging;

public sealed class SlogTests
{
    private readonly StringWriter _writer = new() { NewLine = "\n" };
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Text_IsKeysAndValues()
    {
        ILogger log = Create(isJson: false);

        log.LogInformation("A request took {Seconds} s on {Route}.", 1.5, "/v1/chat/completions");

        string time = _time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        Assert.Equal(
            $"time={time} level=INFO msg=\"A request took 1.5 s on /v1/chat/completions.\" component=Privatemode.AI Seconds=1.5 Route=/v1/chat/completions\n",
            _writer.ToString());
    }

    [Theory]
    [InlineData("", "\"\"")]
    [InlineData("plain", "plain")]
    [InlineData("two words", "\"two words\"")]
    [InlineData("a=b", "\"a=b\"")]
    [InlineData("a\"b\\c", "\"a\\\"b\\\\c\"")]
    [InlineData("a\nb\rc\td", "\"a\\nb\\rc\\td\"")]
    [InlineData("\u001b[31m", "\"\\u001b[31m\"")]
    [InlineData("\u202e", "\"\\u202e\"")]
    [InlineData("Größe", "\"Größe\"")]
    public void Text_QuotesWhatCouldBeMisread(string value, string expected)
    {
        Create(isJson: false).LogWarning("m {Value}", value);

        Assert.EndsWith($" Value={expected}\n", _writer.ToString(), StringComparison.Ordinal);
        Assert.Contains(" level=WARN ", _writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_IsOneObjectALine_WithEachNameOnce()
    {
        ILogger log = Create(isJson: true);

        log.LogError("line\n{msg} {level}", "first\u001b", null);
        log.LogDebug("second");

        string[] lines = _writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        JsonElement first = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal(["time", "level", "msg", "component"], first.EnumerateObject().Select(member => member.Name));
        Assert.Equal("ERROR", first.GetProperty("level").GetString());
        Assert.Equal("line\nfirst\u001b (null)", first.GetProperty("msg").GetString());
        Assert.Equal("DEBUG", JsonDocument.Parse(lines[1]).RootElement.GetProperty("level").GetString());
    }

    [Fact]
    public void ForeignExceptions_AreNamedByTypeOnly()
    {
        Create(isJson: false).LogError(new InvalidOperationException("a prompt"), "failed");

        Assert.EndsWith(" error=InvalidOperationException\n", _writer.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("a prompt", _writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void LowerLevels_AreLeftOut()
    {
        using SlogProvider provider = new(_writer, _time, isJson: false, LogLevel.Warning);

        provider.CreateLogger("x").LogInformation("not written");

        Assert.Empty(_writer.ToString());
    }

    private ILogger Create(bool isJson) => new SlogProvider(_writer, _time, isJson).CreateLogger("Privatemode.AI");
}
