using System.Runtime.Intrinsics.X86;
using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Privatemode.AI.Encryption;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption;

public sealed partial class EncryptedValueTests
{
    private const string Id = "c2VjcmV0LWlk+/A=";

    // Characters that matter to a reader of sealed values, and a few that do not.
    private static readonly Gen<string> Piece = Gen.Elements(
        "\"", ":", "\\", "\\u003a", "a", "f", "0", "9", "A", "F", "g", " ", "+", "=", "é", "00", "");

    private static readonly Gen<(int At, int Cut, string Piece)> Edit =
        from at in Gen.Choose(0, 300)
        from cut in Gen.Choose(0, 3)
        from piece in Piece
        select (at, cut, piece);

    /// <summary>Valid sealed values, and what becomes of them when a few places are overwritten, cut out or added to.</summary>
    private static readonly Gen<string> Texts =
        from plaintextLength in Gen.Choose(0, 3)
        from edits in Edit.ListOf().Resize(3)
        select edits.Aggregate(Sealed(plaintextLength), (text, edit) => Edited(text, edit.At, edit.Cut, edit.Piece));

    [Fact]
    public void IsEncryptedWith_AnyText_IsTrueForTheFormSealWritesOnly() => Properties.Hold(
        Texts, text => Assert.Equal(WrittenForm().IsMatch(text), IsSealed(text, Id)), 20_000);

    [Fact]
    public void TryParse_AnyText_TakesWhatTheProtocolTakesOnly() => Properties.Hold(
        Texts, text => Assert.Equal(ReadForm().IsMatch(text), IsReadable(Encoding.UTF8.GetBytes(text))), 20_000);

    [Fact]
    public void IsEncryptedWith_WhatSealWrites_IsTrueForItsOwnIdOnly()
    {
        foreach (int length in (int[])[0, 1, 2, 300, 5000])
        {
            string text = Sealed(length);
            Assert.True(IsSealed(text, Id));
            Assert.False(IsSealed(text, "c2VjcmV0LWlk+/B="));
            Assert.False(IsSealed(text, Id[..^1]));
            Assert.False(IsSealed(text, Id + "="));
            Assert.False(IsSealed(text, ""));
        }
    }

    [Fact]
    public void IsEncryptedWith_AnyCharacterReplaced_IsFalse()
    {
        string text = Sealed(2);
        for (int i = 0; i < text.Length; i++)
        {
            Assert.False(IsSealed(Edited(text, i, 1, "g"), Id), $"character {i}");
        }
    }

    [Theory]
    [InlineData("a\\u003ab", "nonce")]
    [InlineData("a\\\"", "nonce")]
    [InlineData("a\\/b", "nonce")]
    [InlineData("id", "non\\u0063e")]
    [InlineData("a\"", "nonce")]
    public void TryParse_EscapesBeforeTheCiphertext_AreRefused(string id, string nonce)
    {
        string rest = $"{new string('0', 24)}:{new string('0', 32)}\"";
        Assert.False(IsReadable(Encoding.UTF8.GetBytes($"\"{id}:{nonce}:{rest}")));
        Assert.True(IsReadable(Encoding.UTF8.GetBytes($"\"id:nonce:{rest}")));
        Assert.True(IsReadable(Encoding.UTF8.GetBytes($"\"::{rest}")));
    }

    [Fact]
    public void EncodedLength_TooLargeForAnArray_Throws() =>
        Assert.Throws<OverflowException>(() => EncryptedValue.EncodedLength(44, int.MaxValue / 2));

    [Fact]
    public void WriteHex_DestinationTooShort_Throws() => Assert.Throws<ArgumentException>(() => EncryptedValue.WriteHex("ab"u8, new byte[3]));

    [Fact]
    public void WriteHex_AnyLength_IsThePlatformsHex() => AssertIsThePlatformsHex(
        (from, to) => EncryptedValue.WriteHex(from, to) / 2, length => length);

    [FactWhere(nameof(Avx2))]
    public void Write256_AnyLength_IsThePlatformsHexOfWholeVectors() => AssertIsThePlatformsHex(
        (from, to) => HexVectors.Write256(from, to), length => length / 16 * 16);

    [FactWhere(nameof(Avx512BW))]
    public void Write512_AnyLength_IsThePlatformsHexOfWholeVectors() => AssertIsThePlatformsHex(
        (from, to) => HexVectors.Write512(from, to), length => length / 32 * 32);

    [Fact]
    public void WriteHex_LongDestinationTooShort_Throws() =>
        Assert.Throws<ArgumentException>(() => EncryptedValue.WriteHex(new byte[200], new byte[399]));

    [Fact]
    public void TryReadHex_OtherLengthThanTheDestination_IsRefused()
    {
        Assert.True(EncryptedValue.TryReadHex("00fF"u8, new byte[2]));
        Assert.False(EncryptedValue.TryReadHex("00ff"u8, new byte[1]));
        Assert.False(EncryptedValue.TryReadHex("00ff"u8, new byte[3]));
        Assert.False(EncryptedValue.TryReadHex("00f"u8, new byte[1]));
        Assert.False(EncryptedValue.TryReadHex("00fg"u8, new byte[2]));
    }

    /// <param name="write">Writes the digits of as many bytes as it can, and returns their number.</param>
    /// <param name="most">The number of bytes, of this many, that it must write.</param>
    private static void AssertIsThePlatformsHex(Func<byte[], byte[], int> write, Func<int, int> most)
    {
        byte[] bytes = [.. Enumerable.Range(0, 300).Select(i => (byte)(i * 7))];
        for (int length = 0; length <= bytes.Length; length++)
        {
            // One byte more than the digits take, which stays.
            byte[] digits = new byte[2 * length + 1];
            int done = write(bytes[..length], digits);
            Assert.Equal(most(length), done);
            Assert.Equal(0, digits[^1]);
            Assert.Equal(Convert.ToHexStringLower(bytes, 0, done), Encoding.ASCII.GetString(digits, 0, 2 * done));
        }
    }

    private static bool IsSealed(string text, string id) => EncryptedValue.IsEncryptedWith(Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(id));

    private static bool IsReadable(byte[] text)
    {
        int head = EncryptedValue.FindCiphertext(text);
        return head >= 0 && EncryptedValue.TryReadIv(text, head, new byte[FieldCipher.IvSize])
            && EncryptedValue.TryReadHex(text.AsSpan(head..^1), new byte[(text.Length - 1 - head) / 2]);
    }

    private static string Sealed(int plaintextLength)
    {
        using ExchangeCipher cipher = AesGcmKey.Import(new byte[FieldCipher.KeySize]).NewExchange(Encoding.UTF8.GetBytes(Id));
        byte[] text = new byte[cipher.EncryptedLength(plaintextLength)];
        cipher.Encrypt(new byte[plaintextLength], text);
        return Encoding.UTF8.GetString(text);
    }

    private static string Edited(string text, int at, int cut, string piece)
    {
        at = Math.Min(at, text.Length);
        return text[..at] + piece + text[Math.Min(at + cut, text.Length)..];
    }

    [GeneratedRegex("^\"c2VjcmV0LWlk\\+/A=:[0-9a-f]{24}:[0-9a-f]{24}:(?:[0-9a-f]{2}){16,}\"\\z")]
    private static partial Regex WrittenForm();

    [GeneratedRegex("^\"[^\":\\\\]*:[^\":\\\\]*:[0-9a-fA-F]{24}:(?:[0-9a-fA-F]{2}){16,}\"\\z")]
    private static partial Regex ReadForm();

    /// <summary>A test that is shown as skipped on a processor without these instructions.</summary>
    private sealed class FactWhereAttribute : FactAttribute
    {
        public FactWhereAttribute(string instructions)
        {
            if (!(instructions == nameof(Avx2) ? Avx2.IsSupported : Avx512BW.IsSupported))
            {
                Skip = $"This processor has no {instructions}.";
            }
        }
    }
}
