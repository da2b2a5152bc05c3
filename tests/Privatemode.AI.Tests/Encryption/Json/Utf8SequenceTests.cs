using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.Json;

/// <summary>A text in pieces is the same text wherever it is cut.</summary>
public sealed class Utf8SequenceTests
{
    private static readonly byte[][] Texts =
    [
        "plain"u8.ToArray(),
        "\u00e4\u20ac\U0001F600x\U0010FFFF\u07FF\u0800\uFFFD"u8.ToArray(),
        [.. "a"u8, 0x80, .. "b"u8],
        [0xC3],
        [0xC3, 0x28],
        [0xC0, 0xAF],
        [0xE2, 0x82],
        [0xE2, 0x28, 0xA1],
        [0xED, 0xA0, 0x80],
        [0xE0, 0x80, 0x80],
        [0xF0, 0x9F, 0x98],
        [0xF0, 0x8F, 0xBF, 0xBF],
        [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80],
        [0xF0, 0x9F, 0x98, 0x80, 0x80],
        [.. "\u00e4"u8, 0xFF, .. "\u00e4"u8],
        [0x80, 0x80, 0x80, 0x80, 0x80],
    ];

    public static TheoryData<int> AllTexts => [.. Enumerable.Range(0, Texts.Length)];

    [Theory]
    [MemberData(nameof(AllTexts))]
    public void IsUtf8_CutAnywhere_IsAsOfTheWhole(int number)
    {
        byte[] text = Texts[number];
        foreach (ReadOnlySequence<byte> pieces in Cuts(text))
        {
            Assert.Equal(Utf8.IsValid(text), new Utf8Sequence(pieces).IsUtf8());
        }
    }

    [Fact]
    public void IsUtf8_RandomBytesCutAnywhere_IsAsOfTheWhole()
    {
        // Bytes that begin, go on and end characters, so that valid and nearly valid texts come up often.
        byte[] bytes = [0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xDF, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5];
        Random random = new(1);
        int valid = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] text = random.GetItems(bytes, random.Next(1, 7));
            valid += Utf8.IsValid(text) ? 1 : 0;
            foreach (ReadOnlySequence<byte> pieces in Cuts(text))
            {
                Assert.True(Utf8.IsValid(text) == new Utf8Sequence(pieces).IsUtf8(), Convert.ToHexString(text));
            }
        }

        Assert.InRange(valid, 300, 19_000);
    }

    [Theory]
    [InlineData("00ff7a", true)]
    [InlineData("00ff7A", true)]
    [InlineData("00fg7a", false)]
    [InlineData("0:ff7a", false)]
    [InlineData("00ff7", false)]
    [InlineData("00ff7a00", false)]
    public void TryReadHex_CutAnywhere_IsAsOfTheWhole(string hex, bool isRead)
    {
        byte[] text = Encoding.ASCII.GetBytes(hex);
        byte[] bytes = new byte[3];
        Assert.Equal(isRead, EncryptedValue.TryReadHex((Utf8Sequence)text, bytes));
        foreach (ReadOnlySequence<byte> pieces in Cuts(text))
        {
            byte[] again = new byte[3];
            Assert.Equal(isRead, EncryptedValue.TryReadHex(new Utf8Sequence(pieces), again));
            Assert.True(!isRead || bytes.AsSpan().SequenceEqual(again));
        }
    }

    [Theory]
    [InlineData("{\"id\":\"x\",\"choices\":[{\"text\":\"\u00e4\"}],\"usage\":null,\"a\\u0062\":1}", null)]
    [InlineData("{\"id\":\"x\",\"choices\":[1]}", "\"id\"")]
    [InlineData("{\"choices\":[1],\"choices\":[1]}", null)]
    public void Open_CutAnywhere_IsAsOfTheWhole(string document, string? reversed)
    {
        using AnswerSealer sealer = new();
        ResponseSchema shape = new(AnswerSealer.ChatPlain, "choices"u8.ToArray(), System.Text.Json.JsonTokenType.StartArray);
        string wire = document.Contains("],\"choices\"", StringComparison.Ordinal) ? document : sealer.Document(document);
        byte[] text = Encoding.UTF8.GetBytes(reversed is null ? wire : wire.Replace(reversed, "\"i\"", StringComparison.Ordinal));
        (AnswerFault fault, string opened) = Open(new Utf8Sequence(text), shape, sealer);
        foreach (ReadOnlySequence<byte> pieces in Cuts(text, mostPieces: 2))
        {
            Assert.Equal((fault, opened), Open(new Utf8Sequence(pieces), shape, sealer));
        }
    }

    [Theory]
    [InlineData(32, "\"", true)]
    [InlineData(34, "\"", true)]
    [InlineData(30, "\"", false)]
    [InlineData(33, "\"", false)]
    [InlineData(32, "0", false)]
    [InlineData(32, "", false)]
    [InlineData(1000, "\"", true)]
    public void FindCiphertext_CutAnywhere_NeedsAWholeTagAndTheQuoteAtTheEnd(int digits, string end, bool isFound)
    {
        string head = $"\"id:nonce:{new string('0', 24)}:";
        byte[] text = Encoding.UTF8.GetBytes($"{head}{new string('0', digits)}{end}");
        int expected = isFound ? head.Length : -1;
        Assert.Equal(expected, EncryptedValue.FindCiphertext(text));
        foreach (ReadOnlySequence<byte> pieces in Cuts(text, mostPieces: 2))
        {
            Assert.Equal(expected, EncryptedValue.FindCiphertext(new Utf8Sequence(pieces)));
        }
    }

    // Behind the end of a slice, the pieces go on: with text that is not the slice's.
    [Fact]
    public void Slice_BeyondTheEndOfASlice_Throws()
    {
        foreach (ReadOnlySequence<byte> pieces in Cuts("abcdef"u8.ToArray(), mostPieces: 2))
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new Utf8Sequence(pieces).Slice(1, 3).Slice(1, 3).Length);
            Assert.Throws<ArgumentOutOfRangeException>(() => new Utf8Sequence(pieces).Slice(1, 3).Slice(4, 0).Length);
            Assert.Equal(2, new Utf8Sequence(pieces).Slice(1, 3).Slice(1, 2).Length);
        }
    }

    [Fact]
    public void FindCiphertext_LongHeadInPieces_IsNotFound()
    {
        byte[] text = Encoding.UTF8.GetBytes($"\"{new string('i', 600)}:nonce:{new string('0', 24)}:{new string('0', 32)}\"");
        foreach (ReadOnlySequence<byte> pieces in Cuts(text, mostPieces: 2))
        {
            Assert.Equal(-1, EncryptedValue.FindCiphertext(new Utf8Sequence(pieces)));
        }
    }

    [Fact]
    public void Read_LongNamesCutAnywhere_IsAsOfTheWhole()
    {
        string[] names = [.. Enumerable.Range(0, 4).Select(i => $"{new string('n', 100)}{i}")];
        byte[] text = Encoding.UTF8.GetBytes($"{{{string.Join(',', names.Select(name => $"\"{name}\":1"))}}}");
        foreach (ReadOnlySequence<byte> pieces in Cuts(text, mostPieces: 2))
        {
            using JsonIndex index = new();
            Assert.Equal(JsonShape.Usable, index.Read(new Utf8Sequence(pieces)));
            Assert.Equal(names, index.Members.ToArray().Select(member => Encoding.UTF8.GetString(index.Name(member))));
        }
    }

    [Fact]
    public void Sequence_OfOnePiece_IsAWholeText()
    {
        Utf8Sequence text = new(new ReadOnlySequence<byte>("text"u8.ToArray()));
        Assert.False(text.IsInPieces);
        Assert.Equal("text"u8, text.Whole);
        Assert.Throws<InvalidOperationException>(() => new Utf8Sequence(Cuts("text"u8.ToArray()).Skip(1).First()).Whole.Length);
    }

    private static (AnswerFault Fault, string Opened) Open(Utf8Sequence text, ResponseSchema shape, AnswerSealer sealer)
    {
        using ExchangeCipher client = sealer.Client();
        using DecryptedDocument opened = new();
        AnswerFault fault = opened.Decrypt(text, shape, client);
        return (fault, Encoding.UTF8.GetString(opened.Text));
    }

    /// <summary>The text cut into two pieces, or three, at every place; empty pieces included.</summary>
    private static IEnumerable<ReadOnlySequence<byte>> Cuts(byte[] text, int mostPieces = 3)
    {
        for (int first = 0; first <= text.Length; first++)
        {
            for (int second = mostPieces == 2 ? text.Length : first; second <= text.Length; second++)
            {
                Piece start = new(text.AsMemory(0, first), null);
                Piece end = new(text.AsMemory(second), new Piece(text.AsMemory(first, second - first), start));
                yield return new ReadOnlySequence<byte>(start, 0, end, end.Memory.Length);
            }
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}
