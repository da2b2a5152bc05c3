using System.Text;
using Microsoft.Extensions.AI;
using OpenAI.Audio;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Speech;

/// <summary>Speech to text through every layer, whole and streamed.</summary>
public sealed class SpeechTests : DeploymentTest
{
    private const string Whisper = "whisper-large-v3";
    private const string Said = "Guten Morgen aus Bochum";

    private static readonly SpeechTranscriptionOptions WithSegments = new() { SpeechLanguage = "de", Timestamps = TranscriptionTimestamps.Segments };

    private ISpeechToTextClient Speech => Client.AsISpeechToTextClient(Whisper);

    [Fact]
    public async Task Text_OfAFile_ComesWithReceiptAndUsage()
    {
        Deployment.Model.ReplyWithTranscription(Said);
        using MemoryStream audio = new(Recording.Wave(5000, "samples"));

        SpeechToTextResponse response = await Speech.GetTextAsync(audio, new SpeechTranscriptionOptions { Prompt = "Bochum", Temperature = 0 }).OrTimeout();

        Assert.Equal((Said, Whisper), (response.Text, response.ModelId));
        Assert.Equal(1, response.Usage!.AdditionalCounts!["DurationSeconds"]);
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Equal("/v1/audio/transcriptions", request.PathAndQuery);
        Assert.Equal(audio.ToArray(), request.DecryptedFields["file"].ToArray());
        Assert.Equal(("Bochum", "0", "json"), (Field(request, "prompt"), Field(request, "temperature"), Field(request, "response_format")));
        Assert.Contains("\"filename\":\"file\"", request.DecryptedBody, StringComparison.Ordinal);
        EncryptionReceipt receipt = response.GetPrivatemodeReceipt()!;
        Assert.Equal(request.RequestId, receipt.RequestId);
        Assert.Equal(["model"], receipt.ClearMembers);
        Assert.Equal(["prompt", "temperature", "response_format", "file"], receipt.EncryptedMembers);
        Assert.True(audio.CanRead);
    }

    [Fact]
    public async Task Segments_AskedFor_AreTypedAndMakeSubtitles()
    {
        Deployment.Model.ReplyWithTranscription(Said, new ScriptedTranscriptionSegment(" Guten Morgen", TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.25)),
            new ScriptedTranscriptionSegment(" aus Bochum", TimeSpan.FromSeconds(1.25), TimeSpan.FromSeconds(62)));

        SpeechToTextResponse response = await Speech.GetTextAsync(new MemoryStream(Recording.Wave()), WithSegments).OrTimeout();

        Assert.Equal([" Guten Morgen", " aus Bochum"], response.GetTranscriptionSegments().Select(segment => segment.Text));
        Assert.Equal((TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(62)), (response.StartTime!.Value, response.EndTime!.Value));
        Assert.Equal(("de", TimeSpan.FromSeconds(62)), (response.GetTranscription()!.Language, response.GetTranscription()!.Duration));
        Assert.StartsWith("1\r\n00:00:00,500 --> 00:00:01,250\r\nGuten Morgen\r\n\r\n2\r\n", response.ToSubRip(), StringComparison.Ordinal);
        Assert.EndsWith("00:00:01.250 --> 00:01:02.000\naus Bochum\n\n", response.ToWebVtt(), StringComparison.Ordinal);
        Assert.Equal("segment", Field(Deployment.Requests[0], "timestamp_granularities[]"));
    }

    [Fact]
    public async Task Words_AskedFor_AreTyped()
    {
        Deployment.Model.ReplyWithTranscription("Guten").WithWord("Guten", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        SpeechToTextResponse response = await Speech.GetTextAsync(
            new MemoryStream(Recording.Wave()),
            new SpeechTranscriptionOptions { SpeechLanguage = "de-DE", Timestamps = TranscriptionTimestamps.Words }).OrTimeout();
        Assert.Equal(new TranscriptionWord
        {
            StartTime = TimeSpan.FromSeconds(1),
            EndTime = TimeSpan.FromSeconds(2),
            Text = "Guten",
        }, Assert.Single(response.GetTranscriptionWords()));
        Assert.Equal(("word", "de"), (Field(Deployment.Requests[0], "timestamp_granularities[]"), Field(Deployment.Requests[0], "language")));
    }

    [Fact]
    public async Task Stream_OfText_ComesInPiecesAndCloses()
    {
        Deployment.Model.ReplyWithTranscription(Said);
        HiddenLengthStream audio = new(Recording.Wave(3000));
        List<SpeechToTextResponseUpdate> updates = [];
        await foreach (SpeechToTextResponseUpdate update in Speech.GetStreamingTextAsync(audio).WithTimeout())
        {
            updates.Add(update);
        }

        Assert.False(audio.IsDisposed);
        Assert.True(updates.Count > 3);
        Assert.All(updates[..^1], update => Assert.Equal(SpeechToTextResponseUpdateKind.TextUpdated, update.Kind));
        Assert.Equal(SpeechToTextResponseUpdateKind.SessionClose, updates[^1].Kind);
        Assert.All(updates, update => Assert.Equal(Deployment.Requests[0].RequestId, update.GetPrivatemodeReceipt()!.RequestId));
        Assert.Single(updates.Select(update => update.ResponseId).Distinct());
        SpeechToTextResponse response = updates.ToSpeechToTextResponse();
        Assert.Equal(Said, response.Text);
        Assert.NotNull(response.Usage!.TotalTokenCount);
        Assert.NotNull(response.GetPrivatemodeReceipt());
        Assert.Equal(("true", "true"), (Field(Deployment.Requests[0], "stream"), Field(Deployment.Requests[0], "stream_include_usage")));
    }

    [Fact]
    public async Task Stream_CutBetweenTwoStretchesOfTheRecording_IsNoWholeTranscription()
    {
        string[] stretches = ["one", "two"];
        Deployment.Model.ReplyWithTranscription("").WithRawEvents(
        [
            .. stretches.Select(
                text => $$"""{"id":"t","object":"c","created":1,"model":"m","choices":[{"delta":{"content":"{{text}}"},"finish_reason":"stop"}]}"""),
            """{"id":"t","object":"c","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}""",
        ]);
        Deployment.Faults.Inject(Fault.DropEvent(2));
        List<SpeechToTextResponseUpdate> updates = [];
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(async () =>
        {
            await foreach (SpeechToTextResponseUpdate update in Speech.GetStreamingTextAsync(new MemoryStream(Recording.Wave())).WithTimeout())
            {
                updates.Add(update);
            }
        });
        Assert.Equal("truncated-stream", exception.ErrorType);
        Assert.Equal(stretches, updates.Select(update => update.Text));
        Assert.DoesNotContain(updates, update => update.Kind == SpeechToTextResponseUpdateKind.SessionClose);
    }

    [Fact]
    public async Task Stream_Events_ArriveOneByOne()
    {
        TaskCompletionSource seen = new();
        await using PrivatemodeTestDeployment paced = await PrivatemodeTestDeployment.StartAsync(new PrivatemodeTestDeploymentOptions
        {
            BeforeStreamEvent = async (number, token) => await (number == 2 ? seen.Task.WaitAsync(token) : Task.CompletedTask),
        });
        await using PrivatemodeClient client = paced.CreateClient();
        paced.Model.ReplyWithTranscription(Said);
        await foreach (SpeechToTextResponseUpdate update in client.AsISpeechToTextClient(Whisper).GetStreamingTextAsync(new MemoryStream(Recording.Wave()))
            .WithTimeout())
        {
            // The deployment waits for this before it sends the rest.
            Assert.NotNull(update);
            _ = seen.TrySetResult();
        }

        Assert.True(seen.Task.IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Text_BusyService_IsAskedAgainEvenWithAStreamThatFlows(bool canSeek)
    {
        Deployment.Model.ReplyWithTranscription(Said);
        Deployment.Faults.Inject(Fault.UnencryptedError(503));
        byte[] file = Recording.Wave(100_000);
        Task<SpeechToTextResponse> asking = Speech.GetTextAsync(canSeek ? new MemoryStream(file) : new HiddenLengthStream(file, 9000));
        await PassFirstPauseAsync();
        Assert.Equal(Said, (await asking.OrTimeout()).Text);
        Assert.Equal(2, Deployment.Requests.Count);
        Assert.Equal(file, Deployment.Requests[1].DecryptedFields["file"].ToArray());
    }

    [Fact]
    public async Task Model_OfTheOptions_IsTheOneThatIsAsked()
    {
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeModelUnavailableException>(() => Speech.GetTextAsync(
            new MemoryStream(Recording.Wave()), new SpeechToTextOptions { ModelId = "voxtral-of-later" }).OrTimeout());
        Assert.Equal(ServiceFailureReason.ModelUnavailable, exception.Reason);
        Assert.Equal("voxtral-of-later", Deployment.Requests[0].Headers["Privatemode-Target-Model"]);
    }

    [Fact]
    public async Task Model_OfTheOptionsIsEmpty_IsTheDefault()
    {
        _ = await Speech.GetTextAsync(new MemoryStream(Recording.Wave()), new SpeechToTextOptions { ModelId = "" }).OrTimeout();
        Assert.Equal(Whisper, Deployment.Requests[0].Headers["Privatemode-Target-Model"]);
    }

    [Fact]
    public void Service_OfTheClient_IsFoundByType()
    {
        SpeechToTextClientMetadata metadata = Speech.GetService<SpeechToTextClientMetadata>()!;
        Assert.Equal(("privatemode", Deployment.Endpoint, Whisper), (metadata.ProviderName, metadata.ProviderUri, metadata.DefaultModelId));
        Assert.NotNull(Speech.GetService<AudioClient>());
        Assert.NotNull(Speech.GetService<ISpeechToTextClient>());
        Assert.Null(Speech.GetService<IChatClient>());
        Assert.Null(Speech.GetService(typeof(ISpeechToTextClient), "key"));
        Speech.Dispose();
        Assert.Throws<ArgumentException>(() => Client.AsISpeechToTextClient(""));
        Assert.Throws<ArgumentNullException>(() => { _ = Speech.GetStreamingTextAsync((Stream)null!); });
    }

    [Fact]
    public async Task File_NotForTheService_IsRefusedBeforeAnythingIsSent()
    {
        byte[] tooLarge = Recording.Wave(50 * 1024 * 1024 + 1);
        foreach (byte[] file in (byte[][])[[], "%PDF-1.7 secret"u8.ToArray(), tooLarge])
        {
            using MemoryStream audio = new(file);
            foreach (Task call in (Task[])[Speech.GetTextAsync(audio), Speech.GetStreamingTextAsync(audio).ToSpeechToTextResponseAsync()])
            {
                PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => call.OrTimeout());
                Assert.Equal("file", exception.Member);
                Assert.DoesNotContain("secret", exception.ToString(), StringComparison.Ordinal);
            }
        }

        PrivatemodeRequestException flowing = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => Speech.GetTextAsync(new HiddenLengthStream(tooLarge, 1 << 20)).OrTimeout());
        Assert.Equal("file", flowing.Member);
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Error_OfTheModelServer_IsAServiceException()
    {
        foreach (bool streamed in (bool[])[false, true])
        {
            Deployment.Model.ReplyWithError(400, "your audio said canary", "bad_audio");
            PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => AskAsync(streamed));
            Assert.Equal((ServiceFailureReason.InvalidRequest, "bad_audio"), (exception.Reason, exception.ErrorCode));
            Assert.Equal("your audio said canary", exception.ServerMessage);
            Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Answer_Odd_ArrivesOrIsAServiceExceptionWithoutItsContent()
    {
        Deployment.Model.ReplyWithTranscription("").WithRawJson("""{"language":"en","text":"canary","segments":[{"start":"canary","end":1}],"words":null}""");
        SpeechTranscriptionOptions options = new() { Timestamps = TranscriptionTimestamps.Segments, SpeechLanguage = "en" };
        SpeechToTextResponse response = await Speech.GetTextAsync(new MemoryStream(Recording.Wave()), options).OrTimeout();
        Assert.Equal("canary", response.Text);
        Assert.Null(response.GetTranscription()!.Segments);
        Deployment.Model.ReplyWithTranscription("").WithRawEvents(
            """{"id":"t","object":"c","created":1,"model":"m","choices":[{"delta":{"content":["canary"]},"finish_reason":"stop"}]}""");
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(() => AskAsync(streamed: true));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    public static TheoryData<Fault, bool, string> Faults => new()
    {
        { Fault.TamperEvent(0), false, "not-authentic" },
        { Fault.UnencryptedSuccess(), false, "unsealed-member" },
        { Fault.UnencryptedSuccess(withHeader: true), false, "unsealed-answer" },
        { Fault.UnencryptedEvent(0), false, "unsealed-member" },
        { Fault.TamperEvent(2), true, "not-authentic" },
        { Fault.DropEvent(1), true, "not-authentic" },
        { Fault.DuplicateEvent(1), true, "not-authentic" },
        { Fault.SwapEvents(1), true, "not-authentic" },
        { Fault.CutConnection(700), true, "truncated-stream" },
        { Fault.CutConnection(40), false, "truncated-answer" },
        { Fault.ReflectRequest, false, "reflected" },
        { Fault.ChangeStatus(400), false, "relabelled-answer" },
        { Fault.RemoveEndMarker, true, "truncated-stream" },
        { Fault.RemoveFinishEvent, true, "truncated-stream" },
        { Fault.TruncateEvent(2), true, "truncated-stream" },
        { Fault.UnencryptedSuccess(), true, "unexpected-form" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Answer_AlteredOnTheWay_IsAnIntegrityException(Fault fault, bool streamed, string failure)
    {
        Deployment.Model.ReplyWithTranscription(Said);
        Deployment.Faults.Inject(fault);
        PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(() => AskAsync(streamed));
        Assert.Equal((failure, "/v1/audio/transcriptions"), (exception.ErrorType, exception.EndpointPath));
    }

    [Fact]
    public async Task Stream_ErrorInBetween_IsThrownAfterWhatCameBefore()
    {
        Deployment.Model.ReplyWithTranscription(Said);
        Deployment.Faults.Inject(Fault.ReplaceEventWithError(2, "canary"));
        string text = "";
        PrivatemodeServiceException exception = await Assert.ThrowsAsync<PrivatemodeServiceException>(async () =>
        {
            await foreach (SpeechToTextResponseUpdate update in Speech.GetStreamingTextAsync(new MemoryStream(Recording.Wave())).WithTimeout())
            {
                Assert.NotEqual(SpeechToTextResponseUpdateKind.SessionClose, update.Kind);
                text += update.Text;
            }
        });
        Assert.StartsWith("Guten", text, StringComparison.Ordinal);
        Assert.Equal("canary", exception.ServerMessage);
    }

    [Fact]
    public async Task Cancelled_Call_Ends()
    {
        using CancellationTokenSource source = new();
        await source.CancelAsync();
        using MemoryStream audio = new(Recording.Wave());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Speech.GetTextAsync(audio, null, source.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Speech.GetStreamingTextAsync(audio, null, source.Token).ToSpeechToTextResponseAsync());
    }

    private static string Field(RecordedRequest request, string name) => Encoding.UTF8.GetString(request.DecryptedFields[name].Span);

    private Task<SpeechToTextResponse> AskAsync(bool streamed)
    {
        MemoryStream audio = new(Recording.Wave());
        return (streamed ? Speech.GetStreamingTextAsync(audio).ToSpeechToTextResponseAsync() : Speech.GetTextAsync(audio)).OrTimeout();
    }

    private async Task PassFirstPauseAsync()
    {
        TimeSpan due = await Time.TimerAsync(time => time >= TimeSpan.FromSeconds(0.64) && time <= TimeSpan.FromSeconds(0.96)).OrTimeout();
        Time.Advance(due);
    }
}
