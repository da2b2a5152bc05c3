using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Encryption.EventStream;

public sealed class EventDecryptorFaultTests : IDisposable
{
    private static readonly string FirstDecrypted = $"data: {ChoiceStream.DeltaJson("one")}\n\n";

    private readonly ChoiceStream _stream = new();

    [Theory]
    [InlineData("altered", "not-authentic")]
    [InlineData("dropped", "not-authentic")]
    [InlineData("repeated", "not-authentic")]
    [InlineData("swapped", "not-authentic")]
    [InlineData("of another exchange", "not-authentic")]
    [InlineData("member dropped", "not-authentic")]
    [InlineData("member renamed", "not-authentic")]
    [InlineData("payload renamed, order kept", "payload-missing")]
    [InlineData("unsealed member", "unsealed-member")]
    [InlineData("sealed name repeated", "duplicate-name")]
    [InlineData("plain name repeated", "duplicate-name")]
    [InlineData("empty object", "nothing-sealed")]
    [InlineData("plain members only", "nothing-sealed")]
    [InlineData("end mark too early", "truncated-stream")]
    [InlineData("text", "not-json")]
    [InlineData("nothing", "not-json")]
    [InlineData("array", "not-json")]
    [InlineData("end mark in lower case", "not-json")]
    [InlineData("end mark with a space", "not-json")]
    [InlineData("two objects", "not-json")]
    public void Push_FaultAfterTheFirstEvent_HasItsNameAndKeepsTheFirst(string fault, string expected)
    {
        (string one, string two, string three) = (_stream.Delta("one"), _stream.Delta("two"), _stream.Finish());
        string rest = fault switch
        {
            "altered" => Altered(two, two.IndexOf("\"choices\"", StringComparison.Ordinal) - 3) + three,
            "dropped" => three,
            "repeated" => one + two + three,
            "swapped" => three + two,
            "of another exchange" => OfAnotherExchange(),
            "member dropped" => Without(two, "\"choices\""),
            "member renamed" => two.Replace("\"choices\"", "\"zchoices\"", StringComparison.Ordinal),
            "payload renamed, order kept" => two.Replace("\"choices\"", "\"choice\"", StringComparison.Ordinal),
            "unsealed member" => two.Replace("\"id\"", "\"id2\"", StringComparison.Ordinal),
            "sealed name repeated" => two.Replace("\"object\"", "\"model\"", StringComparison.Ordinal),
            "plain name repeated" => two.Replace("\"id\":\"x\"", "\"id\":\"x\",\"\\u0069d\":\"y\"", StringComparison.Ordinal),
            "empty object" => "data: {}\n\n" + two,
            "plain members only" => "data: {\"id\":\"x\",\"usage\":{\"total_tokens\":1}}\n\n" + two,
            "end mark too early" => ChoiceStream.Done,
            "text" => "data: x\n\n" + two,
            "nothing" => "data:\n\n" + two,
            "array" => "data: [" + two[6..^2] + "]\n\n",
            "end mark in lower case" => two + three + "data: [done]\n\n",
            "end mark with a space" => "data: [DONE] \n\n",
            _ => "data: {} " + two[6..],
        };
        DecryptedEvents opened = _stream.Open(one + rest + ChoiceStream.Done);
        Assert.Equal(expected, opened.Failure);
        Assert.False(opened.IsEnded);
        Assert.StartsWith(FirstDecrypted, opened.Output, StringComparison.Ordinal);
        Assert.StartsWith(opened.Output, ChoiceStream.WholeDecrypted, StringComparison.Ordinal);
    }

    [Fact]
    public void Complete_CutAnywhere_IsTruncatedAndKeepsWholeEvents()
    {
        string text = $"event: chunk\r\n{_stream.Delta("one").Replace("\n", "\r\n", StringComparison.Ordinal)}: comment\n\n"
            + _stream.Enclave.Event("""{"usage":{"a":{"b":1}},"choices":[]}""") + _stream.Finish() + "event: end\ndata: [DONE]";
        byte[] stream = Encoding.UTF8.GetBytes(text);
        DecryptedEvents whole = _stream.Open(stream);
        Assert.Null(whole.Failure);
        for (int length = 0; length < stream.Length; length++)
        {
            DecryptedEvents cut = _stream.Open(stream[..length]);
            Assert.True(cut.Failure == "truncated-stream", $"cut at {length}: {cut.Failure}");
            Assert.StartsWith(cut.Output, whole.Output, StringComparison.Ordinal);
            Assert.True(cut.Output.Length == 0 || cut.Output.EndsWith("}\n\n", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("data: [DONE]\n\n")]
    [InlineData("data: {}\n\n")]
    [InlineData("data\n")]
    public void Push_DataAfterTheEnd_IsAFailureAfterTheEvents(string more) =>
        Assert.Equal(new DecryptedEvents(ChoiceStream.WholeDecrypted, "data-after-end", true), _stream.Open(_stream.Whole() + more));

    [Fact]
    public void Push_EncryptedEventAfterTheEnd_IsNotReturned() =>
        Assert.Equal(
            new DecryptedEvents(ChoiceStream.WholeDecrypted, "data-after-end", true),
            _stream.Open(_stream.Whole() + _stream.Delta("more") + ChoiceStream.Done));

    [Fact]
    public void Complete_EndMarkMissing_IsTruncatedAfterTheEvents() =>
        Assert.Equal(
            new DecryptedEvents(ChoiceStream.WholeDecrypted.Replace(ChoiceStream.Done, "", StringComparison.Ordinal), "truncated-stream", false),
            _stream.Open(_stream.Whole().Replace(ChoiceStream.Done, "", StringComparison.Ordinal)));

    [Fact]
    public void Complete_Nothing_IsTruncated() => Assert.Equal(new DecryptedEvents("", "truncated-stream", false), _stream.Open(""));

    [Fact]
    public void Push_EndMarkBeforeEveryChoiceHasFinished_IsTruncated()
    {
        string running = _stream.Delta("a", 0) + _stream.Delta("b", 1) + _stream.Finish(1);
        Assert.Equal("truncated-stream", _stream.Open(running + ChoiceStream.Done).Failure);
        Assert.Null(_stream.Open(running + _stream.Finish(0) + ChoiceStream.Done).Failure);
    }

    [Fact]
    public void Push_ErrorEvent_IsThrownAfterTheEventsBefore()
    {
        string stream = _stream.Delta("one") + _stream.Enclave.Event("""{"error":{"message":"overloaded"}}""") + _stream.Whole();
        Assert.Equal(new DecryptedEvents(FirstDecrypted, "service Other", false), _stream.Open(stream));
    }

    [Fact]
    public void Push_UnsealedErrorEvent_IsNoErrorOfTheService()
    {
        string stream = _stream.Delta("one") + "event: error\ndata: {\"error\":{\"message\":\"gone\"}}\n\n";
        Assert.Equal(new DecryptedEvents(FirstDecrypted, "unsealed-member", false), _stream.Open(stream));
    }

    [Fact]
    public void Push_OwnRequestAsAnEvent_IsReflected()
    {
        using ExchangeCipher cipher = _stream.Enclave.Client();
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read("{\"choices\":[]}"u8));
        using PooledBytes request = JsonEncryptor.Encrypt("{\"choices\":[]}"u8, index, AnswerSealer.ChatPlain, cipher);
        using EventDecryptor opener = new(cipher, new ChoiceRules(), default);
        opener.Push([.. "data: "u8, .. request.Span, .. "\n\n"u8]);
        Assert.Equal("reflected", DecryptedEvents.NameOf(opener.Failure));
        Assert.Equal(0, opener.Output.Length);
    }

    [Fact]
    public void Push_AfterAFailure_TakesNothingAndKeepsTheFailure()
    {
        using EventDecryptor opener = _stream.Opener(out ExchangeCipher cipher);
        using (cipher)
        {
            opener.Push(Encoding.UTF8.GetBytes("data: x\n" + _stream.Whole()));
            PrivatemodeException? failure = opener.Failure;
            Assert.Equal("not-json", DecryptedEvents.NameOf(failure));
            opener.Push(Encoding.UTF8.GetBytes(_stream.Whole()));
            opener.Fail(AnswerFault.LineTooLong);
            opener.Complete();
            Assert.Same(failure, opener.Failure);
            Assert.Equal(0, opener.Output.Length);
            Assert.False(opener.IsEnded);
        }
    }

    [Fact]
    public void Push_RuleFailsUnexpectedly_StreamStaysBroken()
    {
        // Else the stream would go on behind an event that nobody got.
        LenientEventRules rules = new() { OnEvent = _ => throw new InvalidOperationException("a mistake of ours") };
        using ExchangeCipher cipher = _stream.Enclave.Client();
        using EventDecryptor opener = new(cipher, rules, default);
        Assert.Throws<InvalidOperationException>(() => opener.Push(Encoding.UTF8.GetBytes(_stream.Delta("one"))));
        rules.OnEvent = _ => AnswerFault.None;
        opener.Push(Encoding.UTF8.GetBytes(_stream.Delta("two")));
        Assert.Equal("already-failed", DecryptedEvents.NameOf(opener.Failure));
        Assert.Equal(0, opener.Output.Length);
    }

    public void Dispose() => _stream.Dispose();

    private static string Altered(string text, int at) => text[..at] + (text[at] == '0' ? '1' : '0') + text[(at + 1)..];

    private static string Without(string encryptedEvent, string name)
    {
        int from = encryptedEvent.IndexOf(name, StringComparison.Ordinal);
        int to = encryptedEvent.IndexOf('}', from);
        return encryptedEvent[..from].TrimEnd(',') + encryptedEvent[to..];
    }

    private static string OfAnotherExchange()
    {
        using ChoiceStream other = new();
        return other.Delta("one");
    }
}
