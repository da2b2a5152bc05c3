using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.EventStream;

public sealed class EventDecryptorFramingTests : IDisposable
{
    private readonly ChoiceStream _stream = new();

    private static readonly DecryptedEvents Whole = new(ChoiceStream.WholeDecrypted, null, true);

    [Fact]
    public void Push_WholeStream_HandsOutEveryEvent() => Assert.Equal(Whole, _stream.Open(_stream.Whole()));

    [Fact]
    public void Push_CarriageReturns_AreLineEnds() =>
        Assert.Equal(Whole, _stream.Open(_stream.Whole().Replace("\n", "\r\n", StringComparison.Ordinal)));

    [Fact]
    public void Push_NoEmptyLinesBetweenEvents_SeparatesThem() =>
        Assert.Equal(Whole, _stream.Open(_stream.Whole().Replace("\n\n", "\n", StringComparison.Ordinal)));

    [Fact]
    public void Push_NoSpaceAfterTheColon_IsTaken() =>
        Assert.Equal(Whole, _stream.Open(_stream.Whole().Replace("data: ", "data:", StringComparison.Ordinal)));

    [Fact]
    public void Push_NoLineEndAfterTheEndMark_IsTaken() =>
        Assert.Equal(new DecryptedEvents(ChoiceStream.WholeDecrypted, null, false), _stream.Open(_stream.Whole().TrimEnd('\n')));

    [Fact]
    public void Push_CommentsAndOtherFields_AreDropped() =>
        Assert.Equal(
            Whole,
            _stream.Open(
                ": hello\n\n:\nid: 7\nretry: 10\nid\nDATA: x\n data: x\ndata\u0301: x\nx\n" + _stream.Whole() + ": bye\n\nid: 8\n\nevent: x\n"));

    [Theory]
    [InlineData("event:")]
    [InlineData("event")]
    [InlineData("event: ")]
    [InlineData("event: two words")]
    [InlineData("event:  x")]
    [InlineData("event: a:b")]
    [InlineData("event: é")]
    [InlineData("event: \0")]
    [InlineData("event: ping")]
    public void Push_EventName_IsDropped(string line) =>
        Assert.Equal(Whole, _stream.Open(_stream.Whole().Replace("data:", $"{line}\ndata:", StringComparison.Ordinal)));

    [Fact]
    public void Push_LineBreaksInsideOpenedValues_BecomeSpaces()
    {
        string stream = $"data: {{\"choices\":{_stream.Enclave.Value("[\r\n{\"index\"\n:0,\r\"finish_reason\":\"stop\"}]")}}}\n\n{ChoiceStream.Done}";
        Assert.Equal(
            new DecryptedEvents($"data: {{\"choices\":[  {{\"index\" :0, \"finish_reason\":\"stop\"}}]}}\n\n{ChoiceStream.Done}", null, true),
            _stream.Open(stream));
    }

    [Theory]
    [InlineData("data: {\r}\n")]
    [InlineData("data: [DONE]\r\r\n")]
    [InlineData(": a\rdata: [DONE]\n")]
    [InlineData("\r\r\n")]
    [InlineData("event: x\ry\n")]
    public void Push_LoneCarriageReturn_IsABadLine(string line)
    {
        string stream = _stream.Delta("one") + line + _stream.Finish() + ChoiceStream.Done;
        Assert.Equal(new DecryptedEvents($"data: {ChoiceStream.DeltaJson("one")}\n\n", "bad-line", false), _stream.Open(stream));
    }

    [Theory]
    [InlineData(0, "\n", false)]
    [InlineData(0, "\r\n", false)]
    [InlineData(1, "\n", true)]
    [InlineData(1, "\r\n", true)]
    [InlineData(300_000, "\n", true)]
    public void Push_LongLine_IsTakenUpToTheLimit(int excess, string end, bool tooLong)
    {
        string start = _stream.Finish().TrimEnd('\n');
        string filling = new('y', EventDecryptor.LineLimit - 1 - start.Length + excess);
        string line = start.Replace("\"id\":\"x", "\"id\":\"x" + filling, StringComparison.Ordinal);
        byte[] stream = Encoding.UTF8.GetBytes(line + end + ChoiceStream.Done);
        DecryptedEvents expected = _stream.Open(stream);
        Assert.Equal(tooLong ? "line-too-long" : null, expected.Failure);
        Assert.Equal(tooLong, expected.Output.Length == 0);
        Assert.Equal(expected, _stream.Open(stream, [.. Enumerable.Range(0, 40).Select(i => i * 16_384)]));
        Assert.Equal(expected, _stream.Open(stream, line.Length));
        Assert.Equal(expected, _stream.Open(stream, line.Length + end.Length - 1));
    }

    [Fact]
    public void Push_LineWithoutEnd_FailsAsSoonAsItIsTooLong()
    {
        using EventDecryptor opener = _stream.Opener(out ExchangeCipher cipher);
        using (cipher)
        {
            byte[] piece = new byte[16 * 1024];
            piece.AsSpan().Fill((byte)':');
            for (int i = 0; i < EventDecryptor.LineLimit / piece.Length; i++)
            {
                opener.Push(piece);
                Assert.Null(opener.Failure);
            }

            opener.Push(":"u8);
            Assert.Equal("line-too-long", DecryptedEvents.NameOf(opener.Failure));
        }
    }

    [Fact]
    public void Push_LongLineByteByByte_TakesNoQuadraticTime()
    {
        string start = _stream.Finish().TrimEnd('\n');
        byte[] line = Encoding.UTF8.GetBytes(start.Replace("\"id\":\"x", "\"id\":\"x" + new string('y', 200_000), StringComparison.Ordinal) + "\n");
        using EventDecryptor opener = _stream.Opener(out ExchangeCipher cipher);
        using (cipher)
        {
            long begun = System.Diagnostics.Stopwatch.GetTimestamp();
            foreach (byte value in line)
            {
                opener.Push([value]);
            }

            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(5));
            Assert.Null(opener.Failure);
            Assert.True(opener.Output.Length > 200_000);
        }
    }

    public void Dispose() => _stream.Dispose();
}
