using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.PropertyTests;

/// <summary>However a stream of events is framed (line ends, empty lines, comments, other fields) and cut, the caller gets the same events.</summary>
public sealed class EventFramingProperties : IDisposable
{
    // What may stand between the lines of events without being one: WHATWG HTML, section 9.2.6, and fields that are dropped because nothing
    // authenticates them.
    private static readonly string[] Between =
    [
        "", ":", ": comment é", ":data: {}", "event: error", "event:", "id: 7", "id", "retry: 10", "Data: {}", "data2: {}", "datadata", " data: {}", "x",
    ];

    // At the end of a stream, a line without an end is data only if it is complete; an unfinished other line is nothing.
    private static readonly string[] AfterTheEnd = ["", "\n", "\r\n\r\n", ": bye\n", ": bye", "event: x\r", "id: 1"];

    private readonly ChoiceStream _stream = new();
    private readonly string[] _data;

    public EventFramingProperties() => _data = [.. _stream.Whole().Split("\n\n", StringSplitOptions.RemoveEmptyEntries)];

    private static Arbitrary<Framing> Framings { get; } = Arb.From(
        from insertions in (
            from at in Gen.Choose(0, 3)
            from line in Gen.Elements(Between)
            from hasReturn in Gen.Elements(false, true)
            select new Insertion(at, line, hasReturn)).ListOf().Resize(10)
        from lines in (
            from hasReturn in Gen.Elements(false, true)
            from hasSpace in Gen.Elements(false, true)
            select new LineForm(hasReturn, hasSpace)).ArrayOf(4)
        from end in Gen.Elements(AfterTheEnd)
        from cuts in Gen.Choose(0, 2500).ListOf().Resize(16)
        select new Framing([.. insertions], lines, end, [.. cuts]),
        framing => framing.Smaller());

    [Fact]
    public void Push_AnyFramingAndCuts_GivesTheSameEvents() => Properties.Hold(Framings, framing =>
    {
        DecryptedEvents opened = _stream.Open(framing.Apply(_data), framing.Cuts);
        Assert.Equal(new DecryptedEvents(ChoiceStream.WholeDecrypted, null, true), opened);
    }, 1000);

    // The same with one event left out: nothing that stands between events makes up for it.
    [Fact]
    public void Push_AnyFramingWithoutOneEvent_NeverEnds() => Properties.Hold(Framings, framing =>
    {
        for (int missing = 0; missing < _data.Length; missing++)
        {
            string[] rest = [.. _data[..missing], ": missing", .. _data[(missing + 1)..]];
            DecryptedEvents opened = _stream.Open(framing.Apply(rest), framing.Cuts);
            Assert.NotNull(opened.Failure);
            Assert.False(opened.IsEnded && missing < _data.Length - 1);
            Assert.StartsWith(opened.Output, ChoiceStream.WholeDecrypted, StringComparison.Ordinal);
        }
    }, 100);

    public void Dispose() => _stream.Dispose();

    private sealed record Insertion(int At, string Line, bool HasReturn);

    private sealed record LineForm(bool HasReturn, bool HasSpace);

    private sealed record Framing(Insertion[] Insertions, LineForm[] Lines, string End, int[] Cuts)
    {
        public string Apply(string[] data)
        {
            StringBuilder text = new();
            for (int i = 0; i < data.Length; i++)
            {
                foreach (Insertion insertion in Insertions.Where(insertion => insertion.At == i))
                {
                    _ = text.Append(insertion.Line).Append(insertion.HasReturn ? "\r\n" : "\n");
                }

                string line = Lines[i].HasSpace ? data[i] : data[i].Replace("data: ", "data:", StringComparison.Ordinal);
                _ = text.Append(line).Append(Lines[i].HasReturn ? "\r\n" : "\n");
            }

            return text.Append(End).ToString();
        }

        public IEnumerable<Framing> Smaller() =>
        [
            .. Properties.Smaller(Insertions, one => one.Line == "x" ? [] : [one with { Line = "x" }]).Select(smaller => this with { Insertions = smaller }),
            .. Properties.Smaller(Cuts).Select(smaller => this with { Cuts = smaller }),
            .. Lines.Select((line, i) => (line, i)).Where(one => one.line.HasReturn || !one.line.HasSpace)
                .Select(one => this with { Lines = [.. Lines[..one.i], new LineForm(false, true), .. Lines[(one.i + 1)..]] }),
            .. End.Length > 0 ? [this with { End = "" }] : (Framing[])[],
        ];

        public override string ToString() =>
            $"{string.Join(" ", Insertions.AsEnumerable())} {string.Join(" ", Lines.AsEnumerable())} end '{End}', cut at {string.Join(' ', Cuts)}";
    }
}
