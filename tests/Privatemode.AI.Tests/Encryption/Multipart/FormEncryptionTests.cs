using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Encryption.Multipart;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.Multipart;

/// <summary>Forms through all their attempts: what leaves, what can no longer leave, and what the last look refuses.</summary>
public sealed class FormEncryptionTests : IDisposable
{
    private static readonly byte[] SecretId = "c2VjcmV0+/A="u8.ToArray();
    private static readonly ClearNames Plain = new("model");

    private const int LargeSize = ContentArrays.MaxRetained + 12_345;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(FieldCipher.KeySize);
    private readonly byte[] _audio = RandomNumberGenerator.GetBytes(200_001);
    private readonly InPlaceBuffer _bytes;
    private readonly FormIndex _form;

    public FormEncryptionTests()
    {
        PooledBytes body = PooledBytes.Copy(Encoding.UTF8.GetBytes(
            "--in\r\nContent-Disposition: form-data; name=model\r\n\r\nm\r\n--in\r\nContent-Disposition: form-data; name=prompt\r\n\r\nsecret words\r\n"
            + "--in\r\nContent-Disposition: form-data; name=file; filename=patient.wav\r\n\r\n"));
        body.Append(_audio);
        body.Append("\r\n--in--\r\n"u8);
        _bytes = new InPlaceBuffer(body);
        Assert.Equal(FormShape.Usable, FormIndex.Read(body.Span, "in", out _form));
    }

    public void Dispose() => _bytes.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Encrypt_AttemptAfterAttempt_EachOpensToTheSame(bool async)
    {
        HashSet<string> wires = [];
        for (int i = 0; i < 3; i++)
        {
            using BodyExchange exchange = Begin();
            using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
            using MemoryStream wire = new();
            if (async)
            {
                await body.WriteToAsync(wire, CancellationToken.None);
            }
            else
            {
                body.WriteTo(wire);
            }

            string text = Encoding.Latin1.GetString(wire.ToArray());
            Assert.Equal(body.Length, wire.Length);
            Assert.DoesNotContain("patient", text, StringComparison.Ordinal);
            Assert.Equal("secret words", NaivePeer.Open(ValueOf(text, "prompt"), _key, 0));
            Assert.Equal(_audio, NaivePeer.OpenBytes(ValueOf(text, "file"), _key, 1));
            Assert.True(wires.Add(text));
        }
    }

    [Fact]
    public void WriteTo_TwiceInOneAttempt_IsTheSame()
    {
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        Assert.Equal(Write(body), Write(body));
    }

    [Fact]
    public void WriteTo_WhenTheNextAttemptWasEncrypted_WritesNothingMore()
    {
        // The answer came early, the transport still writes, and the plaintext is put back for the next attempt meanwhile.
        using BodyExchange first = Begin();
        using EncryptedBody old = first.EncryptForm(_bytes, _form, Plain);
        using BodyExchange second = Begin();
        EncryptedBody? next = null;
        using MeddlingStream wire = new(() => next ??= second.EncryptForm(_bytes, _form, Plain));
        Assert.Throws<ObjectDisposedException>(() => old.WriteTo(wire));
        next!.Dispose();
        Assert.InRange(wire.Length, 1, 1000);
        Assert.Throws<ObjectDisposedException>(() => Write(old));
        Assert.False(first.IsEncrypted(old, BodyKind.Form, MayBePlain));
    }

    [Fact]
    public void WriteTo_WhenTheCallIsOver_GoesOnToTheEnd()
    {
        // A stream of the answer may begin before the last byte of the request was written; the buffer stays until then.
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        using MeddlingStream wire = new(_bytes.Dispose);
        body.WriteTo(wire);
        Assert.Equal(body.Length, wire.Length);
        Assert.Throws<ObjectDisposedException>(() => body.WriteTo(wire));
    }

    [Fact]
    public void Unseal_AfterAnAttempt_PutsThePlaintextBackAndWipesTheKey()
    {
        byte[] plaintext = _bytes.Span.ToArray();
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        InPlaceEncryption seal = _bytes.Field<InPlaceEncryption>("_encryption");
        Assert.NotEqual(plaintext, _bytes.Span.ToArray());
        _bytes.Decrypt();
        Assert.Equal(plaintext, _bytes.Span.ToArray());
        Assert.False(_bytes.IsEncryptedBy(seal));
        Assert.Throws<ObjectDisposedException>(() => seal.Add(new byte[1], new ValueRange(0, 1), 0, new byte[FieldCipher.IvSize]));

        // Whoever still writes gets no further: there is plaintext now.
        Assert.Throws<ObjectDisposedException>(() => Write(body));
    }

    [Fact]
    public void Unseal_AfterTheCall_DoesNothing()
    {
        using BodyExchange exchange = Begin();
        EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        _bytes.Dispose();
        _bytes.Decrypt();
        body.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Write(body));
    }

    [Fact]
    public void IsEncrypted_WhatWasEncrypted_IsTrueUnderItsSecretOnly()
    {
        using BodyExchange exchange = Begin();
        using BodyExchange other = new BodyExchange(AesGcmKey.Import(_key), "b3RoZXI="u8.ToArray());
        using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        Assert.True(exchange.IsEncrypted(body, BodyKind.Form, MayBePlain));
        Assert.False(exchange.IsEncrypted(body, BodyKind.Form, (_, _) => false));
        Assert.False(other.IsEncrypted(body, BodyKind.Form, MayBePlain));
        Assert.False(exchange.IsEncrypted(body, BodyKind.Json, MayBePlain));
        Assert.False(exchange.IsEncrypted(body, BodyKind.Whole, MayBePlain));
    }

    [Fact]
    public void IsEncrypted_AnyChangeOfTheText_IsFalse()
    {
        using ExchangeCipher cipher = AesGcmKey.Import(_key).NewExchange(SecretId);
        using SegmentedBody body = FormEncryptor.Encrypt(_bytes, _form, Plain, cipher, FormBoundary.New());
        string text = Encoding.Latin1.GetString(body.Text);
        (string From, string To)[] changes =
        [
            ("name=\"prompt\"", "name=\"prompt\"; x=\"leak\""),
            ("filename=\"file\"", "filename=\"patient.wav\""),
            ("application/octet-stream", "audio/x-leak"),

            // Of the same length, so that the ciphertext stays where it is.
            ("filename=\"file\"", "filename=\"leak\""),
            ("application/octet-stream", "application/secret-words"),
            ("\r\n\r\nm\r\n", "\r\n\r\nsome prompt\r\n"),
            ("name=\"prompt\"", "name=\"model\""),
            ("--\r\n", "--\r\nleak"),
        ];
        foreach ((string from, string to) in changes)
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            Assert.False(IsSealed(text.Replace(from, to, StringComparison.Ordinal), body.Gaps, body.ContentType), to);
        }

        Assert.True(IsSealed(text, body.Gaps, body.ContentType));
        Assert.False(IsSealed(text, [], body.ContentType));
        Assert.False(IsSealed(text, [.. body.Gaps.Select(gap => gap with { At = gap.At - 1 })], body.ContentType));
        Assert.False(IsSealed(text, [.. body.Gaps, body.Gaps[0]], body.ContentType));
        Assert.False(IsSealed(text, [body.Gaps[0] with { Value = new ValueRange(0, 5) }, body.Gaps[1]], body.ContentType));
        Assert.False(IsSealed(text, body.Gaps, body.ContentType + "; charset=leak"));
        Assert.False(IsSealed(text, body.Gaps, "multipart/form-data; boundary=other"));

        bool IsSealed(string changed, IReadOnlyList<SegmentedBody.Gap> gaps, string contentType)
        {
            // Disposing the copy would end the attempt.
            using PooledBytes copied = PooledBytes.Copy(Encoding.Latin1.GetBytes(changed));
            InPlaceEncryption encryption = _bytes.Field<InPlaceEncryption>("_encryption");
            return EncryptedFormCheck.IsEncrypted(new SegmentedBody(copied, gaps, _bytes, encryption, contentType), SecretId, MayBePlain);
        }
    }

    [Fact]
    public void SealWhole_Body_IsOneValueWithQuotes()
    {
        using BodyExchange exchange = Begin();
        byte[] plaintext = _bytes.Span.ToArray();
        using EncryptedBody body = exchange.EncryptWhole(_bytes, "multipart/form-data; boundary=abc123");
        byte[] wire = Write(body);
        Assert.Equal(plaintext, NaivePeer.OpenBytes(Encoding.ASCII.GetString(wire), _key, 0));
        Assert.Equal(body.Length, wire.Length);
        Assert.True(exchange.IsEncrypted(body, BodyKind.Whole, MayBePlain));
        Assert.False(exchange.IsEncrypted(body, BodyKind.Form, MayBePlain));
        using BodyExchange next = Begin();
        using EncryptedBody again = next.EncryptWhole(_bytes, "multipart/form-data; boundary=\"a leak\"");
        Assert.False(next.IsEncrypted(again, BodyKind.Whole, MayBePlain));
        Assert.Equal(plaintext, NaivePeer.OpenBytes(Encoding.ASCII.GetString(Write(again)), _key, 0));
    }

    [Fact]
    public void IsEncrypted_WholeBodyThatIsNoLongerCiphertext_IsFalse()
    {
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptWhole(_bytes, "multipart/form-data; boundary=abc123");
        Assert.True(exchange.IsEncrypted(body, BodyKind.Whole, MayBePlain));
        _bytes.Decrypt();
        Assert.False(exchange.IsEncrypted(body, BodyKind.Whole, MayBePlain));
    }

    [Fact]
    public void IsEncrypted_WholeBodyWithItsGapElsewhere_IsFalse()
    {
        using ExchangeCipher cipher = AesGcmKey.Import(_key).NewExchange(SecretId);
        using SegmentedBody body = OpaqueEncryptor.Encrypt(_bytes, "application/octet-stream", cipher);
        InPlaceEncryption encryption = _bytes.Field<InPlaceEncryption>("_encryption");
        Assert.True(IsEncrypted([body.Gaps[0]]));
        Assert.False(IsEncrypted([body.Gaps[0] with { At = body.Gaps[0].At - 1 }]));
        Assert.False(IsEncrypted([body.Gaps[0], body.Gaps[0]]));
        Assert.False(IsEncrypted([]));

        bool IsEncrypted(SegmentedBody.Gap[] gaps) =>
            OpaqueEncryptor.IsEncrypted(new SegmentedBody(PooledBytes.Copy(body.Text), gaps, _bytes, encryption, body.ContentType), SecretId);
    }

    // Else bytes behind an encrypted range, which are plaintext, could be written.
    [Fact]
    public void Covers_PartsInsideAnEncryptedRangeOnly()
    {
        using ExchangeCipher cipher = AesGcmKey.Import(_key).NewExchange(SecretId);
        byte[] buffer = new byte[100];
        using InPlaceEncryption encryption = cipher.EncryptInPlace(buffer, [new ValueRange(10, 20), new ValueRange(40, 5)]);
        (int Start, int Length)[] inside = [(10, 20), (10, 0), (30, 0), (11, 19), (29, 1), (15, 5), (40, 5), (44, 1)];
        (int Start, int Length)[] outside = [(9, 1), (9, 20), (10, 21), (11, 20), (29, 2), (30, 1), (31, 0), (10, 35), (40, 6), (45, 1), (0, 100)];
        Assert.All(inside, part => Assert.True(encryption.Covers(new ValueRange(part.Start, part.Length)), $"{part}"));
        Assert.All(outside, part => Assert.False(encryption.Covers(new ValueRange(part.Start, part.Length)), $"{part}"));

        // From then on it is all plaintext.
        encryption.Reclaim(buffer);
        Assert.Equal(new byte[100], buffer);
        Assert.All(inside, part => Assert.False(encryption.Covers(new ValueRange(part.Start, part.Length)), $"{part}"));
    }

    [Fact]
    public void Unseal_CiphertextWasChanged_Throws()
    {
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        _bytes.Span[_bytes.Span.Length / 2] ^= 1;
        Assert.Throws<InvalidOperationException>(_bytes.Decrypt);
        Assert.Throws<ObjectDisposedException>(() => Write(body));
    }

    [Fact]
    public void Dispose_Encrypted_WipesTheBufferAndTheKey()
    {
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        InPlaceEncryption encryption = _bytes.Field<InPlaceEncryption>("_encryption");
        _bytes.Dispose();

        // A buffer that was returned cannot be read, and is wiped.
        Assert.Throws<ObjectDisposedException>(() => _bytes.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => encryption.Add(new byte[1], new ValueRange(0, 1), 0, new byte[FieldCipher.IvSize]));
        Assert.Throws<ObjectDisposedException>(() => Begin().EncryptForm(_bytes, _form, Plain));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_EncryptedOrDecryptedAgain_LeavesNoPlaintext(bool decrypts)
    {
        using InPlaceBuffer bytes = NewLargeForm(out FormIndex form);
        byte[] plaintext = bytes.Span.ToArray();
        Span<byte> buffer = bytes.Span;
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptForm(bytes, form, Plain);
        if (decrypts)
        {
            bytes.Decrypt();
        }

        Assert.Equal(decrypts, buffer.SequenceEqual(plaintext));
        bytes.Dispose();
        AssertHasNone(buffer, plaintext);
    }

    // Ranges that overlap cannot be told from the plaintext around them.
    [Fact]
    public void Dispose_WipingAroundTheCiphertextFails_WipesAllAndTheKey()
    {
        byte[] plaintext = RandomNumberGenerator.GetBytes(LargeSize);
        InPlaceBuffer bytes = new(PooledBytes.Copy(plaintext));
        Span<byte> buffer = bytes.Span;
        using ExchangeCipher cipher = AesGcmKey.Import(_key).NewExchange(SecretId);
        InPlaceEncryption encryption = bytes.Encrypt(cipher, [new ValueRange(1000, 1000), new ValueRange(1500, 1000)]);
        Assert.ThrowsAny<ArgumentException>(bytes.Dispose);
        AssertHasNone(buffer, plaintext);
        Assert.Throws<ObjectDisposedException>(() => encryption.Add(new byte[1], new ValueRange(0, 1), 0, new byte[FieldCipher.IvSize]));
        Assert.Throws<ObjectDisposedException>(bytes.Acquire);
    }

    [Theory]
    [InlineData("name=prompt", "name=prompt")]
    [InlineData("name=prompt; filename=f", "name=prompt")]
    [InlineData("name=model; filename=f", "name=prompt")]
    public void EncryptForm_RepeatedNameOrFileInAClearField_Throws(string first, string second)
    {
        using PooledBytes body = PooledBytes.Copy(Encoding.UTF8.GetBytes(
            $"--in\r\nContent-Disposition: form-data; {first}\r\n\r\na\r\n--in\r\nContent-Disposition: form-data; {second}\r\n\r\nb\r\n--in--\r\n"));
        using InPlaceBuffer bytes = new(body);
        Assert.Equal(FormShape.Usable, FormIndex.Read(body.Span, "in", out FormIndex form));
        using BodyExchange exchange = Begin();
        Assert.Throws<InvalidOperationException>(() => exchange.EncryptForm(bytes, form, Plain));
    }

    [Fact]
    public void Dispose_TwiceWhileItIsWritten_WritesToTheEnd()
    {
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        using MeddlingStream wire = new(() =>
        {
            _bytes.Dispose();
            _bytes.Dispose();
        });
        body.WriteTo(wire);
        Assert.Equal(body.Length, wire.Length);
    }

    [Fact]
    public async Task WriteToAsync_CallerBlocksItsContext_Ends()
    {
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        using PendingStream wire = new();
        await wire.AssertEndsWithoutTheContextAsync(() => body.WriteToAsync(wire, CancellationToken.None));
        Assert.Equal(body.Length, wire.Length);
    }

    [Fact]
    public void SealForm_MoreThanOnceInOneExchange_Throws()
    {
        using BodyExchange exchange = Begin();
        using EncryptedBody body = exchange.EncryptForm(_bytes, _form, Plain);
        Assert.Throws<InvalidOperationException>(() => exchange.EncryptForm(_bytes, _form, Plain));
        using BodyExchange next = Begin();
        using EncryptedBody again = next.EncryptForm(_bytes, _form, Plain);
        Assert.Equal(_audio, NaivePeer.OpenBytes(ValueOf(Encoding.Latin1.GetString(Write(again)), "file"), _key, 1));
    }

    private static bool MayBePlain(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Plain.Contains(name) && value.SequenceEqual("m"u8);

    private static string ValueOf(string wire, string name)
    {
        int at = wire.IndexOf("\r\n\r\n", wire.IndexOf($"name=\"{name}\"", StringComparison.Ordinal), StringComparison.Ordinal) + 4;
        return wire[at..wire.IndexOf("\r\n--", at, StringComparison.Ordinal)];
    }

    private static byte[] Write(EncryptedBody body)
    {
        using MemoryStream wire = new();
        body.WriteTo(wire);
        return wire.ToArray();
    }

    /// <summary>A form whose array the shared pool does not take: other tests could write to it while this one looks for plaintext.</summary>
    private static InPlaceBuffer NewLargeForm(out FormIndex form)
    {
        PooledBytes body = PooledBytes.Copy(Encoding.UTF8.GetBytes(
            $"--in\r\nContent-Disposition: form-data; name=model\r\n\r\n{RandomNumberGenerator.GetHexString(2000)}\r\n"
            + "--in\r\nContent-Disposition: form-data; name=file; filename=patient.wav\r\n\r\n"));
        body.Append(RandomNumberGenerator.GetBytes(LargeSize));
        body.Append("\r\n--in--\r\n"u8);
        Assert.Equal(FormShape.Usable, FormIndex.Read(body.Span, "in", out form));
        return new InPlaceBuffer(body);
    }

    private static void AssertHasNone(ReadOnlySpan<byte> buffer, byte[] plaintext)
    {
        for (int i = 0; i + 8 <= plaintext.Length; i += 8)
        {
            Assert.False(buffer.Slice(i, 8).SequenceEqual(plaintext.AsSpan(i, 8)), $"the plaintext at {i}");
        }
    }

    private BodyExchange Begin() => new BodyExchange(AesGcmKey.Import(_key), SecretId);

    /// <summary>Does something in the middle of the first write.</summary>
    private sealed class MeddlingStream(Action meddle) : MemoryStream
    {
        private Action? _meddle = meddle;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            base.Write(buffer);
            Interlocked.Exchange(ref _meddle, null)?.Invoke();
        }
    }
}
