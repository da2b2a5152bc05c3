using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline;

/// <summary>Writes events that the stream of choices does not have by itself, with the head of an event it has.</summary>
internal static class ClearEvents
{
    private static readonly string[] Head = ["id", "object", "created", "model"];

    /// <summary>An event with one choice.</summary>
    public static byte[] Choice(OpenedDocument opened, JsonObject choice) => Write(opened, writer =>
    {
        writer.WritePropertyName("choices");
        new JsonArray(choice).WriteTo(writer);
    });

    /// <summary>An event with the usage of an event and without choices, as the OpenAI API ends a stream.</summary>
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
