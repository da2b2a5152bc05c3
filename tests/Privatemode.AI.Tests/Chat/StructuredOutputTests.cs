using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Privatemode.AI.Tests.Chat;

public sealed class StructuredOutputTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private const string Schema = """
        {"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
         "properties":{"people":{"type":"array","maxItems":5,"items":{"$ref":"#/$defs/person"}},"kind":{"enum":["a","b"]}},
         "required":["people"],
         "$defs":{"person":{"type":"object","properties":{"name":{"type":"string","minLength":1},
            "boss":{"anyOf":[{"$ref":"#/$defs/person"},{"type":"null"}]}}}}}
        """;

    private const string StrictSchema = """
        {"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
         "properties":{"people":{"type":"array","description":"maxItems: 5","items":{"$ref":"#/$defs/person"}},"kind":{"enum":["a","b"]}},
         "required":["people","kind"],"additionalProperties":false,
         "$defs":{"person":{"type":"object","properties":{"name":{"type":"string","description":"minLength: 1"},
            "boss":{"anyOf":[{"$ref":"#/$defs/person"},{"type":"null"}]}},"required":["name","boss"],"additionalProperties":false}}}
        """;

    [Fact]
    public async Task Schema_StrictNotAsked_IsPostedUnchanged()
    {
        ChatFixture.AssertJson(
            $$$"""{"type":"json_schema","json_schema":{"name":"json_schema","schema":{{{Schema}}}}}""",
            await PostFormatAsync(ChatResponseFormat.ForJsonSchema(Json(Schema))));
    }

    [Fact]
    public async Task Schema_StrictFalse_IsPostedUnchangedAndSaysSo()
    {
        ChatFixture.AssertJson(
            $$$"""{"type":"json_schema","json_schema":{"name":"json_schema","strict":false,"schema":{{{Schema}}}}}""",
            await PostFormatAsync(ChatResponseFormat.ForJsonSchema(Json(Schema)), strict: false));
    }

    [Fact]
    public async Task Schema_StrictTrue_IsMadeFitForStrictDecoding()
    {
        ChatFixture.AssertJson(
            $$$"""{"type":"json_schema","json_schema":{"name":"json_schema","strict":true,"schema":{{{StrictSchema}}}}}""",
            await PostFormatAsync(ChatResponseFormat.ForJsonSchema(Json(Schema)), strict: true));
    }

    [Fact]
    public async Task Schema_WithNameAndDescription_PostsThem()
    {
        ChatFixture.AssertJson(
            """{"type":"json_schema","json_schema":{"name":"People","description":"Who they are","schema":{"type":"object"}}}""",
            await PostFormatAsync(ChatResponseFormat.ForJsonSchema(Json("""{"type":"object"}"""), "People", "Who they are")));
    }

    [Fact]
    public async Task Schema_UsedTwiceStrictly_IsTheSameBothTimes()
    {
        ChatResponseFormat format = ChatResponseFormat.ForJsonSchema(Json(Schema));

        ChatFixture.AssertJson(await PostFormatAsync(format, strict: true), await PostFormatAsync(format, strict: true));
    }

    [Fact]
    public async Task Schema_WithTools_PostsBoth()
    {
        JsonElement body = Json(await fixture.PostAsync(new ChatOptions
        {
            ResponseFormat = ChatResponseFormat.ForJsonSchema(Json(Schema)),
            Tools = [AIFunctionFactory.CreateDeclaration("f", "d", Json("{}"))],
        }));

        Assert.Equal("json_schema", body.GetProperty("response_format").GetProperty("type").GetString());
        Assert.Equal(1, body.GetProperty("tools").GetArrayLength());
    }

    private async Task<string> PostFormatAsync(ChatResponseFormat format, bool? strict = null)
    {
        ChatOptions options = new() { ResponseFormat = format, AdditionalProperties = strict is null ? null : new() { ["strict"] = strict } };
        return Json(await fixture.PostAsync(options)).GetProperty("response_format").GetRawText();
    }

    private static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;
}
