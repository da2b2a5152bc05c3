using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Chat;

/// <summary>Writes JSON, and names of dictionaries, that may contain half of a surrogate pair; see <see cref="WellFormedText"/>.</summary>
internal static class WellFormedConverters
{
    /// <param name="options">The options to add the converters to.</param>
    /// <param name="member">The member that exceptions name.</param>
    public static void AddTo(JsonSerializerOptions options, string member)
    {
        options.Converters.Add(new ElementConverter(member));
        options.Converters.Add(new NodeConverter(member));
        options.Converters.Add(new TextConverter(member));
    }

    private sealed class ElementConverter(string member) : JsonConverter<JsonElement>
    {
        public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options)
        {
            if (value.ValueKind == JsonValueKind.Undefined)
            {
                throw new JsonException();
            }

            WellFormedText.Of(member, value).WriteTo(writer);
        }
    }

    private sealed class NodeConverter(string member) : JsonConverter<JsonNode>
    {
        public override bool CanConvert(Type typeToConvert) => typeof(JsonNode).IsAssignableFrom(typeToConvert);

        public override JsonNode Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, JsonNode value, JsonSerializerOptions options) => WellFormedText.Write(member, writer, value);
    }

    private sealed class TextConverter(string member) : JsonConverter<string>
    {
        public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

        public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) =>
            writer.WritePropertyName(WellFormedText.ValidateName(member, value));
    }
}
