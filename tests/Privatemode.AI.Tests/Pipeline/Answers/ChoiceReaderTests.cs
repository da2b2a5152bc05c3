using System.Text;
using Privatemode.AI.Pipeline.Answers;

namespace Privatemode.AI.Tests.Pipeline.Answers;

public sealed class ChoiceReaderTests
{
    [Theory]
    [InlineData("[]", 0, false)]
    [InlineData("[{\"index\":0,\"finish_reason\":\"stop\"}]", 1, true)]
    [InlineData("[{\"finish_reason\":\"stop\",\"index\":0}]", 1, true)]
    [InlineData("[{\"finish_reason\":\"stop\"}]", 1, true)]
    [InlineData("[{\"index\":0,\"finish_reason\":null}]", 1, false)]
    [InlineData("[{\"index\":0}]", 1, false)]
    [InlineData("[{}]", 1, false)]
    [InlineData("[{\"index\":0,\"finish_reason\":null,\"finish_reason\":\"stop\"}]", 1, true)]
    [InlineData("[{\"index\":0,\"finish_reason\":1}]", 1, false)]
    [InlineData("[{\"index\":0,\"finish_reason\":{\"finish_reason\":\"stop\"}}]", 1, false)]
    [InlineData("[{\"index\":0,\"delta\":{\"finish_reason\":\"stop\"}}]", 1, false)]
    [InlineData("[{\"index\":0,\"delta\":[{\"finish_reason\":\"stop\"}]}]", 1, false)]
    [InlineData("[{\"index\":0,\"finish\\u005freason\":\"stop\"}]", 1, true)]
    [InlineData(" [ { \"index\" : 0 , \"finish_reason\" : \"stop\" } ] ", 1, true)]
    [InlineData("[{\"index\":0,\"finish_reason\":\"stop\"},{\"index\":1,\"finish_reason\":\"stop\"}]", 2, true)]
    [InlineData("[{\"index\":0,\"finish_reason\":\"stop\"},{\"index\":1,\"finish_reason\":null}]", 2, false)]
    [InlineData("[{\"finish_reason\":null},{\"index\":0,\"finish_reason\":\"stop\"}]", 2, true)]
    [InlineData("[{\"finish_reason\":\"stop\"},{\"finish_reason\":null}]", 2, false)]
    [InlineData("[{\"index\":-5,\"finish_reason\":\"stop\"}]", 1, false)]
    [InlineData("[{\"index\":65535,\"finish_reason\":\"stop\"}]", 1, true)]
    [InlineData("[{\"index\":65536,\"finish_reason\":\"stop\"}]", 1, false)]
    public void TryRead_Choices_TellsWhatIsFinished(string choices, int count, bool finished)
    {
        ChoiceReader reader = new();
        Assert.True(reader.TryRead(Encoding.UTF8.GetBytes(choices)));
        Assert.Equal(count, reader.Indexes.Count);
        Assert.Equal(finished, reader.AllFinished);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("{}")]
    [InlineData("{\"index\":0}")]
    [InlineData("[")]
    [InlineData("[1]")]
    [InlineData("[null]")]
    [InlineData("[[]]")]
    [InlineData("[{]")]
    [InlineData("[{}")]
    [InlineData("[{}]x")]
    [InlineData("[{}] []")]
    [InlineData("[{\"index\":0.5}]")]
    [InlineData("[{\"index\":1e99}]")]
    [InlineData("[{\"index\":99999999999}]")]
    [InlineData("[{\"index\":{}}]")]
    [InlineData("[{\"index\":0,\"finish_reason\":}]")]
    [InlineData("[{\"index\":0,\"finish_reason\"}]")]
    public void TryRead_WhatIsNoChoices_IsRefused(string choices) =>
        Assert.False(new ChoiceReader().TryRead(Encoding.UTF8.GetBytes(choices)));

    [Theory]
    [InlineData("[{\"\\ud800\":1}]")]
    [InlineData("[{\"i\\udc00\":1}]")]
    [InlineData("[{\"finish\\ud800\\ud800\":1}]")]
    public void TryRead_LoneSurrogateInAName_IsRefusedInsteadOfThrowing(string choices) =>
        Assert.False(new ChoiceReader().TryRead(Encoding.UTF8.GetBytes(choices)));

    [Fact]
    public void TryRead_DuplicateIndex_TakesTheLast()
    {
        // As the readers behind us do.
        ChoiceReader reader = Observed("""[{"index":1,"finish_reason":null}]""", """[{"index":0,"index":1,"finish_reason":"stop"}]""");
        Assert.True(reader.AllFinished);
    }

    [Fact]
    public void AllFinished_NothingSeen_IsFalse()
    {
        Assert.False(new ChoiceReader().AllFinished);
        Assert.False(Observed("[]", "[]").AllFinished);
    }

    [Fact]
    public void AllFinished_SeveralChoices_OnlyWhenEachHasFinished()
    {
        ChoiceReader reader = Observed("""[{"index":0}]""", """[{"index":2}]""", """[{"index":0,"finish_reason":"stop"}]""", "[]");
        Assert.False(reader.AllFinished);
        Assert.True(reader.TryRead("""[{"index":2,"finish_reason":"length"}]"""u8));
        Assert.True(reader.AllFinished);
        Assert.True(reader.TryRead("[]"u8));
        Assert.True(reader.AllFinished);
        Assert.True(reader.TryRead("""[{"index":1}]"""u8));
        Assert.False(reader.AllFinished);
    }

    [Theory]
    [InlineData("""{"index":0,"delta":{"content":"x"}}""")]
    [InlineData("""{"delta":{"role":"assistant","tool_calls":[{}]},"index":0}""")]
    [InlineData("""{"index":0,"delta":{"content":" "},"finish_reason":null}""")]
    [InlineData("""{"index":0,"delta":{"other":{"a":1}}}""")]
    [InlineData("""{"index":0,"delta":{"other":0}}""")]
    [InlineData("""{"index":0,"delta":{"other":true}}""")]
    [InlineData("""{"index":0,"delta":["x"]}""")]
    [InlineData("""{"index":0,"delta":"x"}""")]
    [InlineData("""{"index":0,"text":"x"}""")]
    public void AllFinished_ChoiceGoesOnAfterItsFinish_HasToFinishAgain(string choice)
    {
        ChoiceReader reader = Observed("""[{"index":0,"finish_reason":"stop"}]""", $"[{choice}]");
        Assert.False(reader.AllFinished);
        Assert.True(reader.TryRead("""[{"index":0,"finish_reason":"stop"}]"""u8));
        Assert.True(reader.AllFinished);
    }

    [Theory]
    [InlineData("""{"index":0}""")]
    [InlineData("""{"index":0,"delta":{},"logprobs":null,"finish_reason":null}""")]
    [InlineData("""{"index":0,"delta":null}""")]
    [InlineData("""{"index":0,"delta":{"role":"assistant","content":"","tool_calls":[ ],"refusal":null,"other":{ },"more":false}}""")]
    [InlineData("""{"index":0,"text":""}""")]
    [InlineData("""{"content_filter_results":{"hate":{"filtered":false}},"index":0}""")]
    public void AllFinished_EventAddsNothingAfterTheFinish_StaysFinished(string choice)
    {
        Assert.False(Observed($"[{choice}]").AllFinished);
        Assert.True(Observed("""[{"index":0,"finish_reason":"stop"}]""", $"[{choice}]").AllFinished);
    }

    [Fact]
    public void TryRead_DeepValue_IsTakenToTheDepthOfTheWalker()
    {
        static byte[] Nested(int depth) => Encoding.UTF8.GetBytes($"[{{\"delta\":{new string('[', depth)}{new string(']', depth)}}}]");
        Assert.True(new ChoiceReader().TryRead(Nested(254)));
        Assert.False(new ChoiceReader().TryRead(Nested(255)));
    }

    private static ChoiceReader Observed(params string[] events)
    {
        ChoiceReader reader = new();
        Assert.All(events, choices => Assert.True(reader.TryRead(Encoding.UTF8.GetBytes(choices))));
        return reader;
    }
}
