using System.Text;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Tests.Pipeline.Requests;

public sealed class ClearMembersTests
{
    [Theory]
    [InlineData("""{"model":"m","stream":true,"n":1,"max_tokens":5,"max_completion_tokens":6,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"model":"openai/gpt-oss-120b","stream":null,"n":null,"stream_options":null}""")]
    [InlineData("""{"model":"m","stream_options":{"include_usage":null,"continuous_usage_stats":false}}""")]
    [InlineData("""{"model":"m","stream_options":{}}""")]
    [InlineData("""{"\u006dodel":"\u006d","Some_Name_9":"anything at all"}""")]
    [InlineData("""{"max_tokens":-1,"n":2147483647}""")]
    public void Check_RoutingFieldsOfTheirTypes_Pass(string json) => Assert.Null(Check(json));

    [Theory]
    [InlineData("""{"model":"tell me a secret"}""")]
    [InlineData("""{"model":"m\n"}""")]
    [InlineData("""{"model":""}""")]
    [InlineData("""{"model":null}""")]
    [InlineData("""{"model":5}""")]
    [InlineData("""{"model":["m"]}""")]
    [InlineData("""{"model":"\ud800"}""")]
    [InlineData("""{"model":"ü"}""")]
    [InlineData("""{"stream":"true"}""")]
    [InlineData("""{"stream":1}""")]
    [InlineData("""{"n":"1"}""")]
    [InlineData("""{"n":1.5}""")]
    [InlineData("""{"n":1e0}""")]
    [InlineData("""{"n":99999999999999999999999999}""")]
    [InlineData("""{"max_tokens":{"secret":1}}""")]
    [InlineData("""{"max_completion_tokens":[115,101,99]}""")]
    [InlineData("""{"stream_options":{"include_usage":"secret"}}""")]
    [InlineData("""{"stream_options":{"secret":true}}""")]
    [InlineData("""{"stream_options":{"include_usage":true,"include_usage":false}}""")]
    [InlineData("""{"stream_options":[true]}""")]
    [InlineData("""{"stream_options":"secret"}""")]
    public void Check_ClearFieldThatCouldCarryContent_IsRefused(string json) => Assert.Equal("clear-field", Check(json));

    [Theory]
    [InlineData("secret name")]
    [InlineData("naïve")]
    [InlineData("a.b")]
    [InlineData("a-b")]
    public void Check_NameThatCouldCarryContent_IsRefused(string name) => Assert.Equal("member-name", Check($$"""{"{{name}}":1}"""));

    [Fact]
    public void Check_NameOf65Characters_IsRefused()
    {
        Assert.Null(Check($$"""{"{{new string('a', 64)}}":1}"""));
        Assert.Equal("member-name", Check($$"""{"{{new string('a', 65)}}":1}"""));
    }

    [Fact]
    public void Check_ModelOf129Characters_IsRefused()
    {
        Assert.Null(Check($$"""{"model":"{{new string('m', 128)}}"}"""));
        Assert.Equal("clear-field", Check($$"""{"model":"{{new string('m', 129)}}"}"""));
    }

    [Fact]
    public void Check_OnEmbeddings_OnlyTheModelIsClear() =>
        Assert.Null(Check("""{"model":"m","stream":"sealed here","n":"sealed here"}""", EndpointRules.Embeddings.RequestClearNames));

    private static string? Check(string json, ClearNames? plain = null)
    {
        byte[] document = Encoding.UTF8.GetBytes(json);
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(document));
        Exception? exception = Record.Exception(() => ClearMembers.Check(document, index, plain ?? EndpointRules.ChatCompletions.RequestClearNames!));
        return exception is null ? null : Assert.IsType<PrivatemodeWouldLeakException>(exception).ErrorType;
    }
}
