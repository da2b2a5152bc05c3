using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Tests.Memory;

/// <summary>An authentic answer of any size, in a file: it takes no memory while it is read.</summary>
internal sealed class EncryptedFile
{
    private const int Step = 64 * 1024;

    private readonly FieldCipher _cipher;
    private readonly string _head;
    private ulong _sent;
    private readonly FileStream _file = new(
        Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 0, FileOptions.DeleteOnClose);

    /// <param name="exchange">The client's side of the exchange, of which nothing was sealed yet.</param>
    /// <param name="key">The key it was begun with.</param>
    public EncryptedFile(BodyExchange exchange, byte[] key)
    {
        // "id:nonce:iv:ciphertext": the request tells the nonce of the exchange.
        byte[] request = "{\"a\":1}"u8.ToArray();
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(request));
        using BufferedBody body = exchange.Encrypt(request, index, new ClearNames());
        string[] parts = Encoding.ASCII.GetString(body.Content.Span).Split('"')[3].Split(':');
        _cipher = new FieldCipher(AesGcmKey.Import(key), Convert.FromHexString(parts[1]));
        _head = $"{parts[0]}:{parts[1]}:";
    }

    public EncryptedFile Text(string text)
    {
        _file.Write(Encoding.ASCII.GetBytes(text));
        return this;
    }

    /// <summary>The next encrypted value, in quotes. Values are numbered in the order of their names.</summary>
    /// <param name="length">The most bytes of its plaintext.</param>
    /// <param name="before">What the plaintext begins with.</param>
    /// <param name="repeated">What is repeated in it.</param>
    /// <param name="after">What it ends with.</param>
    public EncryptedFile Value(int length, string before, string repeated, string after)
    {
        byte[] value = new byte[length];
        using RepeatedText text = new(length, before, repeated, after);
        Span<byte> content = value.AsSpan(0, text.ReadAtLeast(value, length, throwOnEndOfStream: false));
        byte[] iv = RandomNumberGenerator.GetBytes(FieldCipher.IvSize);
        byte[] tag = new byte[FieldCipher.TagSize];
        _cipher.EncryptInPlace(_sent++, iv, content, tag);
        _ = Text($"\"{_head}{Convert.ToHexStringLower(iv)}:");
        byte[] hex = new byte[2 * Step];
        for (int at = 0; at < content.Length; at += Step)
        {
            ReadOnlySpan<byte> step = content.Slice(at, Math.Min(Step, content.Length - at));
            Assert.True(Convert.TryToHexStringLower(step, hex, out int written));
            _file.Write(hex, 0, written);
        }

        return Text($"{Convert.ToHexStringLower(tag)}\"");
    }

    public EncryptedFile Value(string plaintext) => Value(plaintext.Length, plaintext, " ", "");

    /// <summary>The answer from its start; the file is gone once it is closed.</summary>
    public Stream Read()
    {
        _cipher.Dispose();
        _file.Position = 0;
        return _file;
    }
}
