using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.PropertyTests;

/// <summary>Answers, whole and streamed, that were changed on the way, through the whole library: refused, or the same to the caller.</summary>
public sealed class ChangedAnswerProperties : IDisposable
{
    private static readonly Gen<string> Texts =
        from count in Gen.Choose(0, 5)
        from pieces in Gen.Elements("a", "é", "😀", "\"", "\\", "\n", ":", "data: ", "The quick brown fox jumps over the lazy dog. ").ArrayOf(count)
        select $"\"{JsonEncodedText.Encode(string.Concat(pieces))}\"";

    private readonly AnsweringNetwork _network = new();

    private static Arbitrary<(Answer Answer, Flip[] Flips)> Flips { get; } = Arb.From<(Answer Answer, Flip[] Flips)>(
        from answer in Answer.Any
        from flips in (from at in Gen.Choose(0, 20_000) from bit in Gen.Choose(0, 7) select new Flip(at, bit)).NonEmptyListOf().Resize(20)
        select (answer, (Flip[])[.. flips]),
        test =>
        [
            .. Properties.Smaller(test.Flips).Where(flips => flips.Length > 0).Select(flips => (test.Answer, flips)),
            .. test.Answer.Smaller().Select(answer => (answer, test.Flips)),
        ]);

    private static Arbitrary<(Answer Answer, Edit[] Edits)> Edits { get; } = Arb.From<(Answer Answer, Edit[] Edits)>(
        from answer in Answer.Any
        from edits in (
            from kind in Gen.Elements(Enum.GetValues<EditKind>())
            from first in Gen.Choose(0, 40)
            from second in Gen.Choose(0, 40)
            select new Edit(kind, first, second)).NonEmptyListOf().Resize(3)
        select (answer, (Edit[])[.. edits]),
        test =>
        [
            .. Properties.Smaller(test.Edits).Where(edits => edits.Length > 0).Select(edits => (test.Answer, edits)),
            .. test.Answer.Smaller().Select(answer => (answer, test.Edits)),
        ]);

    [Fact]
    public Task Receive_AnyBitChanged_IsRefusedOrMeansNothing() => Properties.HoldAsync(Flips, async test =>
    {
        WireAnswer answer = test.Answer.Create();
        string[] sound = await ReceiveSoundAsync(answer);
        foreach (Flip flip in test.Flips)
        {
            await AssertFlippedAsync(answer, sound, flip.At, flip.Bit);
        }
    }, 120);

    // Every bit of the shortest answer, and one bit of every byte of the others.
    [Fact]
    public async Task Receive_EveryByteChanged_IsRefusedOrMeansNothing()
    {
        foreach (AnswerKind kind in Enum.GetValues<AnswerKind>())
        {
            WireAnswer answer = new Answer(kind, ["\"hi\""]).Create();
            string[] sound = await ReceiveSoundAsync(answer);
            int last = 0;
            for (int at = 0; at <= last; at++)
            {
                for (int bit = kind == AnswerKind.WholeChat ? 0 : at % 8; bit <= (kind == AnswerKind.WholeChat ? 7 : at % 8); bit++)
                {
                    last = await AssertFlippedAsync(answer, sound, at, bit) - 1;
                }
            }

            Assert.True(last > 500, $"{kind} has {last} bytes");
        }
    }

    [Fact]
    public Task Receive_ValuesRearranged_IsRefused() => Properties.HoldAsync(Edits, async test =>
    {
        WireAnswer answer = test.Answer.Create();
        EncryptedDocument[] earlier = [];
        _ = await answer.ReceiveAsync(_network, encrypt => answer.Write(encrypt, documents => earlier = documents).Bytes);
        bool isSame = false;
        string[]? values = await answer.ReceiveAsync(_network, encrypt => answer.Write(encrypt, documents =>
        {
            EncryptedDocument[] edited = test.Edits.Aggregate(documents, (all, edit) => edit.Apply(all, earlier));
            isSame = Flat(edited).SequenceEqual(Flat(documents));
            return edited;
        }).Bytes);
        Assert.Equal(isSame, values is not null);
    }, 600);

    public void Dispose() => _network.Dispose();

    private static IEnumerable<string> Flat(EncryptedDocument[] documents) =>
        documents.SelectMany((document, i) => document.Form.Members.Select((member, at) => $"{i} {member.Name} {document.Values[at]}"));

    private async Task<string[]> ReceiveSoundAsync(WireAnswer answer)
    {
        string[]? sound = await answer.ReceiveAsync(_network, encrypt => answer.Write(encrypt).Bytes);
        Assert.NotNull(sound);
        Assert.True(sound.Length >= answer.Documents.Length);
        return sound;
    }

    /// <returns>The length of the answer.</returns>
    private async Task<int> AssertFlippedAsync(WireAnswer answer, string[] sound, int place, int bit)
    {
        WireText? wire = null;
        int at = 0;
        string[]? values = await answer.ReceiveAsync(_network, encrypt =>
        {
            wire = answer.Write(encrypt);
            at = place % wire.Parts.Count;
            return wire.Flipped(at, bit);
        });
        string where = $"{answer.Path}, byte {at} ({wire!.Parts[at]}), bit {bit}: {wire.Around(at)}";
        Assert.True(values is null || values.SequenceEqual(sound), $"{where} gives {string.Join(" | ", values ?? [])}");
        Assert.True(values is null || !wire.MustRefuse(at, bit), $"{where} is accepted");
        return wire.Parts.Count;
    }

    internal enum AnswerKind
    {
        WholeChat,
        StreamedChat,
        WholeMessage,
        StreamedMessage,
        Embedding,
    }

    internal enum EditKind
    {
        Swap,
        Duplicate,
        Drop,
        Append,
        FromEarlierAnswer,
        DropDocument,
        DuplicateDocument,
        SwapDocuments,
    }

    private sealed record Flip(int At, int Bit);

    private sealed record Answer(AnswerKind Kind, string[] Parts)
    {
        public static Gen<Answer> Any { get; } =
            from kind in Gen.Elements(Enum.GetValues<AnswerKind>())
            from parts in Texts.NonEmptyListOf().Resize(4)
            select new Answer(kind, [.. parts]);

        public WireAnswer Create() => Kind switch
        {
            AnswerKind.WholeChat => WireAnswer.WholeChat(Parts[0]),
            AnswerKind.StreamedChat => WireAnswer.StreamedChat(Parts),
            AnswerKind.WholeMessage => WireAnswer.WholeMessage(Parts[0]),
            AnswerKind.StreamedMessage => WireAnswer.StreamedMessage(Parts),
            _ => WireAnswer.Embedding(Parts.Length),
        };

        public IEnumerable<Answer> Smaller() => Properties.Smaller(Parts, part => part == "\"a\"" ? [] : ["\"a\""])
            .Where(parts => parts.Length > 0).Select(parts => this with { Parts = parts });

        public override string ToString() => $"{Kind} {string.Join(' ', Parts)}";
    }

    /// <summary>A change of which values or documents stand where; positions are taken modulo their number.</summary>
    private sealed record Edit(EditKind Kind, int First, int Second)
    {
        public EncryptedDocument[] Apply(EncryptedDocument[] documents, EncryptedDocument[] earlier)
        {
            (int Document, int Member)[] places = [.. documents.SelectMany((document, i) => Places(document).Select(at => (i, at)))];
            if (places.Length == 0)
            {
                return documents;
            }

            EncryptedDocument[] edited = [.. documents.Select(document => document with { Values = [.. document.Values] })];
            (int first, int second) = (First % documents.Length, Second % documents.Length);
            ((int document, int member), (int otherDocument, int otherMember)) = (places[First % places.Length], places[Second % places.Length]);
            string value = documents[document].Values[member];
            switch (Kind)
            {
                case EditKind.Swap:
                    edited[document].Values[member] = documents[otherDocument].Values[otherMember];
                    edited[otherDocument].Values[otherMember] = value;
                    return edited;
                case EditKind.Duplicate:
                    edited[otherDocument].Values[otherMember] = value;
                    return edited;
                case EditKind.Drop:
                    edited[document] = new EncryptedDocument(
                        new WireDocument([.. documents[document].Form.Members.Where((_, i) => i != member)]),
                        [.. documents[document].Values.Where((_, i) => i != member)]);
                    return edited;
                case EditKind.Append:
                    edited[otherDocument] = new EncryptedDocument(
                        new WireDocument([.. documents[otherDocument].Form.Members, ($"zz{documents[otherDocument].Values.Length}", "", false)]),
                        [.. documents[otherDocument].Values, value]);
                    return edited;
                case EditKind.FromEarlierAnswer:
                    edited[document].Values[member] = earlier[First % earlier.Length].Values[^1];
                    return Places(earlier[First % earlier.Length]).Contains(earlier[First % earlier.Length].Values.Length - 1) ? edited : documents;
                case EditKind.DropDocument:
                    return [.. documents[..first], .. documents[(first + 1)..]];
                case EditKind.DuplicateDocument:
                    return [.. documents[..second], documents[first], .. documents[second..]];
                default:
                    (edited[first], edited[second]) = (edited[second], edited[first]);
                    return edited;
            }
        }

        private static IEnumerable<int> Places(EncryptedDocument document) =>
            document.Form.Members.Select((member, i) => (member, i)).Where(one => !one.member.IsClear).Select(one => one.i);
    }
}
