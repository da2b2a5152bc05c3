using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Transcribe;

public sealed class TranscribeTests : IAsyncLifetime
{
    private readonly ToolRun _run = new();
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _run.ConfigureClient = _deployment.ConfigureClient;
        _run.SetVariable("PRIVATEMODE_API_KEY", "test-api-key");
        _ = _run.WriteFile("talk.wav", "RIFF....WAVEfmt a recording");
    }

    public async Task DisposeAsync()
    {
        await _deployment.DisposeAsync();
        _run.Dispose();
    }

    [Theory]
    [InlineData("text", "Good morning. All.\n")]
    [InlineData("srt", "1\r\n00:00:00,000 --> 00:00:01,500\r\nGood morning.\r\n\r\n2\r\n00:00:01,500 --> 00:00:02,000\r\nAll.\n")]
    [InlineData("vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nGood morning.\n\n00:00:01.500 --> 00:00:02.000\nAll.\n")]
    public async Task Recording_BecomesText(string format, string expected)
    {
        ScriptTwoSegments();

        (int exitCode, string text, string error) = await _run.InvokeAsync("transcribe", "talk.wav", "--format", format, "--language", "en");

        Assert.True(exitCode == 0, error);
        Assert.Equal(expected, text);
    }

    [Fact]
    public async Task Json_HasSegmentsAndReceipt()
    {
        ScriptTwoSegments();

        (int exitCode, string text, _) = await _run.InvokeAsync("transcribe", "talk.wav", "--json", "--language", "en");

        Assert.Equal(0, exitCode);
        JsonElement json = JsonDocument.Parse(text).RootElement;
        Assert.Equal(["schema", "text", "language", "durationSeconds", "segments", "receipt"], json.EnumerateObject().Select(member => member.Name));
        Assert.Equal(1.5, json.GetProperty("segments")[1].GetProperty("start").GetDouble());
        Assert.Equal("en", Encoding.UTF8.GetString(_deployment.Requests[0].DecryptedFields["language"].Span));
    }

    [Fact]
    public async Task Stdin_AndOutputFile()
    {
        _ = _deployment.Model.ReplyWithTranscription("Hello.").Then.ReplyWithTranscription("Again.");
        _run.Console.InputBytes = "ID3 a recording"u8.ToArray();

        (int exitCode, string text, string error) = await _run.InvokeAsync("transcribe", "-", "--out", "talk.txt");
        (int second, _, string refused) = await _run.InvokeAsync("transcribe", "-", "--out", "talk.txt");
        (int third, _, _) = await _run.InvokeAsync("transcribe", "-", "--out", "talk.txt", "--force");

        Assert.Equal(0, exitCode);
        Assert.Empty(text);
        Assert.Contains("wrote ", error, StringComparison.Ordinal);
        Assert.Equal(2, second);
        Assert.Equal("Error: \"talk.txt\" exists. Use --force to replace it.\n", refused);
        Assert.Equal(0, third);
        Assert.Equal("Again.\n", await File.ReadAllTextAsync(Path.Combine(_run.WorkingDirectory, "talk.txt")));
        Assert.Equal("ID3 a recording"u8.ToArray(), _deployment.Requests[0].DecryptedFields["file"].ToArray());
    }

    [Theory]
    [InlineData("\"missing\" cannot be read: the file does not exist.", "missing")]
    [InlineData("--format: \"x\" is not one of text, srt, vtt, json", "talk.wav", "--format", "x")]
    [InlineData("--language: \"german\" is not a language of two lower-case letters, for example en", "talk.wav", "--language", "german")]
    [InlineData("--format srt needs --language: the service returns times only if it knows the language", "talk.wav", "--format", "srt")]
    [InlineData("\".\" is a directory.", "talk.wav", "--out", ".")]
    [InlineData("\"big\" has more than 50 MiB. Split the recording, or compress it more.", "big")]
    public async Task WrongFlag_IsOneLine_AndNothingIsSent(string expected, params string[] args)
    {
        await using (FileStream big = File.Create(Path.Combine(_run.WorkingDirectory, "big")))
        {
            big.SetLength((50 << 20) + 1);
        }

        (int exitCode, _, string error) = await _run.InvokeAsync(["transcribe", .. args]);

        Assert.Equal($"Error: {expected}\n", error);
        Assert.Equal(2, exitCode);
        Assert.Empty(_deployment.AllRequests);
    }

    [Fact]
    public async Task Subtitles_WithoutTimes_AreRefused()
    {
        _ = _deployment.Model.ReplyWithTranscription("Hello.");

        (int exitCode, _, string error) = await _run.InvokeAsync("transcribe", "talk.wav", "--format", "srt", "--language", "en");

        Assert.Equal(1, exitCode);
        Assert.EndsWith("Error: The model returned no times. Use --format text.\n", error, StringComparison.Ordinal);
    }

    private void ScriptTwoSegments() => _deployment.Model.ReplyWithTranscription(
        "Good morning. All.",
        new ScriptedTranscriptionSegment("Good morning.", TimeSpan.Zero, TimeSpan.FromSeconds(1.5)),
        new ScriptedTranscriptionSegment("All.", TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(2)));
}
