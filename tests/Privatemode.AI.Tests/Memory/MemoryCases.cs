using System.Formats.Asn1;
using System.Net;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Encryption;
using Privatemode.AI.KeyExchange;
using Privatemode.AI.Models;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Memory;

/// <summary>Every reader with the worst bytes it can be given, and with the largest that are right.</summary>
internal static class MemoryCases
{
    private const int Megabyte = 1024 * 1024;
    private const int SmallDocument = 16 * Megabyte;
    private const int Answer = 120 * Megabyte;
    private const int Error = Megabyte;
    private const int Element = 60 * Megabyte;
    private const string Brackets = "[],";

    // Ends in a tag that is not right: what is opened takes its memory all the same.
    private static readonly string Head = $"\"{Convert.ToBase64String(new byte[32])}:{new string('a', 24)}:{new string('b', 24)}:";
    private static readonly string Shortest = Head + new string('c', 64) + "\"";

    private static readonly Dictionary<string, (long Limit, Action Read)> All = new()
    {
        ["answer: one name"] = Exchange(Answer, () => new AnswerReading().Refused(Text(Answer, "{\"", "a", "\":1}"))),
        ["answer: one encrypted value"] = Exchange(Answer, () => new AnswerReading().Refused(Text(Answer, $"{{\"choices\":{Head}", "c", "\"}"))),
        ["answer: white space"] = Exchange(Answer, () => new AnswerReading().Refused(Text(Answer, $"{{\"choices\":{Shortest}", " ", "}"))),
        ["answer: a clear member"] = Exchange(Answer, () => new AnswerReading().Refused(Text(Answer, $"{{\"choices\":{Shortest},\"id\":\"", "x", "\"}"))),
        ["answer: many members"] = Exchange(Answer, () => new AnswerReading().Refused(Text(Answer, "{", "\"a\":1,", "\"b\":1}"))),
        ["answer: many elements"] = Exchange(
            Answer, () => new AnswerReading("/unstructured/general/v0/general").Refused(Text(Answer, "[", $"{Shortest},", $"{Shortest}]"))),
        ["answer: no JSON"] = Exchange(Answer, () => new AnswerReading().Refused(Text(Answer, "", "x", ""))),
        ["answer: authentic"] = Exchange(Answer, () => ReadChat("[{\"finish_reason\":\"stop\",\"message\":{\"content\":\"", "x", "\",\"tool_calls\":[]}}]")),
        ["answer: authentic, unknown finish reason"] = Exchange(
            Answer, () => ReadChat("[{\"finish_reason\":\"odd\",\"message\":{\"content\":\"", "it's ", "\"}}]")),
        ["answer: authentic, long tool call"] = Exchange(
            Answer, () => ReadChat("[{\"finish_reason\":\"stop\",\"message\":{\"tool_calls\":[{\"function\":{\"arguments\":\"", "it's ", "\"}}]}}]")),
        ["answer: authentic, many tool calls"] = Exchange(
            Answer, () => ReadChat("[{\"finish_reason\":\"stop\",\"message\":{\"tool_calls\":[", "{},", "{}]}}]")),
        ["answer: authentic transcription"] = Exchange(
            Answer, () => new AnswerReading("/v1/audio/transcriptions").Read(file =>
                file.Text("{\"duration\":\"1\",\"text\":").Value(Answer / 2 - 1024, "\"", "x", "\"").Text("}"))),
        ["answer: authentic elements"] = Exchange(
            Answer, () => new AnswerReading("/unstructured/general/v0/general").Read(file =>
                file.Text("[").Value(Element - 1024, "{\"text\":\"", "x", "\"}").Text("]"))),
        ["answer: authentic error"] = Exchange(Answer, () => new AnswerReading().RefusedAsError(file =>
            file.Text("{\"error\":").Value(Answer / 2 - 1024, "{\"message\":\"", "x", "\"}").Text("}"))),
        ["answer: authentic error of brackets"] = Exchange(Answer, () => new AnswerReading().RefusedAsError(file =>
            file.Text("{\"error\":").Value(Answer / 2 - 1024, "{\"message\":\"m\",\"more\":[", Brackets, "0]}").Text("}"))),
        ["error: many names"] = Exchange(Error, () => new AnswerReading(status: 500).Read(Text(Error, "{", "\"a\":1,", "\"b\":1}"))),
        ["error: brackets"] = Exchange(Error, () => new AnswerReading(status: 500).Read(Text(Error, "{\"error\":[", Brackets, "0]}"))),
        ["error: control characters"] = Exchange(Error, () => new AnswerReading(status: 500).Read(Text(Error, "", "\u0001", ""))),
        ["error: authentic"] = Exchange(Error, () => new AnswerReading(status: 500).Read(file =>
            file.Text("{\"error\":").Value(Error / 2 - 1024, "{\"message\":\"", "x", "\"}").Text("}"))),
        ["stream: a line without an end"] = Exchange(Answer, () => new AnswerReading(stream: true).Refused(Text(Answer, "data: ", "x", ""))),
        ["stream: comments"] = Exchange(Answer, () => new AnswerReading(stream: true).Refused(Text(Answer, "", ": ping\n\n", ""))),
        ["stream: authentic"] = Exchange(Answer, () => new AnswerReading(stream: true).Read(StreamOf)),
        ["form: the largest file"] = Exchange(2 * ClearFormFields.FileLimit, SealForm),
        ["manifest: brackets"] = Small(() => Download(Manifest.MaxSize, "{\"Policies\":[", Brackets, "0]}", body => Manifest.Parse(body))),
        ["manifest: one text"] = Small(() => Download(Manifest.MaxSize, "{\"Policies\":\"", "x", "\"}", body => Manifest.Parse(body))),
        ["attestation: brackets"] = Small(() => Download(
            AttestResponse.MaxSize, "{\"AttestationDoc\":[", Brackets, "0]}", body => AttestResponse.ReadDocument(body))),
        ["attestation: one document"] = Small(() => Download(
            AttestResponse.MaxSize, "{\"AttestationDoc\":\"", "W10s", "\"}", body => AttestationDocument.Parse(AttestResponse.ReadDocument(body)))),
        ["Intel: brackets"] = Small(() => Download(SignedDocument.MaximumLength, "{\"tcbInfo\":[", Brackets, "0]}", ReadTcbInfo)),
        ["Intel: too long"] = Small(() => Download(4 * Megabyte, "{\"tcbInfo\":[", Brackets, "0]}", ReadTcbInfo)),
        ["revocation list: many entries"] = Small(() => Download(RevocationListOfMany(), ReadRevocationList)),
        ["revocation list: too long"] = Small(() => Download(4 * Megabyte, "", "0", "", ReadRevocationList)),
        ["models: brackets"] = Small(() => Download(4 * Megabyte, "{\"data\":[", Brackets, "0]}", ReadModels)),
        ["models: one text"] = Small(() => Download(4 * Megabyte - 1024, "{\"data\":\"", "x", "\"}", ReadModels)),
        ["models: many"] = Small(() => Download(4 * Megabyte, "{\"data\":[", "{\"id\":\"a\"},", "{}]}", ReadModels)),
        ["secret: brackets"] = Small(() => Download(64 * 1024, "{\"MeshCert\":[", Brackets, "0]}", body => SecretExchangeResponse.Parse(body))),
        ["small reads"] = Small(() => Download(new RepeatedText(4 * Megabyte, "", "x", "", mostPerRead: 1), _ => throw new FormatException())),
        ["saved evidence: brackets"] = Exchange(SmallDocument, () => LoadEvidence("{\"a\":[", Brackets, "0]}")),
        ["saved evidence: one text"] = Exchange(SmallDocument, () => LoadEvidence("{\"amd\":\"", "x", "\"}")),
    };

    public static IEnumerable<string> Names => All.Keys;

    public static long LimitOf(string name) => All[name].Limit;

    public static void Run(string name) => All[name].Read();

    /// <summary>The body of a request or an answer: its bytes on the wire are in memory, and what is made of them.</summary>
    private static (long Limit, Action Read) Exchange(int wire, Action read) => (wire * 16L / 10 + 4 * Megabyte, read);

    private static (long Limit, Action Read) Small(Action read) => (SmallDocument, read);

    private static RepeatedText Text(int length, string before, string repeated, string after) => new(length, before, repeated, after);

    private static void ReadChat(string before, string repeated, string after) => new AnswerReading().Read(file => file
        .Text("{\"choices\":").Value(Answer / 2 - 1024, before, repeated, after).Text(",\"created\":").Value("1")
        .Text(",\"model\":").Value("\"m\"").Text(",\"object\":").Value("\"chat.completion\"").Text("}"));

    private static EncryptedFile StreamOf(EncryptedFile file)
    {
        const int EventLength = 120 * 1024;
        for (int i = 0; i < Answer / 2 / EventLength - 4; i++)
        {
            _ = Event(file, EventLength, "[{\"index\":0,\"delta\":{\"content\":\"", "x", "\"},\"finish_reason\":null}]");
        }

        return Event(file, 128, "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}", " ", "]").Text("data: [DONE]\n\n");
    }

    private static EncryptedFile Event(EncryptedFile file, int length, string before, string repeated, string after) => file
        .Text("data: {\"choices\":").Value(length, before, repeated, after).Text(",\"created\":").Value("1")
        .Text(",\"model\":").Value("\"m\"").Text(",\"object\":").Value("\"chat.completion.chunk\"").Text("}\n\n");

    private static void SealForm()
    {
        const string Part = "--limit\r\nContent-Disposition: form-data; name=";
        PooledBytes bytes = CallPreparation.NewSnapshot(0);
        using PooledWriteStream snapshot = new(bytes, EndpointRules.Transcriptions.PlaintextLimit);
        using RepeatedText form = new(
            ClearFormFields.FileLimit, $"{Part}model\r\n\r\nm\r\n{Part}file; filename=a\r\n\r\n", "x", "\r\n--limit--\r\n");
        form.CopyTo(snapshot);
        RequestEncryptor engine = new(
            new Uri("https://example.com"), new PromptCacheSaltProvider(PromptCacheScope.None), TimeProvider.System);
        EndpointRule rule = EndpointRules.Transcriptions;
        using EncryptedCall call = engine.Prepare(rule, RequestEncryptor.Read(rule, bytes, "multipart/form-data; boundary=limit"), "key");
        using BodyExchange exchange = new BodyExchange(AesGcmKey.Import(new byte[32]), "id"u8.ToArray());
        using EncryptedContent content = new(call.Body!.Encrypt(exchange, rule));
        content.WriteTo(Stream.Null);
    }

    private static void Download(int length, string before, string repeated, string after, Action<byte[]> read) =>
        Download(Text(length, before, repeated, after), read);

    /// <summary>Reads a small document as it is downloaded, and has it refused.</summary>
    private static void Download(Stream body, Action<byte[]> read)
    {
        using FakeHandler handler = new() { Answer = _ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(body) } };
        using HttpClient client = new(handler);
        BoundedHttpClient http = new(client, TimeProvider.System);
        byte[] document = http.SendAsync(new HttpRequestMessage(HttpMethod.Get, "https://example.com/"), 4 * Megabyte, "a test", async: false, default)
            .AsTask().GetAwaiter().GetResult().Body;
        Exception? refusal = Record.Exception(() => read(document));
        Assert.True(refusal is PrivatemodeException or FormatException, $"{refusal}");
    }

    private static void LoadEvidence(string before, string repeated, string after) =>
        Assert.Throws<FormatException>(() => SavedEvidence.Load(Text(SmallDocument, before, repeated, after)));

    private static void ReadTcbInfo(byte[] body) => SignedDocument.Parse(body, "tcbInfo", TdxChecks.TcbInfoChain).Dispose();

    private static void ReadRevocationList(byte[] body) => CertificateRevocationList.Parse(body, "a test");

    private static void ReadModels(byte[] body) => ModelListReader.Read(new BinaryData(body));

    /// <summary>A revocation list of the largest size with as many entries as it can hold; refused for what is missing behind them.</summary>
    private static MemoryStream RevocationListOfMany()
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteInteger(1);
                WriteAlgorithm(writer);
                using (writer.PushSequence())
                {
                }

                writer.WriteUtcTime(DateTimeOffset.UnixEpoch.AddYears(50));
                using (writer.PushSequence())
                {
                    for (int i = 0; i < 43_000; i++)
                    {
                        using (writer.PushSequence())
                        {
                            writer.WriteInteger(100_000 + i);
                            writer.WriteUtcTime(DateTimeOffset.UnixEpoch.AddYears(50));
                        }
                    }
                }

                writer.WriteNull();
            }

            WriteAlgorithm(writer);
            writer.WriteBitString(new byte[64]);
        }

        byte[] list = writer.Encode();
        Assert.InRange(list.Length, CertificateRevocationList.MaxSize * 9 / 10, CertificateRevocationList.MaxSize);
        return new MemoryStream(list);
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.10045.4.3.2");
        }
    }
}
