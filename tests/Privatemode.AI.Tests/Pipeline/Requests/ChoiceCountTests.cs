using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Requests;

public sealed class ChoiceCountTests
{
    [Theory]
    [InlineData("""{"model":"m"}""", 1)]
    [InlineData("""{"n":null}""", 1)]
    [InlineData("""{"n":0}""", 1)]
    [InlineData("""{"n":-3}""", 1)]
    [InlineData("""{"n":3}""", 3)]
    [InlineData("""{"prompt":"a"}""", 1)]
    [InlineData("""{"prompt":["a","b"]}""", 2)]
    [InlineData("""{"prompt":["a","b"],"n":3}""", 6)]
    [InlineData("""{"prompt":[1,2,3],"n":2}""", 2)]
    [InlineData("""{"prompt":[[1,2],[3],[]],"n":2}""", 6)]
    [InlineData("""{"prompt":[]}""", 1)]
    [InlineData("""{"prompt":["a","b"],"n":2147483647}""", int.MaxValue)]
    public void Of_Body_IsNForEachPrompt(string body, int expected)
    {
        using JsonRequestBody plain = new(PooledBytes.Copy(Encoding.UTF8.GetBytes(body)));
        Assert.Equal(expected, ChoiceCount.Of(plain));
    }

    [Theory]
    [InlineData(false, "truncated-stream")]
    [InlineData(true, null)]
    public void Stream_OfTwoChoices_NeedsTheFinishOfBoth(bool both, string? failure)
    {
        using ChoiceStream source = new();
        using ExchangeCipher cipher = source.Enclave.Client();
        AnswerContext context = new("/v1/chat/completions", "sdk_0");
        using EventDecryptor opener = new(cipher, new ChoiceEventRules(EndpointRules.ChatCompletions, 2, "sdk_0"), context);
        opener.Push(Encoding.UTF8.GetBytes(source.Delta("a") + source.Finish() + (both ? source.Delta("b", 1) + source.Finish(1) : "") + ChoiceStream.Done));
        opener.Complete();
        Assert.Equal(failure, DecryptedEvents.NameOf(opener.Failure));
    }
}
