using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Writes events that are added to a stream of choices. They have the ID, time and model of an event of the stream.</summary>
internal static class ClearEvents
{
    private static readonly string[] Head = ["id", "object", "created", "model"];

    /// <summary>An event with one choice.</summary>
    public static byte[] Choice(OpenedDocument opened, JsonObject choice) => Write(opened, writer =>
    {
        writer.WritePropertyName("choices");
        new JsonArray(choice).WriteTo(writer);
    });

    /// <summary>An event without choices that contains the usage of another event, as the OpenAI API sends it at the end of a stream.</summary>
    public static byte[] Usage(OpenedDocument opened) => Write(opened, writer =>
    {
        writer.WriteStartArray("choices");
        writer.WriteEndArray();
        Copy(opened, "usage", writer);
    });

    private static byte[] Write(OpenedDocument opened, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            foreach (string name in Head)
            {
                Copy(opened, name, writer);
            }

            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Copy(OpenedDocument opened, string name, Utf8JsonWriter writer)
    {
        if (opened.TryGet(Encoding.ASCII.GetBytes(name), out ReadOnlySpan<byte> value, out _))
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(value);
        }
    }
}
