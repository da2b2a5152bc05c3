using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption;

/// <summary>Damaged answers: faults of ours and nothing else, and never another plaintext than what was sealed.</summary>
public sealed class EncryptionFuzzTests : IDisposable
{
    private const int Answers = 40_000;
    private const int Streams = 15_000;

    private readonly ChoiceStream _stream = new();

    [Fact]
    public void Open_DamagedAnswers_GivesAFaultOrWhatWasEncrypted()
    {
        const string Plain = """{"id":"x","choices":[{"index":0,"text":"é"}],"a.b":1,"usage":{"n":1},"model":"m","object":null}""";
        string[] values = Values(Plain);
        byte[] wire = Encoding.UTF8.GetBytes(_stream.Enclave.Document(Plain));
        int opened = 0;
        for (int seed = 0; seed < Answers; seed++)
        {
            byte[] damaged = new Mutator(seed).Damage(wire);
            using ExchangeCipher cipher = _stream.Enclave.Client();
            using DecryptedDocument document = new();
            AnswerFault fault = document.Decrypt(damaged, new ChoiceRules().Shape, cipher);
            Assert.True(fault == AnswerFault.None || document.Text.IsEmpty, $"seed {seed}");
            if (fault == AnswerFault.None)
            {
                opened++;
                AssertBeginning(values, Values(Encoding.UTF8.GetString(document.Text)), seed);
            }
        }

        // Names, plain members and white space are not authenticated, so some damage passes; most does not.
        Assert.InRange(opened, 1, Answers / 3);
    }

    [Fact]
    public void Push_DamagedStreams_GiveAFailureOrWhatWasEncrypted()
    {
        byte[] wire = Encoding.UTF8.GetBytes(": hello\n\nevent: chunk\n" + _stream.Whole());
        string[] values = [.. DataOf(_stream.Open(wire).Output).SelectMany(Values)];
        HashSet<string> failures = [];
        int whole = 0;
        for (int seed = 0; seed < Streams; seed++)
        {
            Mutator mutator = new(seed);
            byte[] damaged = mutator.Damage(wire);
            DecryptedEvents opened = _stream.Open(damaged, mutator.Cuts(damaged.Length));
            string[] got = [.. DataOf(opened.Output).SelectMany(Values)];
            AssertBeginning(values, got, seed);
            if (opened.Failure is null)
            {
                whole++;
                Assert.True(opened.Output.EndsWith(ChoiceStream.Done, StringComparison.Ordinal), $"seed {seed}");
                Assert.Contains(got, value => value.Contains("\"stop\"", StringComparison.Ordinal));
            }
            else
            {
                failures.Add(opened.Failure);
            }
        }

        Assert.InRange(whole, 1, Streams / 2);
        Assert.Subset(
            new HashSet<string>
            {
                "not-authentic", "not-json", "unsealed-member", "nothing-sealed", "duplicate-name", "payload-missing", "truncated-stream",
                "data-after-end", "bad-line", "line-too-long",
            },
            failures);
        Assert.True(failures.Count > 7, string.Join(' ', failures));
    }

    public void Dispose() => _stream.Dispose();

    private static void AssertBeginning(string[] values, string[] got, int seed) =>
        Assert.True(got.Length <= values.Length && got.SequenceEqual(values.Take(got.Length)), $"seed {seed}: {string.Join(' ', got)}");

    private static IEnumerable<string> DataOf(string output) => output.Split("\n")
        .Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => line["data: ".Length..]);

    /// <summary>The raw values of all members that were sealed, in the order of opening.</summary>
    private static string[] Values(string json)
    {
        using JsonDocument dom = JsonDocument.Parse(json);
        return [.. NaivePeer.Ordered(dom.RootElement.EnumerateObject().Select(member => member.Name).Except(["id", "usage"]))
            .Select(name => dom.RootElement.GetProperty(name).GetRawText())];
    }
}
