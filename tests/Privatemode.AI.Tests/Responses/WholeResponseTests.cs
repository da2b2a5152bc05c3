using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Responses;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Responses;

/// <summary>A whole chat becomes a response: the vectors, and the limits.</summary>
public sealed class WholeResponseTests
{
    private static readonly IReadOnlyDictionary<string, JsonElement> Vectors = ResponseVectors.Read("answers-whole.json");

    public static TheoryData<string> Names => [.. Vectors.Keys];

    [Fact]
    public void Vectors_AreAllThere() => Assert.Equal(23, Vectors.Count);

    [Theory]
    [MemberData(nameof(Names))]
    public void Answer_IsTheExpectedOne(string name)
    {
        JsonElement vector = Vectors[name];
        string usage = vector.TryGetProperty("usage", out JsonElement counts) ? $",\"usage\":{counts.GetRawText()}" : "";
        string chat = $$"""{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{{vector.GetProperty("choice").GetRawText()}}]{{usage}}}""";
        if (vector.TryGetProperty("throws", out JsonElement failure))
        {
            PrivatemodeServiceException exception = Assert.Throws<PrivatemodeServiceException>(() => Translate(chat, vector));
            Assert.Equal(failure.GetString(), DecryptedEvents.NameOf(exception));
            Assert.Equal(ResponseVectors.RequestId, exception.RequestId);
            return;
        }

        JsonNode overlay = JsonNode.Parse(vector.GetProperty("response").GetRawText())!;
        ResponseVectors.Equal(ResponseVectors.Response(overlay, overlay["status"]?.GetValue<string>() ?? "completed"), Translate(chat, vector));
    }

    [Fact]
    public void Echo_LongerThanItsLimit_IsLeftOut()
    {
        using ResponsesCall call = ResponseVectors.NewCall(default);
        string longest = new('x', ResponseEcho.Limit - "{'k':''}".Length);
        call.Echo.Add("metadata", Encoding.UTF8.GetBytes($$"""{"k":"{{longest}}"}"""));
        call.Echo.Add("temperature", "0"u8);
        JsonNode response = Translate("""{"choices":[{"message":{"content":"b"},"finish_reason":"stop"}]}""", call);
        Assert.Equal(longest, response["metadata"]!["k"]!.GetValue<string>());
        Assert.Null(response["temperature"]);
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void Calls_UpToTheirLimit_AreTranslated(int count, bool isAccepted)
    {
        using ResponsesCall call = ResponseVectors.NewCall(default);
        string calls = string.Join(
            ',', Enumerable.Range(0, count).Select(i => $$$"""{"id":"c{{{i}}}","type":"function","function":{"name":"f","arguments":"{}"}}"""));
        string chat = $$$"""{"choices":[{"message":{"tool_calls":[{{{calls}}}]},"finish_reason":"tool_calls"}]}""";
        if (isAccepted)
        {
            Assert.Equal(count, Translate(chat, call)["output"]!.AsArray().Count);
        }
        else
        {
            PrivatemodeServiceException exception = Assert.Throws<PrivatemodeServiceException>(() => Translate(chat, call));
            Assert.Contains("more than 256 tool calls", exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":1},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"message":{"content":"a","content":"b"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"message":{"content":"a"},"message":{"content":"b"},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":{}},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"id":"","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":{}}}]},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"message":"x","finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[1]}""")]
    public void Answer_OfAnUnknownForm_IsRefused(string chat)
    {
        using ResponsesCall call = ResponseVectors.NewCall(default);
        PrivatemodeServiceException exception =
            Assert.Throws<PrivatemodeServiceException>(() => WholeResponse.Translate(Encoding.UTF8.GetBytes(chat), call));
        Assert.Equal(ServiceFailureReason.Other, exception.Reason);
    }

    private static JsonNode Translate(string chat, JsonElement vector)
    {
        using ResponsesCall call = ResponseVectors.NewCall(vector);
        return Translate(chat, call);
    }

    private static JsonNode Translate(string chat, ResponsesCall call)
    {
        using DecryptedDocument document = new();
        Assert.Equal(AnswerFault.None, document.ReadUnencrypted(Encoding.UTF8.GetBytes(chat), allowsArray: false));
        EncryptedCall sent = new() { Rule = EndpointRules.ChatCompletions, RequestId = ResponseVectors.RequestId, Translation = call };
        using MemoryStream response = AnswerReader.Normalize(document, sent);
        return JsonNode.Parse(response)!;
    }
}
