using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.LocalProxy;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Responses;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Responses;

/// <summary>A streamed chat, decrypted and checked, becomes a streamed response: the vectors, event for event.</summary>
public sealed class ResponseStreamTests : IDisposable
{
    private static readonly IReadOnlyDictionary<string, JsonElement> Vectors = ResponseVectors.Read("answer-streams.json", "answer-streams-more.json");

    private readonly AnswerSealer _enclave = new();

    public static TheoryData<string> Names => [.. Vectors.Keys];

    [Fact]
    public void Vectors_AreAllThere() => Assert.Equal(23, Vectors.Count);

    [Theory]
    [MemberData(nameof(Names))]
    public void Stream_OfTheService_IsTheExpectedOne(string name)
    {
        JsonElement vector = Vectors[name];
        using EventDecryptor reader = Decrypt(vector, ResponseVectors.NewCall(vector), out ExchangeCipher cipher);
        using (cipher)
        {
            reader.Push(Encoding.UTF8.GetBytes(Wire(vector, _enclave.Event)));
            reader.Complete();
            AssertExpected(vector, reader);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Stream_ByteForByte_IsTheSame(string name)
    {
        JsonElement vector = Vectors[name];
        using EventDecryptor reader = Decrypt(vector, ResponseVectors.NewCall(vector), out ExchangeCipher cipher);
        using (cipher)
        {
            foreach (byte one in Encoding.UTF8.GetBytes(Wire(vector, _enclave.Event)))
            {
                reader.Push([one]);
            }

            reader.Complete();
            AssertExpected(vector, reader);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Stream_OfALocalProxy_IsTheSame(string name)
    {
        JsonElement vector = Vectors[name];
        if (name.Contains("S13", StringComparison.Ordinal))
        {
            // What is not authenticated cannot be found tampered with, and an error of a proxy has other words.
            return;
        }

        ResponsesCall translation = ResponseVectors.NewCall(vector);
        EncryptedCall call = new()
        {
            Rule = EndpointRules.ChatCompletions,
            RequestId = ResponseVectors.RequestId,
            WantsStream = true,
            EndsWithUsage = true,
            Translation = translation,
        };
        using LocalProxyEvents reader = new(call) { Translator = translation.BeginStream() };
        reader.Push(Encoding.UTF8.GetBytes(Wire(vector, json => $"data: {json.ReplaceLineEndings("")}\n\n")));
        reader.Complete();
        if (reader.Failure is null || !vector.GetProperty("end").ValueEquals("cut"))
        {
            AssertExpected(vector, reader);
        }
        else
        {
            // Whether what came before is authentic is not known of a proxy, so the words differ.
            JsonNode[] events = ResponseVectors.Events(Encoding.UTF8.GetString(reader.Output.Span));
            Assert.Equal("response.failed", events[^1]["type"]!.GetValue<string>());
            Assert.Equal(vector.GetProperty("expected").GetArrayLength(), events.Length);
        }
    }

    /// <summary>Programs run a call as soon as it is done, and believe a response that is complete.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Stream_BeforeTheEndMark_HasNoCallDoneAndNoEnd(string name)
    {
        JsonElement vector = Vectors[name];
        using EventDecryptor reader = Decrypt(vector, ResponseVectors.NewCall(vector), out ExchangeCipher cipher);
        using (cipher)
        {
            string wire = Wire(vector, _enclave.Event);
            reader.Push(Encoding.UTF8.GetBytes(wire.Replace(ChoiceStream.Done, "", StringComparison.Ordinal)));
            JsonNode[] events = ResponseVectors.Events(Encoding.UTF8.GetString(reader.Output.Span));
            Assert.DoesNotContain(events, one => one["type"]!.GetValue<string>() is "response.function_call_arguments.done"
                or "response.custom_tool_call_input.delta" or "response.custom_tool_call_input.done" or "response.completed" or "response.incomplete");
            Assert.DoesNotContain(events, one => one["type"]!.GetValue<string>() == "response.output_item.done"
                && one["item"]!["type"]!.GetValue<string>() is "function_call" or "custom_tool_call");
        }
    }

    /// <summary>Without it, a client believes that the next request may refer to this response.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Stream_EachEventAndEachResponse_SaysThatNothingIsStored(string name)
    {
        JsonElement vector = Vectors[name];
        using EventDecryptor reader = Decrypt(vector, ResponseVectors.NewCall(vector), out ExchangeCipher cipher);
        using (cipher)
        {
            reader.Push(Encoding.UTF8.GetBytes(Wire(vector, _enclave.Event)));
            reader.Complete();
            Assert.All(ResponseVectors.Events(Encoding.UTF8.GetString(reader.Output.Span)), one =>
            {
                Assert.False(one["store"]!.GetValue<bool>());
                if (one["response"] is { } response)
                {
                    Assert.False(response["store"]!.GetValue<bool>());
                }
            });
        }
    }

    public void Dispose() => _enclave.Dispose();

    private EventDecryptor Decrypt(JsonElement vector, ResponsesCall call, out ExchangeCipher cipher)
    {
        cipher = _enclave.Client();
        ChoiceEventRules rules = new(EndpointRules.ChatCompletions, 1, ResponseVectors.RequestId, endsWithUsage: true);
        return new EventDecryptor(cipher, rules, new AnswerContext("/v1/chat/completions", ResponseVectors.RequestId)) { Translator = call.BeginStream() };
    }

    private static void AssertExpected(JsonElement vector, EventReader reader)
    {
        JsonNode[] events = ResponseVectors.Events(Encoding.UTF8.GetString(reader.Output.Span));
        JsonNode[] expected =
            [.. vector.GetProperty("expected").EnumerateArray().Select((one, i) => ResponseVectors.Event(JsonNode.Parse(one.GetRawText())!, i))];
        for (int i = 0; i < Math.Min(events.Length, expected.Length); i++)
        {
            ResponseVectors.Equal(expected[i], events[i]);
        }

        Assert.Equal(expected.Length, events.Length);
        Assert.Equal(vector.TryGetProperty("throws", out JsonElement failure) ? failure.GetString() : null, DecryptedEvents.NameOf(reader.Failure));
    }

    /// <summary>The chat of a case as it comes from the network.</summary>
    private static string Wire(JsonElement vector, Func<string, string> send)
    {
        StringBuilder wire = new();
        foreach (JsonElement one in vector.GetProperty("chat").EnumerateArray())
        {
            if (one.ValueKind == JsonValueKind.String)
            {
                string sent = send(Chunk("""[{"index":0,"delta":{"content":"x"},"finish_reason":null}]""", null));
                int at = sent.LastIndexOf('"') - 3;
                _ = wire.Append(sent[..at]).Append(sent[at] == '0' ? '1' : '0').Append(sent[(at + 1)..]);
            }
            else if (one.TryGetProperty("error", out JsonElement error))
            {
                _ = wire.Append(send($$"""{"error":{{error.GetRawText()}}}"""));
            }
            else
            {
                _ = wire.Append(send(Chunk(Choices(one), Raw(one, "usage", null))));
            }
        }

        return wire.Append(vector.GetProperty("end").ValueEquals("cut") ? "" : ChoiceStream.Done).ToString();
    }

    private static string Choices(JsonElement one)
    {
        string? delta = one.TryGetProperty("raw", out JsonElement raw) ? raw.GetString() : Raw(one, "delta", null);
        return delta is null ? "[]"
            : $$"""[{"index":0,"delta":{{delta}},"logprobs":{{Raw(one, "logprobs", "null")}},"finish_reason":{{Raw(one, "finish", "null")}}}]""";
    }

    private static string Chunk(string choices, string? usage) =>
        $$"""{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":{{choices}}{{(usage is null ? "" : $",\"usage\":{usage}")}}}""";

    private static string? Raw(JsonElement one, string name, string? otherwise) =>
        one.TryGetProperty(name, out JsonElement value) ? value.GetRawText() : otherwise;
}
