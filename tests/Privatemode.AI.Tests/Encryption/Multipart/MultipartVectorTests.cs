using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Encryption.Multipart;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Encryption.Multipart;

/// <summary>vectors/protocol/multipart.json.</summary>
public sealed class MultipartVectorTests
{
    // The reference drops all but the first of repeated fields and sends a file under a plain name in the clear; we send neither.
    private static readonly HashSet<string> RefusedHere =
        ["repeated field: only the first value survives", "file under the name of a plain field"];

    private static readonly ClearNames Plain = new("model", "stream", "stream_include_usage", "stream_continuous_usage_stats");

    private readonly JsonElement _file = VectorFiles.Protocol("multipart.json");

    [Fact]
    public void Encrypt_AllCases_GiveTheBodyOfTheReference()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("cases"))
        {
            log.Run(vector.Text("name"), () => Check(vector));
        }

        log.AssertAllPassed(11);
    }

    private void Check(JsonElement vector)
    {
        using InPlaceBuffer bytes = new(PooledBytes.Copy(InputOf(vector)));
        Assert.Equal(FormShape.Usable, FormIndex.Read(bytes.Span, "in-boundary", out FormIndex form));
        Assert.Equal(
            vector.Items("input_parts").Select(part => (part.Text("name"), part.TryGetProperty("filename", out _))),
            form.Parts.Select(part => (Encoding.UTF8.GetString(part.Name), part.IsFile)));
        using AesGcmKey key = AesGcmKey.Import(_file.Hex("secret_hex"));
        using ExchangeCipher cipher = new(key, Encoding.UTF8.GetBytes(_file.Text("secret_id")), _file.Hex("nonce_hex"));
        string contentType = vector.Text("output_content_type");
        Assert.True(FormBoundary.TryRead(contentType, out string boundary));
        if (RefusedHere.Contains(vector.Text("name")))
        {
            Assert.Throws<InvalidOperationException>(() => FormEncryptor.Encrypt(bytes, form, Plain, cipher, boundary));
            return;
        }

        using SegmentedBody body = FormEncryptor.Encrypt(bytes, form, Plain, cipher, boundary);
        using MemoryStream wire = new();
        body.WriteTo(wire);
        ulong[] numbers = KnownAnswer.AssertSame(
            vector.Text("output_body"), Encoding.UTF8.GetString(wire.ToArray()), key, _file.Hex("nonce_hex"));
        Assert.Equal(vector.Items("ivs_hex").Count(), numbers.Length);
        Assert.Equal((contentType, wire.Length), (body.ContentType, body.Length));
        Assert.True(EncryptedFormCheck.IsEncrypted(body, Encoding.UTF8.GetBytes(_file.Text("secret_id")), (name, _) => Plain.Contains(name)));
    }

    /// <summary>The text of the body, with the value of a binary part put in where the file could only show replacement characters.</summary>
    private static byte[] InputOf(JsonElement vector)
    {
        List<byte> body = [];
        foreach (JsonElement part in vector.Items("input_parts"))
        {
            string text = vector.Text("input_body");
            int at = text.IndexOf($"name=\"{part.Text("name")}\"", StringComparison.Ordinal);
            int head = text.LastIndexOf("--in-boundary", at, StringComparison.Ordinal);
            int end = text.IndexOf("\r\n\r\n", at, StringComparison.Ordinal) + 4;
            body.AddRange(Encoding.UTF8.GetBytes(text[head..end]));
            body.AddRange(part.TryGetProperty("value_b64", out JsonElement binary)
                ? binary.GetBytesFromBase64()
                : Encoding.UTF8.GetBytes(part.Text("value")));
            body.AddRange("\r\n"u8);
        }

        body.AddRange("--in-boundary--\r\n"u8);
        byte[] made = [.. body];
        if (!vector.Text("input_body").Contains('\uFFFD', StringComparison.Ordinal))
        {
            Assert.Equal(vector.Text("input_body"), Encoding.UTF8.GetString(made));
        }

        return made;
    }
}
