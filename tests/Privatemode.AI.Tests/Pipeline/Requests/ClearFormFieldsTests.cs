using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Encryption.Multipart;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Tests.Pipeline.Requests;

public sealed class ClearFormFieldsTests
{
    private const string ContentType = "multipart/form-data; boundary=\"b=b\"";

    private readonly RequestEncryptor _engine = new(
        new Uri("https://api.privatemode.ai"), new PromptCacheSaltProvider(PromptCacheScope.None), TimeProvider.System);

    [Fact]
    public void Prepare_Form_KnowsModelAndStream()
    {
        using EncryptedCall call = Prepare(("model", "openai/whisper-large-v3"), ("stream", "true"), ("prompt", "secret"), ("file:a.wav", "RIFF"));
        Assert.Equal(("openai/whisper-large-v3", true), (call.Model, call.WantsStream));
        using EncryptedCall whole = Prepare(("model", "m"), ("stream", "false"), ("response_format", "verbose_json"));
        Assert.False(whole.WantsStream);
    }

    [Theory]
    [InlineData("model", "tell me a secret")]
    [InlineData("model", "")]
    [InlineData("model", "ä")]
    [InlineData("stream", "True")]
    [InlineData("stream", "secret")]
    [InlineData("stream_include_usage", "1")]
    [InlineData("stream_continuous_usage_stats", "null")]
    [InlineData("model:m.txt", "m")]
    [InlineData("stream:m.txt", "true")]
    public void Prepare_ClearFieldThatCouldCarryContent_IsRefused(string name, string value)
    {
        (string, string)[] fields = name.StartsWith("model", StringComparison.Ordinal) ? [(name, value)] : [("model", "m"), (name, value)];
        Assert.Equal("clear-field", Assert.Throws<PrivatemodeWouldLeakException>(() => Prepare(fields)).ErrorType);
    }

    [Theory]
    [InlineData("what is this")]
    [InlineData("ä")]
    [InlineData("a.b")]
    [InlineData("a12345678901234567890123456789012345678901234567890123456789012345")]
    public void Prepare_NameThatCouldCarryContent_IsRefused(string name) => Assert.Equal(
        "member-name", Assert.Throws<PrivatemodeWouldLeakException>(() => Prepare(("model", "m"), (name, "v"))).ErrorType);

    [Theory]
    [InlineData("text")]
    [InlineData("srt")]
    [InlineData("vtt")]
    [InlineData("")]
    [InlineData("diarized_json")]
    public void Prepare_FormatThatIsNotJson_IsNamed(string format)
    {
        PrivatemodeRequestException exception = Assert.Throws<PrivatemodeRequestException>(
            () => Prepare(("model", "m"), ("response_format", format)));
        Assert.Equal("response_format", exception.Member);
    }

    [Fact]
    public void Prepare_RepeatedField_IsNamed()
    {
        Assert.Equal("timestamp_granularities[]", Assert.Throws<PrivatemodeRequestException>(
            () => Prepare(("model", "m"), ("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment"))).Member);
        Assert.Equal("form", Assert.Throws<PrivatemodeRequestException>(() => Prepare(("model", "m"), ("model", "n"))).Member);
        Assert.Equal("model", Assert.Throws<PrivatemodeRequestException>(() => Prepare(("prompt", "n"))).Member);
    }

    [Fact]
    public void Prepare_FileOverTheLimit_IsNamed()
    {
        PrivatemodeRequestException exception = Assert.Throws<PrivatemodeRequestException>(
            () => Prepare(("model", "m"), ("file:a.wav", new string('x', ClearFormFields.FileLimit + 1))));
        Assert.Equal("file", exception.Member);
        using EncryptedCall call = Prepare(("model", "m"), ("file:a.wav", new string('x', ClearFormFields.FileLimit)));
        Assert.NotNull(call.Body);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("multipart/form-data")]
    public void Read_OtherContentType_IsRefused(string? contentType) => Assert.Equal("unknown-content-type", Assert.Throws<PrivatemodeWouldLeakException>(
        () => RequestEncryptor.Read(EndpointRules.Transcriptions, PooledBytes.Copy("x"u8), contentType)).ErrorType);

    [Fact]
    public void Read_FormThatCannotBeTakenApart_IsRefused()
    {
        foreach (EndpointRule rule in (EndpointRule[])[EndpointRules.Transcriptions, EndpointRules.Partition])
        {
            Assert.Equal("unparsable-body", Assert.Throws<PrivatemodeWouldLeakException>(
                () => RequestEncryptor.Read(rule, PooledBytes.Copy("{}"u8), ContentType)).ErrorType);
        }
    }

    [Theory]
    [InlineData("true", null, "true", true)]
    [InlineData("true", "true", "true", false)]
    [InlineData("true", "false", "false", false)]
    [InlineData("false", null, null, false)]
    public void Prepare_StreamedForm_RequestsUsageUnlessTheFormSetsIt(string stream, string? asked, string? sent, bool isHidden)
    {
        List<(string, string)> fields = [("file:a.wav", "RIFF"), ("model", "m"), ("stream", stream)];
        if (asked is not null)
        {
            fields.Insert(0, ("stream_include_usage", asked));
        }

        using EncryptedCall call = Prepare([.. fields]);
        FormRequestBody body = Assert.IsType<FormRequestBody>(call.Body);
        FormPart? field = body.Form.Find("stream_include_usage"u8);
        Assert.Equal(sent, field is null ? null : Encoding.UTF8.GetString(body.Value(field)));
        Assert.Equal((sent == "true", isHidden), (call.EndsWithUsage, call.HidesUsage));
        Assert.Equal("RIFF", Encoding.UTF8.GetString(body.Value(body.Form.Find("file"u8)!)));
        using BodyExchange exchange = new BodyExchange(AesGcmKey.Import(new byte[32]), "id"u8.ToArray());
        using EncryptedBody wire = body.Encrypt(exchange, EndpointRules.Transcriptions);
        Assert.True(exchange.IsEncrypted(
            wire, BodyKind.Form, (name, value) => EndpointRules.Transcriptions.RequestClearNames!.Contains(name) && ClearFormFields.IsClearValue(name, value)));
    }

    [Fact]
    public void Read_WholeForm_GetsABoundaryOfRandomLetters()
    {
        byte[] form = Form("secret-in-boundary", ("languages", "eng"), ("languages", "deu"), ("files:secret.pdf", "%PDF"));
        HashSet<string> seen = [];
        for (int i = 0; i < 4; i++)
        {
            RequestBody body = RequestEncryptor.Read(
                EndpointRules.Partition, PooledBytes.Copy(form), "multipart/form-data; boundary=secret-in-boundary");
            using EncryptedCall call = _engine.Prepare(EndpointRules.Partition, body, "key");
            using BodyExchange exchange = new BodyExchange(AesGcmKey.Import(new byte[32]), "id"u8.ToArray());
            using EncryptedBody wire = body.Encrypt(exchange, EndpointRules.Partition);
            Assert.Matches("^multipart/form-data; boundary=[A-Za-z0-9]{18}$", wire.ContentType);
            Assert.True(exchange.IsEncrypted(wire, BodyKind.Whole, (_, _) => false));
            Assert.True(seen.Add(wire.ContentType));
            using MemoryStream stream = new();
            wire.WriteTo(stream);
            string opened = Fakes.NaivePeer.Open(Encoding.ASCII.GetString(stream.ToArray()), new byte[32], 0);
            Assert.Equal(Encoding.UTF8.GetString(form).Replace("secret-in-boundary", wire.ContentType[30..], StringComparison.Ordinal), opened);
            Assert.Null(call.Model);
            Assert.Empty(body.Names(new ClearNames()));
        }
    }

    private EncryptedCall Prepare(params (string Name, string Value)[] fields) => _engine.Prepare(
        EndpointRules.Transcriptions, RequestEncryptor.Read(EndpointRules.Transcriptions, PooledBytes.Copy(Form("b=b", fields)), ContentType), "key");

    private static byte[] Form(string boundary, params (string Name, string Value)[] fields)
    {
        StringBuilder body = new();
        foreach ((string name, string value) in fields)
        {
            string[] parts = name.Split(':');
            string file = parts.Length > 1 ? $"; filename=\"{parts[1]}\"" : "";
            _ = body.Append($"--{boundary}\r\nContent-Disposition: form-data; name=\"{parts[0]}\"{file}\r\n\r\n{value}\r\n");
        }

        return Encoding.UTF8.GetBytes(body.Append($"--{boundary}--\r\n").ToString());
    }
}
