using System.Text;
using FsCheck.Fluent;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.EventStream;

/// <summary>However the network cuts a stream, the outcome is that of the stream in one piece.</summary>
public sealed class EventDecryptorChunkingTests : IDisposable
{
    private readonly ChoiceStream _stream = new();

    public static TheoryData<string> Streams { get; } =
    [
        "whole", "crlf", "no empty lines", "comments", "names", "no line end", "altered", "dropped", "cut", "cut in a line", "no finish",
        "after the end", "unsealed", "empty object", "error", "lone cr", "bad name", "text at the end",
    ];

    [Theory]
    [MemberData(nameof(Streams))]
    public void Push_CutAnywhere_GivesTheSame(string kind)
    {
        byte[] stream = Encoding.UTF8.GetBytes(Stream(kind));
        DecryptedEvents expected = _stream.Open(stream);
        Assert.Equal(expected, _stream.Open(stream, [.. Enumerable.Range(0, stream.Length)]));
        for (int cut = 0; cut < stream.Length; cut += 3)
        {
            Assert.Equal(expected, _stream.Open(stream, cut));
        }

        Properties.Hold(Gen.Choose(0, stream.Length).ListOf(), cuts => Assert.Equal(expected, _stream.Open(stream, [.. cuts])), 50);
    }

    public void Dispose() => _stream.Dispose();

    private string Stream(string kind)
    {
        string whole = _stream.Whole();
        int second = whole.IndexOf("\n\n", StringComparison.Ordinal) + 2;
        return kind switch
        {
            "crlf" => whole.Replace("\n", "\r\n", StringComparison.Ordinal),
            "no empty lines" => whole.Replace("\n\n", "\n", StringComparison.Ordinal),
            "comments" => whole.Replace("\n\n", "\n\n: é\n:\r\nid: 1\n\n", StringComparison.Ordinal),
            "names" => whole.Replace("data:", "event: a\r\nevent: name\r\ndata:", StringComparison.Ordinal),
            "no line end" => whole.TrimEnd('\n'),
            "altered" => whole[..(second + 200)] + (whole[second + 200] == '0' ? '1' : '0') + whole[(second + 201)..],
            "dropped" => whole[second..],
            "cut" => whole[..second],
            "cut in a line" => whole[..(second + 200)],
            "no finish" => whole[..second] + ChoiceStream.Done,
            "after the end" => whole + whole,
            "unsealed" => whole[..second] + "data: {\"choices\":[]}\n" + whole[second..],
            "empty object" => whole[..second] + "data: {}\n" + whole[second..],
            "error" => _stream.Enclave.Restarted().Event(ChoiceStream.DeltaJson("one")) + _stream.Enclave.Event("{\"error\":{}}") + whole,
            "lone cr" => whole[..second] + "da\rta: x\r\n" + whole[second..],
            "bad name" => whole[..second] + "event: a b\r\n" + whole[second..],
            "text at the end" => whole[..second] + "data: xyz\r",
            _ => whole,
        };
    }
}
