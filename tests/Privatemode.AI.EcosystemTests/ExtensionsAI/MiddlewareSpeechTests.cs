using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>Transcription with the middleware of Microsoft.Extensions.AI.</summary>
public sealed class MiddlewareSpeechTests : ExtensionsAITest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Transcription_WithAllMiddleware_KeepsReceiptAndUsage(bool isStreaming)
    {
        _ = Deployment.Model.ReplyWithTranscription("Guten Tag aus Bochum.").WithRecordingDuration(TimeSpan.FromSeconds(3));
        using ISpeechToTextClient speech = Speech();
        SpeechToTextResponse response = await TranscribeAsync(speech, isStreaming);
        Assert.Equal("Guten Tag aus Bochum.", response.Text);
        Assert.NotNull(response.GetPrivatemodeReceipt());
        Assert.Equal(Deployment.Requests[0].RequestId, response.GetPrivatemodeReceipt()!.RequestId);
        Assert.Equal(("de", "0.5"), (Field("language"), Field("temperature")));
        Assert.DoesNotContain("Guten Tag", Deployment.Requests[0].WireResponseText, StringComparison.Ordinal);

        string Field(string name) => Encoding.UTF8.GetString(Deployment.Requests[0].DecryptedFields[name].Span);
    }

    [Fact]
    public async Task Segments_ComeThroughTheMiddleware()
    {
        _ = Deployment.Model.ReplyWithTranscription("Guten Tag.", new ScriptedTranscriptionSegment("Guten Tag.", TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        using ISpeechToTextClient speech = Client.AsISpeechToTextClient(SpeechModelId).AsBuilder().UseOpenTelemetry().Build();
        using MemoryStream audio = new(Recording.Wave());
        SpeechToTextResponse response = await speech.GetTextAsync(
            audio, new SpeechTranscriptionOptions { Timestamps = TranscriptionTimestamps.Segments, SpeechLanguage = "de" }).OrTimeout();
        Assert.Single(response.GetTranscriptionSegments());
        Assert.Contains("00:00:01,000", response.ToSubRip(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Errors_KeepTheirTypes(bool isStreaming)
    {
        using ISpeechToTextClient speech = Speech();
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Transcription("Guten Tag aus Bochum."));
        foreach ((Fault fault, Type expected) in ((Fault, Type)[])
            [(Fault.TamperEvent(0), typeof(PrivatemodeIntegrityException)), (Fault.EncryptedError(400, "no audio"), typeof(PrivatemodeServiceException)),
                (Fault.UnencryptedSuccess(), typeof(PrivatemodeIntegrityException))])
        {
            Deployment.Faults.Inject(fault);
            Assert.IsType(expected, await Record.ExceptionAsync(() => TranscribeAsync(speech, isStreaming)));
        }

        using MemoryStream text = new("This is no recording."u8.ToArray());
        await Assert.ThrowsAsync<PrivatemodeRequestException>(() => speech.GetTextAsync(text));
        Assert.Equal(3, Deployment.Requests.Count);
    }

    [Fact]
    public async Task AbandonedStream_LeavesTheClientUsable()
    {
        Deployment.Model.SetFallback(_ => ScriptedAnswer.Transcription("one two three four five six"));
        using ISpeechToTextClient speech = Speech();
        using MemoryStream audio = new(Recording.Wave());
        await foreach (SpeechToTextResponseUpdate update in speech.GetStreamingTextAsync(audio).WithTimeout())
        {
            if (update.Text.Length > 0)
            {
                break;
            }
        }

        Assert.Equal("one two three four five six", (await TranscribeAsync(speech, isStreaming: true)).Text);
    }

    private ISpeechToTextClient Speech() => Client.AsISpeechToTextClient(SpeechModelId).AsBuilder().ConfigureOptions(options =>
    {
        options.SpeechLanguage = "de";
        (options.AdditionalProperties ??= [])["temperature"] = 0.5;
    }).UseLogging(NullLoggerFactory.Instance).UseOpenTelemetry().Build();

    private static async Task<SpeechToTextResponse> TranscribeAsync(ISpeechToTextClient speech, bool isStreaming)
    {
        using MemoryStream audio = new(Recording.Wave());
        return await (isStreaming ? speech.GetStreamingTextAsync(audio).ToSpeechToTextResponseAsync() : speech.GetTextAsync(audio)).OrTimeout();
    }
}
