using System.Text.Json;
using System.Text.Json.Serialization;

namespace Privatemode.AI.SemanticKernel.Settings;

/// <summary>Writes types and typed formats as JSON, because Semantic Kernel serializes settings.</summary>
internal sealed class ResponseFormatConverter : JsonConverter<object>
{
    public override object? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString() : JsonElement.ParseValue(ref reader);

    public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) => ResponseFormats.ToJson(value).WriteTo(writer);
}
