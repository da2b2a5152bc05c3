using OpenAI.Audio;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>What a test can say of a recording and of a page.</summary>
public sealed class ScriptedRecordingTests : DeploymentTest
{
    [Fact]
    public async Task Transcription_LanguageAndDurationOfItsOwn_AreSentWithSegmentsAndWords()
    {
        Deployment.Model.ReplyWithTranscription("eins zwei", new ScriptedTranscriptionSegment("eins zwei", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.5)))
            .WithWord("eins", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.5)).WithLanguage("de").WithRecordingDuration(TimeSpan.FromSeconds(61.5));

        AudioTranscription text = await Client.OpenAI.GetAudioClient("whisper-large-v3").TranscribeAudioAsync(
            new MemoryStream(Recording.Wave()), "a.wav", new AudioTranscriptionOptions { ResponseFormat = AudioTranscriptionFormat.Verbose }).OrTimeout();

        Assert.Equal(("de", TimeSpan.FromSeconds(61.5)), (text.Language, text.Duration));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.5)), (text.Segments[0].StartTime, text.Segments[0].EndTime));
        Assert.Equal("eins", Assert.Single(text.Words).Word);
        Assert.Contains("\"seconds\":62", Deployment.Requests[^1].WireResponseText, StringComparison.Ordinal);
    }

    [Fact]
    public void Transcription_DurationBelowZero_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("duration", () => new ScriptedAnswer().WithRecordingDuration(TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentNullException>("language", () => new ScriptedAnswer().WithLanguage(null!));
    }

    [Fact]
    public async Task BlankDocument_Scripted_IsAnsweredWithAnEmptyList()
    {
        Deployment.Model.ReplyWithDocument();

        await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => Client.Documents.PartitionAsync(new MemoryStream([1])).OrTimeout());

        Assert.Equal((200, "[]"), (Deployment.Requests[^1].ResponseStatusCode, Deployment.Requests[^1].WireResponseText));
    }
}
