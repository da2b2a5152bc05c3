using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Tests.Chat;

public sealed class ToolDeclarationTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Rich = """
        {"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Args","description":"All of it","type":"object",
         "properties":{
            "city":{"type":"string","description":"Name","minLength":2,"pattern":"^[a-z+<]+$"},
            "unit":{"enum":["C","F"]},
            "days":{"type":"array","minItems":1,"items":{"$ref":"#/$defs/day"}},
            "format":{"type":"string","format":"date-time","default":"now"},
            "any":true,
            "nested":{"type":"object","properties":{"n":{"type":["integer","null"],"minimum":0}},"required":[]}},
         "required":["city"],
         "$defs":{"day":{"type":"object","properties":{"name":{"type":"string"}}}}}
        """;

    [Fact]
    public async Task Tool_NotStrict_KeepsItsSchemaAndGetsWhatServersWant()
    {
        ChatFixture.AssertJson(
            """
            [{"type":"function","function":{"name":"f","description":"d","parameters":
             {"title":"Args","description":"All of it","type":"object",
              "properties":{
                "city":{"type":"string","description":"Name","minLength":2,"pattern":"^[a-z+<]+$"},
                "unit":{"enum":["C","F"]},
                "days":{"type":"array","minItems":1,"items":{"$ref":"#/$defs/day"}},
                "format":{"type":"string","format":"date-time","default":"now"},
                "any":true,
                "nested":{"type":"object","properties":{"n":{"type":["integer","null"],"minimum":0}},"required":[]}},
              "required":["city"],
              "$defs":{"day":{"type":"object","properties":{"name":{"type":"string"}}}},
              "additionalProperties":false}}}]
            """,
            await PostToolsAsync(Declare(Rich)));
    }

    [Fact]
    public async Task Tool_Strict_HasASchemaStrictDecodersTake()
    {
        ChatFixture.AssertJson(
            """
            [{"type":"function","function":{"name":"f","description":"d","strict":true,"parameters":
             {"title":"Args","description":"All of it","type":"object",
              "properties":{
                "city":{"type":"string","description":"Name (minLength: 2\npattern: \"^[a-z+<]+$\")"},
                "unit":{"enum":["C","F"]},
                "days":{"type":"array","description":"minItems: 1","items":{"$ref":"#/$defs/day"}},
                "format":{"type":"string","description":"Default value: \"now\" (format: \"date-time\")"},
                "any":{},
                "nested":{"type":"object","properties":{"n":{"type":["integer","null"],"description":"minimum: 0"}},"required":["n"],
                    "additionalProperties":false}},
              "required":["city","unit","days","format","any","nested"],
              "$defs":{"day":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}},
              "additionalProperties":false}}}]
            """,
            await PostToolsAsync(Declare(Rich, strict: true)));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("true")]
    [InlineData("""{"type":"object"}""")]
    [InlineData("""{"type":"object","properties":{},"required":[],"additionalProperties":false,"$schema":"x"}""")]
    public async Task Tool_WithoutParameters_GetsAWholeSchema(string schema)
    {
        ChatFixture.AssertJson(
            """
            [{"type":"function","function":{"name":"f","description":"d",
                "parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}]
            """,
            await PostToolsAsync(Declare(schema)));
    }

    [Fact]
    public async Task Tool_ThatTakesAnyMembers_MayGoOnDoingSo()
    {
        string posted = await PostToolsAsync(Declare("""{"type":"object","additionalProperties":{"type":"string"}}"""));

        Assert.Contains("\"additionalProperties\":{\"type\":\"string\"}", posted);
    }

    /// <summary>A schema may describe a member named like a keyword; only keywords are touched.</summary>
    [Fact]
    public async Task Tool_StrictWithMembersNamedLikeKeywords_KeepsThem()
    {
        string posted = await PostToolsAsync(Declare(
            """{"type":"object","properties":{"not":{"type":"string"},"pattern":{"type":"string"},"description":{"type":"integer"}}}""",
            strict: true));

        ChatFixture.AssertJson(
            """
            [{"type":"function","function":{"name":"f","description":"d","strict":true,"parameters":{"type":"object",
                "properties":{"not":{"type":"string"},"pattern":{"type":"string"},"description":{"type":"integer"}},
                "required":["not","pattern","description"],"additionalProperties":false}}}]
            """,
            posted);
    }

    /// <summary>Schemas come from anywhere; one whose description is not text must not break the call.</summary>
    [Fact]
    public async Task Tool_StrictWithDescriptionThatIsNotText_IsPosted()
    {
        string posted = await PostToolsAsync(Declare(
            """{"type":"object","properties":{"a":{"type":"string","description":5,"minLength":1}}}""", strict: true));

        Assert.Contains("minLength: 1", posted);
    }

    public static TheoryData<object?, object?, bool?> Strictness => new()
    {
        { null, null, null },
        { true, null, true },
        { false, null, false },
        { null, true, true },
        { null, false, false },
        { false, true, false },
        { true, false, true },
        { Json("true"), null, true },
        { null, Json("false"), false },
        { "yes", null, null },
    };

    [Theory]
    [MemberData(nameof(Strictness))]
    public async Task Strict_OnToolOrOptions_ToolWins(object? onTool, object? onOptions, bool? posted)
    {
        ChatOptions options = new()
        {
            Tools = [new Declaration(onTool)],
            AdditionalProperties = onOptions is null ? null : new() { ["strict"] = onOptions },
        };

        JsonElement function = Json(await fixture.PostAsync(options)).GetProperty("tools")[0].GetProperty("function");

        Assert.Equal(posted is not null, function.TryGetProperty("strict", out JsonElement strict));
        Assert.Equal(posted, posted is null ? null : strict.GetBoolean());
        Assert.Equal(posted == true, function.GetProperty("parameters").GetProperty("required").GetArrayLength() == 1);
    }

    public static TheoryData<ChatToolMode?, string> Modes => new()
    {
        { null, "\"auto\"" },
        { ChatToolMode.Auto, "\"auto\"" },
        { ChatToolMode.None, "\"none\"" },
        { ChatToolMode.RequireAny, "\"required\"" },
        { ChatToolMode.RequireSpecific("f"), """{"type":"function","function":{"name":"f"}}""" },
    };

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task ToolMode_WithTools_IsToolChoice(ChatToolMode? mode, string choice)
    {
        string body = await fixture.PostAsync(new ChatOptions { Tools = [Declare("{}")], ToolMode = mode });

        ChatFixture.AssertJson(choice, Json(body).GetProperty("tool_choice").GetRawText());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AllowMultipleToolCalls_WithTools_IsParallelToolCalls(bool? allow)
    {
        JsonElement body = Json(await fixture.PostAsync(new ChatOptions { Tools = [Declare("{}")], AllowMultipleToolCalls = allow }));

        Assert.Equal(allow is not null, body.TryGetProperty("parallel_tool_calls", out JsonElement posted));
        Assert.Equal(allow, allow is null ? null : posted.GetBoolean());
    }

    [Fact]
    public async Task Tools_Several_ArePostedInOrder()
    {
        AIFunction invocable = AIFunctionFactory.Create((int number) => number, "second", "Invocable.");
        ChatOptions options = new() { Tools = [Declare("{}"), new ApprovalRequiredAIFunction(invocable)] };

        JsonElement tools = Json(await fixture.PostAsync(options)).GetProperty("tools");

        Assert.Equal(["f", "second"], tools.EnumerateArray().Select(tool => tool.GetProperty("function").GetProperty("name").GetString()));
        Assert.Equal("integer", tools[1].GetProperty("function").GetProperty("parameters").GetProperty("properties").GetProperty("number")
            .GetProperty("type").GetString());
    }

    private async Task<string> PostToolsAsync(AITool tool) =>
        Json(await fixture.PostAsync(new ChatOptions { Tools = [tool] })).GetProperty("tools").GetRawText();

    private static Declaration Declare(string schema, bool? strict = null) => new Declaration(strict, schema);

    private static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;

    private sealed class Declaration(object? strict, string schema = """{"type":"object","properties":{"a":{"type":"string"}}}""")
        : AIFunctionDeclaration
    {
        public override string Name => "f";

        public override string Description => "d";

        public override JsonElement JsonSchema { get; } = Json(schema);

        public override IReadOnlyDictionary<string, object?> AdditionalProperties { get; } =
            strict is null ? new Dictionary<string, object?>() : new Dictionary<string, object?> { ["strict"] = strict };
    }
}
