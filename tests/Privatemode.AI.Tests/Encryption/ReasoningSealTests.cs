using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>The encrypted reasoning that callers keep between two requests.</summary>
public sealed class ReasoningSealTests
{
    private const string Text = "First, look at the weather in Berlin.";
    private static readonly byte[] Key = [.. Enumerable.Range(0, ReasoningSeal.KeySize).Select(i => (byte)i)];
    private static readonly byte[] Context = ContextOf("key-1", null);

    [Fact]
    public void Blob_OfEveryVector_IsWrittenAndReadExactly()
    {
        JsonElement[] cases = [.. VectorFiles.Own("responses/reasoning-blobs.json").GetProperty("cases").EnumerateArray()];
        Assert.Equal(5, cases.Length);
        foreach (JsonElement vector in cases)
        {
            using ReasoningSeal seal = new(Convert.FromHexString(vector.Text("key")));
            byte[] context = ContextOf(vector.Text("apiKey"), vector.GetProperty("caller").GetString());
            byte[] text = Encoding.UTF8.GetBytes(vector.Text("text"));
            byte[] blob = seal.Seal(text, context, Convert.FromHexString(vector.Text("salt")));
            Assert.Equal(vector.Text("blob"), Encoding.ASCII.GetString(blob));
            Assert.Equal(vector.Text("text"), Open(seal, blob, context));
        }
    }

    [Fact]
    public void Blob_OfOneText_IsAnotherEachTime()
    {
        using ReasoningSeal seal = new(Key);
        byte[][] blobs = [.. Enumerable.Range(0, 20).Select(_ => seal.Seal(Encoding.UTF8.GetBytes(Text), Context))];
        Assert.Equal(20, blobs.Select(Convert.ToHexString).Distinct().Count());
        Assert.All(blobs, blob => Assert.Equal(Text, Open(seal, blob, Context)));
    }

    [Fact]
    public void Blob_OfTheSameKey_IsReadByAnotherInstance()
    {
        using ReasoningSeal first = new(Key);
        using ReasoningSeal second = new(Key);
        Assert.Equal(Text, Open(second, first.Seal(Encoding.UTF8.GetBytes(Text), Context), Context));
    }

    [Fact]
    public void Blob_OfARandomKey_IsReadByThatInstanceAlone()
    {
        using ReasoningSeal first = new([]);
        using ReasoningSeal second = new([]);
        byte[] blob = first.Seal(Encoding.UTF8.GetBytes(Text), Context);
        Assert.Equal(Text, Open(first, blob, Context));
        Assert.Null(Open(second, blob, Context));
    }

    [Fact]
    public void Blob_OfAnotherApiKeyOrCaller_IsForeign()
    {
        using ReasoningSeal seal = new(Key);
        byte[] blob = seal.Seal(Encoding.UTF8.GetBytes(Text), Context);
        Assert.Null(Open(seal, blob, ContextOf("key-2", null)));
        Assert.Null(Open(seal, blob, ContextOf("key-1", "anna")));
        blob = seal.Seal(Encoding.UTF8.GetBytes(Text), ContextOf("key-1", "anna"));
        Assert.Null(Open(seal, blob, ContextOf("key-1", "bert")));
        Assert.Null(Open(seal, blob, Context));
    }

    [Fact]
    public void Blob_WithAnyCharacterChanged_IsForeign()
    {
        using ReasoningSeal seal = new(Key);
        byte[] blob = seal.Seal(Encoding.UTF8.GetBytes(Text), Context);
        for (int i = 0; i < blob.Length; i++)
        {
            foreach (byte other in "Aa0-_=.+/ \n"u8.ToArray().Append((byte)(blob[i] ^ 1)).Append((byte)(blob[i] ^ 0x20)).Where(other => other != blob[i]))
            {
                Assert.Null(Open(seal, [.. blob[..i], other, .. blob[(i + 1)..]], Context));
            }
        }
    }

    [Fact]
    public void Blob_WithABitOfTheLastCharacterThatMeansNothing_IsForeign()
    {
        using ReasoningSeal seal = new(Key);
        // 53 bytes leave four bits of the last of 71 characters unused, 54 bytes none, 55 bytes two.
        foreach (int length in (int[])[0, 1, 2])
        {
            byte[] blob = seal.Seal(new byte[length], Context);
            const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            foreach (char last in Alphabet.Where(last => last != (char)blob[^1]))
            {
                Assert.Null(Open(seal, [.. blob[..^1], (byte)last], Context));
            }
        }
    }

    [Fact]
    public void Blob_CutOffOrContinued_IsForeign()
    {
        using ReasoningSeal seal = new(Key);
        byte[] blob = seal.Seal(Encoding.UTF8.GetBytes(Text), Context);
        for (int length = 0; length < blob.Length; length++)
        {
            Assert.Null(Open(seal, blob[..length], Context));
        }

        foreach (string more in (string[])["=", "==", "A", "AAAA", " ", "\n"])
        {
            Assert.Null(Open(seal, [.. blob, .. Encoding.ASCII.GetBytes(more)], Context));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("pmr1.")]
    [InlineData("gAAAAABotherServicesHaveBlobsToo")]
    public void Blob_OfSomethingElse_IsForeign(string blob)
    {
        using ReasoningSeal seal = new(Key);
        Assert.Null(Open(seal, Encoding.UTF8.GetBytes(blob), Context));
    }

    [Fact]
    public void Blob_OfAnotherPrefixOrVersion_IsForeign()
    {
        using ReasoningSeal seal = new(Key);
        byte[] blob = seal.Seal(Encoding.UTF8.GetBytes(Text), Context);
        Assert.Null(Open(seal, [.. "PMR1."u8, .. blob[5..]], Context));
        Assert.Null(Open(seal, [.. "pmr2."u8, .. blob[5..]], Context));

        // The version is the first byte, that is the first character and half of the second.
        Assert.Equal((byte)'A', blob[5]);
        Assert.Equal((byte)'S', blob[6]);
        Assert.Null(Open(seal, [.. blob[..6], (byte)'i', .. blob[7..]], Context));
    }

    [Fact]
    public void Blob_LongerThanTheLimit_IsForeign()
    {
        using ReasoningSeal seal = new(Key);
        Assert.NotNull(Open(seal, seal.Seal(new byte[ReasoningSeal.MaxTextSize], Context), Context));
        Assert.Null(Open(seal, seal.Seal(new byte[ReasoningSeal.MaxTextSize + 1], Context), Context));
    }

    [Fact]
    public void Text_OfAForeignBlob_LeavesTheTargetUnchanged()
    {
        using ReasoningSeal seal = new(Key);
        using PooledBytes target = PooledBytes.Copy("before"u8);
        byte[] blob = seal.Seal(Encoding.UTF8.GetBytes(Text), Context);
        Assert.False(seal.TryOpen(blob, ContextOf("key-2", null), target));
        Assert.Equal("before"u8, target.Span);
        Assert.True(seal.TryOpen(blob, Context, target));
        Assert.Equal("before" + Text, Encoding.UTF8.GetString(target.Span));
    }

    [Fact]
    public void Dispose_EndsBothUses()
    {
        ReasoningSeal seal = new(Key);
        byte[] blob = seal.Seal(Encoding.UTF8.GetBytes(Text), Context);
        seal.Dispose();
        seal.Dispose();
        Assert.Throws<ObjectDisposedException>(() => seal.Seal(Encoding.UTF8.GetBytes(Text), Context));
        Assert.Throws<ObjectDisposedException>(() => Open(seal, blob, Context));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(33)]
    public void Key_OfAnotherLength_IsRefused(int length) => Assert.Throws<ArgumentOutOfRangeException>(() => new ReasoningSeal(new byte[length]));

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    [InlineData(65)]
    public void Context_OfAnotherLength_IsRefused(int length)
    {
        using ReasoningSeal seal = new(Key);
        Assert.Throws<ArgumentOutOfRangeException>(() => seal.Seal([], new byte[length]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Open(seal, "pmr1."u8.ToArray(), new byte[length]));
    }

    private static byte[] ContextOf(string apiKey, string? caller) =>
        [.. ApiKeyDigest.Of(apiKey), .. caller is null ? new byte[SHA256.HashSizeInBytes] : SHA256.HashData(Encoding.UTF8.GetBytes(caller))];

    private static string? Open(ReasoningSeal seal, byte[] blob, byte[] context)
    {
        using PooledBytes text = new(16);
        return seal.TryOpen(blob, context, text) ? Encoding.UTF8.GetString(text.Span) : text.Length == 0 ? null : throw new InvalidOperationException();
    }
}
