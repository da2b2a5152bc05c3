using System.ClientModel;
using System.Text;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Responses;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Calls;

/// <summary>What an attempt with a form leaves behind when it fails: the plaintext for the next one, and no key.</summary>
public sealed class FormAttemptTests
{
    private const string File = "the recording";

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Attempt_Failed_KeepsNoKeyUntilTheNext(bool isAnswered, bool async)
    {
        Uri service = new("https://api.privatemode.ai");
        ImmediateTimeProvider time = new();
        FakeSecrets secrets = new(time);
        using SessionManager sessions = new(
            _ => new AccountSession((isAsync, token) => secrets.ExchangeAsync(isAsync, token), time), time, 256, TimeSpan.FromMinutes(1));
        CallRunner runner = new(
            new RequestEncryptor(service, new PromptCacheSaltProvider(PromptCacheScope.None), time),
            new RemoteMediaResolver(RemoteMediaPolicy.Refuse, null), new ResponsesTranslator(new ResponsesOptions(), time, new ClientEvents(null, service)),
            new AnswerReader(TimeSpan.FromSeconds(100), time, new ClientEvents(null, service)), sessions, new ApiKeys(new ApiKeyCredential("key")), null,
            TimeSpan.FromMinutes(10), time, default);
        FailingCarrier carrier = new(isAnswered);
        using CallState state = new();

        Exception? failure = await Record.ExceptionAsync(() => runner.RunAsync(carrier, state, async).AsTask());

        Assert.Equal(isAnswered, failure is null);
        Assert.Equal((1, true), (carrier.Sent, carrier.WasEncrypted));
        FormRequestBody body = Assert.IsType<FormRequestBody>(state.Call!.Body);
        Assert.Equal(File, Encoding.UTF8.GetString(body.Value(body.Form.Find("file"u8)!)));
    }

    /// <summary>An attempt that is answered with an error, or not at all.</summary>
    private sealed class FailingCarrier(bool isAnswered) : ICallCarrier
    {
        private const string Form =
            "--b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0\r\nContent-Disposition: form-data; name=model\r\n\r\nwhisper-large-v3\r\n"
            + "--b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n" + File
            + "\r\n--b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0--\r\n";

        public int Sent { get; private set; }

        public bool WasEncrypted { get; private set; }

        public string Method => "POST";

        public Uri Address => new("https://api.privatemode.ai/v1/audio/transcriptions");

        public IEnumerable<KeyValuePair<string, string>> Headers => [];

        public string? ContentType => "multipart/form-data; boundary=b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";

        public bool HasBody => true;

        public bool WantsReceipt => false;

        public long? BodyLength => Form.Length;

        public CancellationToken CancellationToken => default;

        public ValueTask WriteBodyAsync(Stream target, bool async)
        {
            target.Write(Encoding.ASCII.GetBytes(Form));
            return default;
        }

        public ValueTask<ReceivedAnswer> SendAsync(CallAttempt attempt, CallDeadline deadline, bool async)
        {
            Sent++;
            FormRequestBody body = (FormRequestBody)attempt.Call.Body!;
            WasEncrypted = Encoding.Latin1.GetString(body.Value(body.Form.Find("file"u8)!)) != File;
            return isAnswered
                ? new(new ReceivedAnswer(
                    new AnswerHeaders { Status = 503, ContentType = "text/plain" }, new MemoryStream("busy"u8.ToArray()), new MemoryStream(), IsBuffered: true))
                : throw new InvalidOperationException("not sent");
        }

        public void SetAnswer(EncryptedCall call, ReceivedAnswer received, CallAnswer answer, EncryptionReceipt? receipt)
        {
        }
    }
}
