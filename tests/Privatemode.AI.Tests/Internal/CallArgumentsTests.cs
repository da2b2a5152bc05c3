using System.Runtime.InteropServices;
using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Tests.Internal;

/// <summary>Which texts of a model are the arguments of a tool call.</summary>
public sealed class CallArgumentsTests : IDisposable
{
    private CallArguments Arguments { get; } = new();

    /// <summary>Arguments are content. The next user of the pool must not find them.</summary>
    [Theory]
    [InlineData("\"{\\\"a\\\":\\\"%\\\"}\"")] // inside a JSON string
    [InlineData("{\"a\":\"%\\ud83d\"}")] // with half of a surrogate pair
    public void Dispose_AfterACopyOfTheArguments_WipesIt(string form)
    {
        byte[] secret = Encoding.UTF8.GetBytes(new string('s', 3000));
        byte[] raw = Encoding.UTF8.GetBytes(form.Replace("%", Encoding.UTF8.GetString(secret), StringComparison.Ordinal));
        using CallArguments arguments = new();
        Assert.True(arguments.TryRead(raw, isCutOff: false, out ReadOnlyMemory<byte> json));
        Assert.True(MemoryMarshal.TryGetArray(json, out ArraySegment<byte> copy));
        Assert.True(copy.AsSpan().IndexOf(secret) >= 0);

        arguments.Dispose();

        Assert.True(copy.AsSpan().IndexOf((byte)'s') < 0);
    }

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("""{"a":1}""", """{"a":1}""")]
    [InlineData(" \t\r\n{ \"a\" : 1 } \n", "{ \"a\" : 1 }")]
    [InlineData("null", "{}")]
    [InlineData(" null ", "{}")]
    [InlineData("""{"A":1,"a":2}""", """{"A":1,"a":2}""")]
    [InlineData("""{"a":{"b":[1,{"c":"\u0000\/😀"}]}}""", """{"a":{"b":[1,{"c":"\u0000\/😀"}]}}""")]
    [InlineData("""  "{\"a\":\"b\"}"  """, """{"a":"b"}""")]
    [InlineData("\" {\\\"a\\\":1}\\n\"", """{"a":1}""")]
    [InlineData("""{"a":"\ud83d"}""", """{"a":"\ufffd"}""")]
    [InlineData("""{"a":"\ud83d\ude00"}""", """{"a":"\ud83d\ude00"}""")]
    [InlineData("""{"a\ud83d":1}""", """{"a\ufffd":1}""")]
    [InlineData("\"{\\\"a\\\":\\\"\\\\ud83d\\\"}\"", """{"a":"\ufffd"}""")]
    public void TryRead_OneObject_IsReturnedAsWritten(string raw, string expected)
    {
        foreach (bool isCutOff in (bool[])[false, true])
        {
            Assert.True(Arguments.TryRead(Encoding.UTF8.GetBytes(raw), isCutOff, out ReadOnlyMemory<byte> json));
            Assert.Equal(expected, Encoding.UTF8.GetString(json.Span));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    public void TryRead_Nothing_MeansNoArgumentsUnlessTheCallIsCutOff(string raw)
    {
        Assert.True(Arguments.TryRead(Encoding.UTF8.GetBytes(raw), isCutOff: false, out ReadOnlyMemory<byte> json));
        Assert.Equal("{}"u8, json.Span);
        Assert.False(Arguments.TryRead(Encoding.UTF8.GetBytes(raw), isCutOff: true, out _));
    }

    [Theory]
    [InlineData("""{"a":""")]
    [InlineData("""{"a":1}}""")]
    [InlineData("""{"a":1} {"b":2}""")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""{"\ud83d":1,"\ud83e":2}""")]
    [InlineData("""{"a":{"b":1,"b":2}}""")]
    [InlineData("{'a':1}")]
    [InlineData("[1]")]
    [InlineData("true")]
    [InlineData("text")]
    [InlineData("\"text\"")]
    [InlineData("\"null\"")]
    [InlineData("\"\"")]
    [InlineData("\"[1]\"")]
    [InlineData("\"{\\\"a\\\":")]
    [InlineData("\"{\\\"a\\\":\"")]
    [InlineData("\"{\\\"a\\\":1,\\\"a\\\":2}\"")]
    [InlineData("\"{\\\"a\\\":1}\" x")]
    [InlineData("\"\\\"{}\\\"\"")]
    public void TryRead_SomethingElse_IsNotAnObject(string raw) => Assert.False(Arguments.TryRead(Encoding.UTF8.GetBytes(raw), isCutOff: false, out _));

    [Fact]
    public void TryRead_ObjectTooDeep_IsNotAnObject()
    {
        Assert.True(Arguments.TryRead(Nested(63), isCutOff: false, out _));
        Assert.False(Arguments.TryRead(Nested(64), isCutOff: false, out _));
    }

    /// <summary>One call whose arguments had four million members took four seconds and 350 MB.</summary>
    [Theory]
    [InlineData("", 499_999, true)]
    [InlineData("", 500_000, false)]
    [InlineData("\"", 500_000, false)]
    public void TryRead_MoreThanAMillionTokens_IsRefused(string quote, int members, bool isRead)
    {
        string escape = quote.Length == 0 ? "" : "\\";
        byte[] raw = Encoding.UTF8.GetBytes(
            $"{quote}{{{string.Join(',', Enumerable.Range(0, members).Select(i => $"{escape}\"a{i}{escape}\":0"))}}}{quote}");
        Assert.Equal(isRead, Arguments.TryRead(raw, isCutOff: false, out _));
        Assert.Equal(!isRead, Arguments.IsExhausted);
        Assert.False(Arguments.TryRead("{\"a\":1}"u8.ToArray(), isCutOff: false, out _));
    }

    public void Dispose() => Arguments.Dispose();

    private static byte[] Nested(int arrays) => Encoding.UTF8.GetBytes($"{{\"a\":{new string('[', arrays)}{new string(']', arrays)}}}");
}
