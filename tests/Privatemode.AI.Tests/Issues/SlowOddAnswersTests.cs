using System.Diagnostics;
using Microsoft.Extensions.AI;
using Privatemode.AI.Chat;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Answers in which something small has to be put right very often: the time is in proportion to their length, and what is kept is bounded.</summary>
public sealed class SlowOddAnswersTests
{
    // With a search or a move for each of them it took minutes.
    private static readonly TimeSpan Plenty = TimeSpan.FromSeconds(10);

    [Fact]
    public void Probabilities_WithoutAlternatives_ArePutRightInTime()
    {
        const int Count = 300_000;
        string entries = string.Join(',', Enumerable.Repeat("""{"token":"a","logprob":0,"top_logprobs":null}""", Count));
        using AnswerBench answer = new();
        string changed = answer.Change(
            ChatFixture.Whole($$$"""{"index":0,"message":{"role":"assistant","content":"x"},"logprobs":{"content":[{{{entries}}}]}}"""),
            opened => AssertInTime(() => new ChoiceNormalizer(hasMessages: true, isEvent: false, "sdk_0", scope: null).Normalize(opened, [])));
        Assert.DoesNotContain("null", changed, StringComparison.Ordinal);
        Assert.EndsWith("""{"token":"a","logprob":0,"top_logprobs":[]}]}}]}""", changed, StringComparison.Ordinal);
    }

    [Fact]
    public void ToolCalls_InAStream_AreToldApartInTime()
    {
        const int Count = AnswerLimits.MaxToolCalls;
        PartialToolCalls begun = new("sdk_0");
        HashSet<string> ids = [];
        HashSet<int> indexes = [];
        AssertInTime(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                // Every second one has the ID and the number of the one before.
                string name = i % 2 == 0 ? "f" : "g";
                PartialToolCall call = begun.Find(i / 2, $"id{i / 2}", name, "{}", () => $"made{i}", out _);
                _ = call.AppendName(name) + call.Append("{}");
                _ = ids.Add(call.Id);
                _ = indexes.Add(call.Index);
            }
        });
        Assert.Equal((Count, Count), (ids.Count, indexes.Count));
    }

    [Fact]
    public void ToolCallName_InManyPieces_IsPutTogetherInTime()
    {
        const int Count = 800_000;
        PartialToolCall call = new(0, "a", "a");
        AssertInTime(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                call.AppendName(i % 2 == 0 ? "a" : "b");
            }
        });
        Assert.True(call.Has(string.Concat(Enumerable.Repeat("ab", Count / 2))));
    }

    [Fact]
    public void ToolCalls_OfOneId_GetTheirOwnInTime()
    {
        const int Count = 100_000;
        ToolCallIds ids = new(["a"]);
        FunctionCallContent[] calls = [.. Enumerable.Range(0, Count).Select(_ => new FunctionCallContent("a", "f"))];
        ToolCallPairs pairs = new([]);
        AssertInTime(() =>
        {
            Assert.Equal(Count, Enumerable.Range(0, Count).Select(_ => ids.MakeUnique("a")).Append("a").Distinct().Count() - 1);
            List<string> sent = pairs.Open(calls, 0, out _);
            Assert.Equal(Count, sent.Distinct().Count());
            Assert.All(sent, id => Assert.Equal(id, pairs.Answer("a")));
        });
    }

    [Fact]
    public void HalvesOfCharacters_InMoreTextsThanAnyServerWrites_AreNotAllKept()
    {
        const int Kept = 1024;
        const int Count = 3000;
        string choices = string.Join(',', Enumerable.Range(0, Count).Select(i => $$"""{"index":{{i}},"text":"x\ud83d","finish_reason":null}"""));
        using AnswerBench answer = new();
        SplitSurrogates characters = new();
        string changed = answer.Change(ChatFixture.Chunk(choices), characters.JoinChoices);
        Assert.Equal(Kept, Occurrences(changed, "\"x\""));
        Assert.Equal(Count - Kept, Occurrences(changed, "\"x\\ufffd\""));
    }

    private static int Occurrences(string text, string part) => text.Split(part).Length - 1;

    private static void AssertInTime(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        Assert.True(Stopwatch.GetElapsedTime(start) < Plenty, $"{Stopwatch.GetElapsedTime(start)}");
    }
}
