using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>The encrypted reasoning that callers keep between two requests.</summary>
public sealed class ReasoningCipherTests
{
    private const string Text = "First, look at the weather in Berlin.";
    private static readonly byte[] Key = [.. Enumerable.Range(0, ReasoningCipher.KeySize).Select(i => (byte)i)];
    private static readonly byte[] Context = ContextOf("key-1", null);

    [Fact]
    public void Blob_OfEveryVector_IsWrittenAndReadExactly()
    {
        JsonElement[] cases = [.. VectorFiles.Own("responses/reasoning-blobs.json").GetProperty("cases").EnumerateArray()];
        Assert.Equal(5, cases.Length);
        foreach (JsonElement vector in cases)
        {
            using ReasoningCipher cipher = new(Convert.FromHexString(vector.Text("key")));
            byte[] context = ContextOf(vector.Text("apiKey"), vector.GetProperty("caller").GetString());
            byte[] text = Encoding.UTF8.GetBytes(vector.Text("text"));
            byte[] blob = cipher.Encrypt(text, context, Convert.FromHexString(vector.Text("salt")));
            Assert.Equal(vector.Text("blob"), Encoding.ASCII.GetString(blob));
            Assert.Equal(vector.Text("text"), Decrypt(cipher, blob, context));
        }
    }

    [Fact]
    public void Blob_OfOneText_IsAnotherEachTime()
    {
        using ReasoningCipher cipher = new(Key);
        byte[][] blobs = [.. Enumerable.Range(0, 20).Select(_ => cipher.Encrypt(Encoding.UTF8.GetBytes(Text), Context))];
        Assert.Equal(20, blobs.Select(Convert.ToHexString).Distinct().Count());
        Assert.All(blobs, blob => Assert.Equal(Text, Decrypt(cipher, blob, Context)));
    }

    [Fact]
    public void Blob_OfTheSameKey_IsReadByAnotherInstance()
    {
        using ReasoningCipher first = new(Key);
        using ReasoningCipher second = new(Key);
        Assert.Equal(Text, Decrypt(second, first.Encrypt(Encoding.UTF8.GetBytes(Text), Context), Context));
    }

    [Fact]
    public void Blob_OfARandomKey_IsReadByThatInstanceAlone()
    {
        using ReasoningCipher first = new([]);
        using ReasoningCipher second = new([]);
        byte[] blob = first.Encrypt(Encoding.UTF8.GetBytes(Text), Context);
        Assert.Equal(Text, Decrypt(first, blob, Context));
        Assert.Null(Decrypt(second, blob, Context));
    }

    [Fact]
    public void Blob_OfAnotherApiKeyOrCaller_IsForeign()
    {
        using ReasoningCipher cipher = new(Key);
        byte[] blob = cipher.Encrypt(Encoding.UTF8.GetBytes(Text), Context);
        Assert.Null(Decrypt(cipher, blob, ContextOf("key-2", null)));
        Assert.Null(Decrypt(cipher, blob, ContextOf("key-1", "anna")));
        blob = cipher.Encrypt(Encoding.UTF8.GetBytes(Text), ContextOf("key-1", "anna"));
        Assert.Null(Decrypt(cipher, blob, ContextOf("key-1", "bert")));
        Assert.Null(Decrypt(cipher, blob, Context));
    }

    [Fact]
    public void Blob_WithAnyCharacterChanged_IsForeign()
    {
        using ReasoningCipher cipher = new(Key);
        byte[] blob = cipher.Encrypt(Encoding.UTF8.GetBytes(Text), Context);
        for (int i = 0; i < blob.Length; i++)
        {
            foreach (byte other in "Aa0-_=.+/ \n"u8.ToArray().Append((byte)(blob[i] ^ 1)).Append((byte)(blob[i] ^ 0x20)).Where(other => other != blob[i]))
            {
                Assert.Null(Decrypt(cipher, [.. blob[..i], other, .. blob[(i + 1)..]], Context));
            }
        }
    }

    [Fact]
    public void Blob_WithABitOfTheLastCharacterThatMeansNothing_IsForeign()
    {
        using ReasoningCipher cipher = new(Key);
        // 53 bytes leave four bits of the last of 71 characters unused, 54 bytes none, 55 bytes two.
        foreach (int length in (int[])[0, 1, 2])
        {
            byte[] blob = cipher.Encrypt(new byte[length], Context);
            const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            foreach (char last in Alphabet.Where(last => last != (char)blob[^1]))
            {
                Assert.Null(Decrypt(cipher, [.. blob[..^1], (byte)last], Context));
            }
        }
    }

    [Fact]
    public void Blob_CutOffOrContinued_IsForeign()
    {
        using ReasoningCipher cipher = new(Key);
        byte[] blob = cipher.Encrypt(Encoding.UTF8.GetBytes(Text), Context);
        for (int length = 0; length < blob.Length; length++)
        {
            Assert.Null(Decrypt(cipher, blob[..length], Context));
        }

        foreach (string more in (string[])["=", "==", "A", "AAAA", " ", "\n"])
        {
            Assert.Null(Decrypt(cipher, [.. blob, .. Encoding.ASCII.GetBytes(more)], Context));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("pmr1.")]
    [InlineData("gAAAAABotherServicesHaveBlobsToo")]
    public void Blob_OfSomethingElse_IsForeign(string blob)
    {
        using ReasoningCipher cipher = new(Key);
        Assert.Null(Decrypt(cipher, Encoding.UTF8.GetBytes(blob), Context));
    }

    [Fact]
    public void Blob_OfAnotherPrefixOrVersion_IsForeign()
    {
        using ReasoningCipher cipher = new(Key);
        byte[] blob = cipher.Encrypt(Encoding.UTF8.GetBytes(Text), Context);
        Assert.Null(Decrypt(cipher, [.. "PMR1."u8, .. blob[5..]], Context));
        Assert.Null(Decrypt(cipher, [.. "pmr2."u8, .. blob[5..]], Context));

        // The version is the first byte, that is the first character and half of the second.
        Assert.Equal((byte)'A', blob[5]);
        Assert.Equal((byte)'S', blob[6]);
        Assert.Null(Decrypt(cipher, [.. blob[..6], (byte)'i', .. blob[7..]], Context));
    }

    [Fact]
    public void Blob_LongerThanTheLimit_IsForeign()
    {
        using ReasoningCipher cipher = new(Key);
        Assert.NotNull(Decrypt(cipher, cipher.Encrypt(new byte[ReasoningCipher.MaxTextSize], Context), Context));
        Assert.Null(Decrypt(cipher, cipher.Encrypt(new byte[ReasoningCipher.MaxTextSize + 1], Context), Context));
    }

    [Fact]
    public void Text_OfAForeignBlob_LeavesTheTargetUnchanged()
    {
        using ReasoningCipher cipher = new(Key);
        using PooledBytes target = PooledBytes.Copy("before"u8);
        byte[] blob = cipher.Encrypt(Encoding.UTF8.GetBytes(Text), Context);
        Assert.False(cipher.TryDecrypt(blob, ContextOf("key-2", null), target));
        Assert.Equal("before"u8, target.Span);
        Assert.True(cipher.TryDecrypt(blob, Context, target));
        Assert.Equal("before" + Text, Encoding.UTF8.GetString(target.Span));
    }

    [Fact]
    public void Dispose_ZeroesTheKeyAndEndsBothUses()
    {
        ReasoningCipher cipher = new(Key);
        byte[] blob = cipher.Encrypt(Encoding.UTF8.GetBytes(Text), Context);
        byte[] key = cipher.Field<byte[]>("_key");
        Assert.Equal(Key, key);
        cipher.Dispose();
        cipher.Dispose();
        Assert.Equal(new byte[ReasoningCipher.KeySize], key);
        Assert.Throws<ObjectDisposedException>(() => cipher.Encrypt(Encoding.UTF8.GetBytes(Text), Context));
        Assert.Throws<ObjectDisposedException>(() => Decrypt(cipher, blob, Context));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(33)]
    public void Key_OfAnotherLength_IsRefused(int length) => Assert.Throws<ArgumentOutOfRangeException>(() => new ReasoningCipher(new byte[length]));

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    [InlineData(65)]
    public void Context_OfAnotherLength_IsRefused(int length)
    {
        using ReasoningCipher cipher = new(Key);
        Assert.Throws<ArgumentOutOfRangeException>(() => cipher.Encrypt([], new byte[length]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Decrypt(cipher, "pmr1."u8.ToArray(), new byte[length]));
    }

    private static byte[] ContextOf(string apiKey, string? caller) =>
        [.. ApiKeyDigest.Of(apiKey), .. caller is null ? new byte[SHA256.HashSizeInBytes] : SHA256.HashData(Encoding.UTF8.GetBytes(caller))];

    private static string? Decrypt(ReasoningCipher cipher, byte[] blob, byte[] context)
    {
        using PooledBytes text = new(16);
        return cipher.TryDecrypt(blob, context, text) ? Encoding.UTF8.GetString(text.Span) : text.Length == 0 ? null : throw new InvalidOperationException();
    }
}
