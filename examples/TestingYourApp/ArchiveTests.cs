using Privatemode.AI;
using Privatemode.AI.Testing;
using Xunit;

namespace TestingYourApp;

/// <summary>Tests with fakes: no server and no encryption. For a test of what is sent, see <see cref="SummarizerTests"/>.</summary>
public sealed class ArchiveTests : IDisposable
{
    private static readonly ModelInfo Text = new() { Id = "text-model", Tasks = ["generate"] };
    private static readonly ModelInfo Vision = new() { Id = "vision-model", Tasks = ["generate", "vision"] };
    private static readonly EncryptionReceipt Receipt = PrivatemodeModelFactory.EncryptionReceipt() with { RequestId = "request-1" };

    private readonly FakeChatClient _chat = new("It rains.", Receipt);
    private readonly FakeEmbeddingGenerator _embeddings = new(Receipt);
    private readonly FakeModelCatalog _models = new(Text, Vision);
    private readonly FakeSpeechToTextClient _speech = new(new Transcription
    {
        Text = "Rain falls.",
        Segments = [new TranscriptionSegment { StartTime = TimeSpan.Zero, EndTime = TimeSpan.FromSeconds(1.5), Text = "Rain falls." }],
    });

    private readonly Archive _archive;

    public ArchiveTests() => _archive = new Archive(
        _chat,
        _embeddings,
        _speech,
        new FakeDocumentClient(new DocumentElement { Type = DocumentElementType.Title, Text = "Weather" },
        new DocumentElement { Type = DocumentElementType.NarrativeText, Text = "Rain falls." }),
        new FakeTextCompletionClient("+ ", "1;"),
        _models);

    public void Dispose()
    {
        _archive.Dispose();
        _chat.Dispose();
        _embeddings.Dispose();
        _speech.Dispose();
    }

    [Fact]
    public async Task Summarize_ADocument_KeepsTheReceipt()
    {
        (string summary, string? auditLine) = await _archive.SummarizeAsync(Stream.Null, "weather.pdf");
        Assert.Equal("It rains.", summary);
        Assert.Equal($"request-1 was encrypted to manifest {Receipt.ManifestSha256}", auditLine);
    }

    [Fact]
    public async Task CompleteCode_Streamed_IsPutTogether() => Assert.Equal("int i = 1 + 1;", await _archive.CompleteCodeAsync("int i = 1 "));

    [Fact]
    public async Task Find_TheClosestText_ReadsTheReceipts() =>
        Assert.Equal(("falling rain", true), await _archive.FindAsync("raining cats", "a b c d", "falling rain"));

    [Fact]
    public async Task CreateSubtitles_OfSegments_AreWebVtt() => Assert.Equal(
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nRain falls.\n\n", await _archive.CreateSubtitlesAsync(Stream.Null));

    [Fact]
    public async Task FindVisionModel_AfterAChange_FindsNone()
    {
        Assert.Equal("vision-model", await _archive.FindVisionModelAsync());
        _models.Remove(Vision);
        Assert.Equal(["vision-model"], _archive.RemovedModels);
        Assert.Null(await _archive.FindVisionModelAsync());
    }
}
