using System.ClientModel.Primitives;
using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Tests.Chat;

public sealed class AdditionalPropertiesTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Member = "ChatOptions.AdditionalProperties";

    private const string Nested = """{"enable_thinking":false,"deep":{"a":[1,{"b":null}],"c":"ä\n"}}""";

    public static TheoryData<string, object?, string> Values => new()
    {
        { "chat_template_kwargs", Element(Nested), Nested },
        { "allowed_token_ids", new[] { 1, 2, 3 }, "[1,2,3]" },
        { "logprob_token_ids", new List<object?> { 1L, (short)2, null, "x", 0.5m }, """[1,2,null,"x",0.5]""" },
        { "continue_final_message", true, "true" },
        { "min_p", 0.05, "0.05" },
        { "float_32", 0.1f, "0.1" },
        { "big", ulong.MaxValue, "18446744073709551615" },
        { "exponent", 1e300, "1E+300" },
        { "exact", 1.10m, "1.10" },
        { "text", "a \"b\"\n\u00e4😀", "\"a \\\"b\\\"\\n\\u00e4\\ud83d\\ude00\"" },
        { "nothing", null, "null" },
        { "element_number", Element("1.50"), "1.50" },
        { "node", JsonNode.Parse("""{"x":[true]}"""), """{"x":[true]}""" },
        { "object_dictionary", new Dictionary<string, object?> { ["a"] = 1, ["b"] = new[] { "c" } }, """{"a":1,"b":["c"]}""" },
        { "logit_bias", new Dictionary<string, int> { ["17"] = -100 }, """{"17":-100}""" },
        { "metadata", new Dictionary<string, string> { ["k"] = "v" }, """{"k":"v"}""" },
        { "ordered", new AdditionalPropertiesDictionary { ["z"] = 1 }, """{"z":1}""" },
        { "empty_list", Array.Empty<int>(), "[]" },
        { "empty_object", new Dictionary<string, object?>(), "{}" },
        { "temperature", 0.5, "0.5" },
        { "stop", "END", "\"END\"" },
        { "response_format", Element("""{"type":"grammar"}"""), """{"type":"grammar"}""" },
        { "1digit_first", 1, "1" },
        { "UPPER", 1, "1" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Value_OfAJsonKind_IsPostedAsItIs(string name, object? value, string json)
    {
        ChatFixture.AssertJson(
            $$"""{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}],"{{name}}":{{json}}}""",
            await fixture.PostAsync(new ChatOptions { AdditionalProperties = new() { [name] = value } }));
    }

    [Fact]
    public async Task Value_JsonElement_KeepsItsExactText()
    {
        const string Exact = """{"n":1.50,"e":1e5,"big":123456789012345678901234567890}""";

        _ = await fixture.PostAsync(new ChatOptions { AdditionalProperties = new() { ["x"] = Element(Exact) } });

        Assert.Contains($"\"x\":{Exact}", fixture.Deployment.Requests[^1].DecryptedBody!);
    }

    [Fact]
    public async Task CacheSalt_OfOneCall_IsTheOneUsed()
    {
        string salt = new('s', 32);

        _ = await fixture.Chat.GetResponseAsync("hi", new ChatOptions { AdditionalProperties = new() { ["cache_salt"] = salt } });

        Assert.Equal(salt, Element(fixture.Deployment.Requests[^1].DecryptedBody!).GetProperty("cache_salt").GetString());
    }

    [Fact]
    public async Task Strict_IsNotPosted()
    {
        ChatFixture.AssertJson(
            """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""",
            await fixture.PostAsync(new ChatOptions { AdditionalProperties = new() { ["strict"] = true } }));
    }

    [Theory]
    [InlineData("messages")]
    [InlineData("model")]
    [InlineData("stream")]
    [InlineData("stream_options")]
    [InlineData("n")]
    [InlineData("max_tokens")]
    [InlineData("max_completion_tokens")]
    [InlineData("tools")]
    [InlineData("tool_choice")]
    [InlineData("parallel_tool_calls")]
    [InlineData("functions")]
    [InlineData("function_call")]
    public async Task Name_Reserved_IsRefusedByName(string name)
    {
        PrivatemodeRequestException exception = await RefusedAsync(new() { AdditionalProperties = new() { [name] = "canary" } });

        Assert.Contains($"'{name}'", exception.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("a.b")]
    [InlineData("a['b']")]
    [InlineData("$")]
    [InlineData("ünï")]
    [InlineData("a-b")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    public async Task Name_ThatCouldCarryContent_IsRefused(string name)
    {
        PrivatemodeRequestException exception = await RefusedAsync(new() { AdditionalProperties = new() { [name] = 1 } });

        Assert.True(name.Length == 0 || !exception.Message.Contains($"'{name}'", StringComparison.Ordinal));
    }

    public static TheoryData<string, ChatOptions> SetTwice => new()
    {
        { "temperature", new() { Temperature = 0.5f } },
        { "top_p", new() { TopP = 0.5f } },
        { "top_k", new() { TopK = 5 } },
        { "frequency_penalty", new() { FrequencyPenalty = 0.5f } },
        { "presence_penalty", new() { PresencePenalty = 0.5f } },
        { "seed", new() { Seed = 5 } },
        { "stop", new() { StopSequences = ["x"] } },
        { "response_format", new() { ResponseFormat = ChatResponseFormat.Json } },
        { "reasoning_effort", new() { Reasoning = new() { Effort = ReasoningEffort.Low } } },
        { "web_search_options", new() { RawRepresentationFactory = _ => new OpenAI.Chat.ChatCompletionOptions { WebSearchOptions = new() } } },
        { "logit_bias", new() { RawRepresentationFactory = _ => WithLogitBias() } },
        { "user", new() { RawRepresentationFactory = _ => new OpenAI.Chat.ChatCompletionOptions { EndUserId = "u" } } },
        { "min_p", new() { RawRepresentationFactory = _ => WithPatch("$.min_p", "0.5") } },
    };

    [Theory]
    [MemberData(nameof(SetTwice))]
    public async Task Name_AlsoSetElsewhere_IsRefusedByName(string name, ChatOptions options)
    {
        options.AdditionalProperties = new() { [name] = "canary" };

        PrivatemodeRequestException exception = await RefusedAsync(options);

        Assert.Contains($"'{name}'", exception.Message);
    }

    /// <summary>A member that a later OpenAI client adds fails here: the table of typed members must know it.</summary>
    [Fact]
    public async Task Name_OfAnyTypedMember_IsRefused()
    {
        Assert.Empty(typeof(OpenAI.Chat.ChatCompletionOptions).GetProperties()
            .Where(property => IsUnset(property, WithEverything())).Select(property => property.Name));
        using JsonDocument written = JsonDocument.Parse(ModelReaderWriter.Write(WithEverything()).ToMemory());
        string[] names = [.. written.RootElement.EnumerateObject().Select(member => member.Name)];
        Assert.True(names.Length > 20, string.Join(' ', names));
        foreach (string name in names)
        {
            ChatOptions options = new() { RawRepresentationFactory = _ => WithEverything(), AdditionalProperties = new() { [name] = "canary" } };
            Assert.Contains($"'{name}'", (await RefusedAsync(options)).Message);
        }
    }

    [Fact]
    public async Task Name_AppendedToThePatchOrBelowIt_IsRefused()
    {
        ChatOptions options = new() { RawRepresentationFactory = _ => Patched(), AdditionalProperties = new() { ["odd"] = 1 } };
        Assert.Contains("'odd'", (await RefusedAsync(options)).Message);
        options.AdditionalProperties = new() { ["deep"] = 1 };
        Assert.Contains("'deep'", (await RefusedAsync(options)).Message);

        static OpenAI.Chat.ChatCompletionOptions Patched()
        {
            OpenAI.Chat.ChatCompletionOptions options = new();
            options.Patch.Append("$.odd"u8, 1);
            options.Patch.Set("$.deep.er"u8, 1);
            return options;
        }
    }

    private static bool IsUnset(PropertyInfo property, OpenAI.Chat.ChatCompletionOptions options) =>
        property.Name != nameof(options.Patch) && property.GetValue(options) is null or ICollection { Count: 0 };

    private static OpenAI.Chat.ChatCompletionOptions WithEverything()
    {
        OpenAI.Chat.ChatCompletionOptions options = new()
        {
            AllowParallelToolCalls = true,
            AudioOptions = new(OpenAI.Chat.ChatOutputAudioVoice.Alloy, OpenAI.Chat.ChatOutputAudioFormat.Mp3),
            EndUserId = "u",
            FrequencyPenalty = 0.5f,
            IncludeLogProbabilities = true,
            MaxOutputTokenCount = 1,
            OutputPrediction = OpenAI.Chat.ChatOutputPrediction.CreateStaticContentPrediction("x"),
            PresencePenalty = 0.5f,
            ReasoningEffortLevel = OpenAI.Chat.ChatReasoningEffortLevel.Low,
            ResponseFormat = OpenAI.Chat.ChatResponseFormat.CreateTextFormat(),
            ResponseModalities = OpenAI.Chat.ChatResponseModalities.Text,
            SafetyIdentifier = "s",
            Seed = 1,
            ServiceTier = OpenAI.Chat.ChatServiceTier.Default,
            StoredOutputEnabled = true,
            Temperature = 0.5f,
            ToolChoice = OpenAI.Chat.ChatToolChoice.CreateAutoChoice(),
            TopLogProbabilityCount = 1,
            TopP = 0.5f,
            WebSearchOptions = new(),
        };
        options.LogitBiases[1] = 1;
        options.Metadata["k"] = "v";
        options.StopSequences.Add("x");
        options.Tools.Add(OpenAI.Chat.ChatTool.CreateFunctionTool("f"));
#pragma warning disable CS0618 // Obsolete, but written.
        options.FunctionChoice = OpenAI.Chat.ChatFunctionChoice.CreateAutoChoice();
        options.Functions.Add(new OpenAI.Chat.ChatFunction("f"));
#pragma warning restore CS0618
        return options;
    }

    public static TheoryData<object> NotJson => new()
    {
        new object(), DateTime.UnixEpoch, Guid.Empty, new Uri("https://canary"), 'c', DayOfWeek.Monday, double.NaN, float.PositiveInfinity,
        default(JsonElement), new Dictionary<int, string> { [1] = "canary" },
        new List<object> { new Dictionary<string, object> { ["x"] = new object() } },
    };

    [Theory]
    [MemberData(nameof(NotJson))]
    public async Task Value_OfAnotherKind_IsRefusedByName(object value)
    {
        PrivatemodeRequestException exception = await RefusedAsync(new() { AdditionalProperties = new() { ["odd"] = value } });

        Assert.Contains("'odd'", exception.Message);
    }

    [Fact]
    public async Task Value_ThatContainsItself_IsRefusedByName()
    {
        List<object> list = [];
        list.Add(list);

        Assert.Contains("'odd'", (await RefusedAsync(new() { AdditionalProperties = new() { ["odd"] = list } })).Message);
    }

    [Fact]
    public async Task Properties_SeveralOneBad_NothingIsSent()
    {
        _ = await RefusedAsync(new() { AdditionalProperties = new() { ["min_p"] = 0.5, ["odd"] = new object() } });
    }

    private async Task<PrivatemodeRequestException> RefusedAsync(ChatOptions options)
    {
        int before = fixture.Deployment.Requests.Count;
        PrivatemodeRequestException exception =
            await Assert.ThrowsAsync<PrivatemodeRequestException>(() => fixture.Chat.GetResponseAsync("hi", options));
        _ = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => fixture.StreamAsync(options));
        Assert.Equal(Member, exception.Member);
        Assert.DoesNotContain("canary", exception.ToString());
        Assert.Equal(before, fixture.Deployment.Requests.Count);
        return exception;
    }

    private static JsonElement Element(string json) => JsonDocument.Parse(json).RootElement;

    private static OpenAI.Chat.ChatCompletionOptions WithLogitBias()
    {
        OpenAI.Chat.ChatCompletionOptions options = new();
        options.LogitBiases[17] = 5;
        return options;
    }

    private static OpenAI.Chat.ChatCompletionOptions WithPatch(string path, string json)
    {
        OpenAI.Chat.ChatCompletionOptions options = new();
        options.Patch.Set(System.Text.Encoding.UTF8.GetBytes(path), BinaryData.FromString(json));
        return options;
    }
}
