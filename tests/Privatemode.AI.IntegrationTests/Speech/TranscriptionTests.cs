using System.ClientModel;
using System.ClientModel.Primitives;
using System.Security.Cryptography;
using System.Text;
using OpenAI.Audio;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Speech;

/// <summary>Transcriptions through the plain OpenAI client.</summary>
public sealed class TranscriptionTests : DeploymentTest
{
    private const string Whisper = "whisper-large-v3";
    private const string Boundary = "a=b";

    private readonly byte[] _audio = [.. "RIFF"u8, .. RandomNumberGenerator.GetBytes(300_000), .. "\r\n--\r\n"u8];

    private AudioClient Audio => Client.OpenAI.GetAudioClient(Whisper);

    [Fact]
    public async Task Transcribe_File_ArrivesAsItIsAndUnnamed()
    {
        Deployment.Model.ReplyWithTranscription("hello there");
        AudioTranscription text = await Audio.TranscribeAudioAsync(
            new MemoryStream(_audio), "Patient Müller.wav", new AudioTranscriptionOptions { Language = "de", Prompt = "names", Temperature = 0.5f })
            .OrTimeout();
        Assert.Equal("hello there", text.Text);
        RecordedRequest request = Assert.Single(Deployment.Requests);
        Assert.Equal(_audio, request.DecryptedFields["file"].ToArray());
        Assert.Equal(("de", "names"), (Field(request, "language"), Field(request, "prompt")));
        Assert.Contains("\"filename\":\"file\",\"content_type\":\"application/octet-stream\"", request.DecryptedBody, StringComparison.Ordinal);
        Assert.Matches("^multipart/form-data; boundary=[0-9a-f]{60}$", request.Headers["Content-Type"]);
        Assert.Equal(Whisper, request.Headers["Privatemode-Target-Model"]);
    }

    [Fact]
    public void SynchronousTranscribe_VerboseAnswer_HasDurationSegmentsAndWords()
    {
        Deployment.Model.ReplyWithTranscription("one two", new ScriptedTranscriptionSegment("one two", TimeSpan.Zero, TimeSpan.FromSeconds(2.5)))
            .WithWord("one", TimeSpan.Zero, TimeSpan.FromSeconds(1)).WithWord("two", TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(2.5));
        AudioTranscription text = Audio.TranscribeAudio(new MemoryStream(_audio), "a.wav", new AudioTranscriptionOptions
        {
            ResponseFormat = AudioTranscriptionFormat.Verbose,
            TimestampGranularities = AudioTimestampGranularities.Word,
            Language = "en",
        });
        Assert.Equal(TimeSpan.FromSeconds(2.5), text.Duration);
        Assert.Equal("one two", Assert.Single(text.Segments).Text);
        Assert.Equal(["one", "two"], text.Words.Select(word => word.Word));
    }

    [Fact]
    public async Task Transcribe_BusyServiceAndAStreamThatCanBeReadOnce_IsSentAgainUnderAFreshExchange()
    {
        Deployment.Faults.Inject(Fault.UnencryptedError(503, retryAfter: TimeSpan.FromSeconds(3)));
        Deployment.Model.ReplyWithTranscription("again");
        Task<ClientResult<AudioTranscription>> asking = Audio.TranscribeAudioAsync(new ReadOnceStream(_audio), "a.wav");
        await Time.TimerAsync(due => due == TimeSpan.FromSeconds(3)).OrTimeout();
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("again", (await asking.OrTimeout()).Value.Text);
        Assert.Equal(2, Deployment.Requests.Select(request => request.WireBodyText).Distinct().Count());
        Assert.Equal(_audio, Deployment.Requests[1].DecryptedFields["file"].ToArray());
    }

    [Fact]
    public async Task Transcribe_SecretForgotten_IsSentAgain()
    {
        await Audio.TranscribeAudioAsync(new MemoryStream(_audio), "a.wav").OrTimeout();
        Deployment.ForgetSecrets();
        AudioTranscription text = await Audio.TranscribeAudioAsync(new MemoryStream(_audio), "a.wav").OrTimeout();
        Assert.Equal($"You sent {_audio.Length} bytes", text.Text);
        Assert.Equal(3, Deployment.Requests.Count);
    }

    [Theory]
    [InlineData("text", "response_format")]
    [InlineData("srt", "response_format")]
    [InlineData("vtt", "response_format")]
    public async Task Transcribe_FormatThatCannotBeEncrypted_IsNotSent(string format, string setting)
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => Audio.TranscribeAudioAsync(
            new MemoryStream(_audio), "a.wav", new AudioTranscriptionOptions { ResponseFormat = new AudioTranscriptionFormat(format) }).OrTimeout());
        Assert.Equal(setting, exception.Member);
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Transcribe_TooLargeAFile_IsNotSent()
    {
        using MemoryStream large = new(new byte[52 * 1024 * 1024]);
        await Assert.ThrowsAsync<PrivatemodeRequestException>(() => Audio.TranscribeAudioAsync(large, "a.wav").OrTimeout());
        await Assert.ThrowsAsync<PrivatemodeRequestException>(() => Audio.TranscribeAudioAsync(new ReadOnceStream(large.ToArray()), "a.wav").OrTimeout());
        Assert.Empty(Deployment.AllRequests);
    }

    [Fact]
    public async Task Transcribe_AnswerThatIsNotWhatItShouldBe_IsRefused()
    {
        foreach ((Fault fault, string failure) in ((Fault, string)[])
            [(Fault.TamperEvent(0), "not-authentic"), (Fault.ReflectRequest, "reflected"), (Fault.UnencryptedEvent(0), "unsealed-member"),
                (Fault.UnencryptedSuccess(), "unsealed-member")])
        {
            Deployment.Faults.Inject(fault);
            PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(
                () => Audio.TranscribeAudioAsync(new MemoryStream(_audio), "a.wav").OrTimeout());
            Assert.Equal(failure, exception.ErrorType);
        }

        Assert.Equal(0, Deployment.Faults.PendingCount);
    }

    [Fact]
    public async Task Transcribe_ErrorOfTheModelServer_IsOpened()
    {
        Deployment.Model.ReplyWithError(400, "this is no audio");
        ClientResultException exception = await Assert.ThrowsAsync<ClientResultException>(
            () => Audio.TranscribeAudioAsync(new MemoryStream(_audio), "a.wav").OrTimeout());
        Assert.Equal(400, exception.Status);
        Assert.Contains("this is no audio", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_Form_IsOpenedPieceByPiece()
    {
        Deployment.Model.ReplyWithTranscription("one two three");
        string text = await StreamAsync();
        Assert.Contains("\"content\":\" three\"", text, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_FormThatDoesNotAskForUsage_AsksForTheEventThatEndsItAndKeepsItBack()
    {
        Deployment.Model.ReplyWithTranscription("one two three");
        string text = await StreamAsync();
        Assert.DoesNotContain("\"choices\":[]", text, StringComparison.Ordinal);
        Assert.Equal("true", Field(Assert.Single(Deployment.Requests), "stream_include_usage"));
    }

    [Fact]
    public async Task Stream_CutOrAltered_IsRefused()
    {
        foreach ((Fault fault, string failure) in ((Fault, string)[])
            [(Fault.TamperEvent(1), "not-authentic"), (Fault.RemoveFinishEvent, "truncated-stream"), (Fault.RemoveEndMarker, "truncated-stream"),
                (Fault.DropEvent(0), "not-authentic"), (Fault.DropEvent(4), "truncated-stream")])
        {
            Deployment.Model.ReplyWithTranscription("one two three");
            Deployment.Faults.Inject(fault);
            PrivatemodeIntegrityException exception = await Assert.ThrowsAsync<PrivatemodeIntegrityException>(StreamAsync);
            Assert.Equal(failure, exception.ErrorType);
        }
    }

    [Fact]
    public async Task Canary_NothingOfFileNamePromptOrTextLeaves()
    {
        Deployment.Model.ReplyWithTranscription(Sentinel.Text);
        await Audio.TranscribeAudioAsync(
            new MemoryStream(Sentinel.Bytes), $"{Sentinel.Text}.wav", new AudioTranscriptionOptions { Prompt = Sentinel.Text }).OrTimeout();
        await Audio.TranscribeAudioAsync(new ReadOnceStream(Sentinel.Bytes), $"ä {Sentinel.Text}.wav").OrTimeout();
        await StreamAsync(Sentinel.Text);
        Assert.All(Deployment.Requests, request => Assert.Empty(Sentinel.FoundIn(request.WireResponseText)));
        Assert.Equal(Sentinel.Bytes, Deployment.Requests[1].DecryptedFields["file"].ToArray());
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
    }

    private static string Field(RecordedRequest request, string name) => Encoding.UTF8.GetString(request.DecryptedFields[name].Span);

    private async Task<string> StreamAsync() => await StreamAsync("prompt");

    private new async Task<string> StreamAsync(string prompt)
    {
        string form = $"--{Boundary}\r\nContent-Disposition: form-data; name=model\r\n\r\n{Whisper}\r\n"
            + $"--{Boundary}\r\nContent-Disposition: form-data; name=stream\r\n\r\ntrue\r\n"
            + $"--{Boundary}\r\nContent-Disposition: form-data; name=prompt\r\n\r\n{prompt}\r\n"
            + $"--{Boundary}\r\nContent-Disposition: form-data; name=file; filename=\"{prompt}.wav\"\r\n\r\nRIFF\r\n--{Boundary}--\r\n";
        ClientResult result = await Audio.TranscribeAudioAsync(
            BinaryContent.Create(BinaryData.FromString(form)), $"multipart/form-data; boundary=\"{Boundary}\"",
            new RequestOptions { BufferResponse = false }).OrTimeout();
        using StreamReader reader = new(result.GetRawResponse().ContentStream!);
        return await reader.ReadToEndAsync().OrTimeout();
    }

    /// <summary>As from the network: no length, no seeking.</summary>
    private sealed class ReadOnceStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }
    }
}
