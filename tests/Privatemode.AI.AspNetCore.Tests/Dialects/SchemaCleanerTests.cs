using System.Buffers;
using System.Text;
using System.Text.Json;
using Privatemode.AI.AspNetCore.Dialects;

namespace Privatemode.AI.AspNetCore.Tests.Dialects;

/// <summary>Which keywords of a tool's schema stay.</summary>
public sealed class SchemaCleanerTests
{
    [Theory]
    [InlineData("""{"$schema":"s","$id":"i","$comment":"c","type":"object"}""", """{"type":"object"}""")]
    [InlineData("""{"properties":{}}""", """{"properties":{},"type":"object"}""")]
    [InlineData("""{"type":["object","null"]}""", """{"type":["object","null"]}""")]
    [InlineData("""{"type":"object","propertyNames":{"pattern":"^a"},"additionalProperties":{}}""", """{"type":"object"}""")]
    [InlineData("""{"type":"object","additionalProperties":false}""", """{"type":"object","additionalProperties":false}""")]
    [InlineData("""{"type":"object","additionalProperties":true}""", """{"type":"object","additionalProperties":true}""")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"string","$comment":"c"}}""",
        """{"type":"object","additionalProperties":{"type":"string"}}""")]
    [InlineData("""{"type":"object","additionalProperties":{"additionalProperties":{"$id":"i"}}}""", """{"type":"object"}""")]
    public void WriteInput_Keyword_IsDroppedOrCopied(string schema, string written) => Assert.Equal(written, Clean(schema));

    [Theory]
    [InlineData("items")]
    [InlineData("additionalItems")]
    [InlineData("contains")]
    [InlineData("not")]
    [InlineData("if")]
    [InlineData("then")]
    [InlineData("else")]
    [InlineData("additionalProperties")]
    [InlineData("unevaluatedItems")]
    [InlineData("unevaluatedProperties")]
    public void WriteInput_SchemaBelowAKeyword_IsCleaned(string keyword) => Assert.Equal(
        $$$"""{"type":"object","{{{keyword}}}":{"type":"object"}}""", Clean($$$"""{"type":"object","{{{keyword}}}":{"$schema":"s","type":"object"}}"""));

    [Theory]
    [InlineData("items")]
    [InlineData("prefixItems")]
    [InlineData("anyOf")]
    [InlineData("oneOf")]
    [InlineData("allOf")]
    public void WriteInput_SchemasInAList_AreCleaned(string keyword) => Assert.Equal(
        $$$"""{"type":"object","{{{keyword}}}":[{"type":"string"},true]}""",
        Clean($$$"""{"type":"object","{{{keyword}}}":[{"propertyNames":{},"type":"string"},true]}"""));

    [Theory]
    [InlineData("properties")]
    [InlineData("patternProperties")]
    [InlineData("$defs")]
    [InlineData("definitions")]
    [InlineData("dependentSchemas")]
    public void WriteInput_PropertyWithTheNameOfAKeyword_Stays(string map) => Assert.Equal(
        $$$$"""{"type":"object","{{{{map}}}}":{"$schema":{"type":"string"},"propertyNames":{},"additionalProperties":{}}}""",
        Clean($$$$"""{"type":"object","{{{{map}}}}":{"$schema":{"$id":"i","type":"string"},"propertyNames":{},"additionalProperties":{}}}"""));

    [Theory]
    [InlineData("""{"type":"object","enum":[{"$schema":1}],"const":{"$id":1}""" +
        ""","default":{"propertyNames":1},"examples":[{"$comment":1}],"required":["$schema"]}""")]
    [InlineData("""{"type":"integer","maximum":9007199254740991,"minimum":-9007199254740991,"multipleOf":1.10e0}""")]
    [InlineData("""{"type":"string","pattern":"^\u0061\\d\/$","description":"ä<&>"}""")]
    public void WriteInput_Values_AreCopiedByteForByte(string schema) => Assert.Equal(schema, Clean(schema));

    private static string Clean(string schema)
    {
        string once = Once(schema);
        Assert.Equal(once, Once(once));
        return once;
    }

    private static string Once(string schema)
    {
        using JsonDocument document = JsonDocument.Parse(schema);
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter writer = new(output))
        {
            SchemaCleaner.WriteInput(writer, document.RootElement);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
