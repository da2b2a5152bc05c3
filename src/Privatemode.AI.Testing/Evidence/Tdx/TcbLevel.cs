using System.Text.Json;

namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>One TCB level of a platform.</summary>
internal sealed class TcbLevel
{
    public required byte[] Sgx { get; set; }

    public required ushort PceSvn { get; set; }

    public required byte[] Tdx { get; set; }

    public required string Status { get; set; }

    public IReadOnlyList<string> Advisories { get; set; } = [];

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("tcb");
        WriteComponents(writer, "sgxtcbcomponents", Sgx);
        writer.WriteNumber("pcesvn", PceSvn);
        WriteComponents(writer, "tdxtcbcomponents", Tdx);
        writer.WriteEndObject();
        WriteStatus(writer, Status, Advisories);
        writer.WriteEndObject();
    }

    /// <summary>Writes the members at the end of every level: the date, the status and the advisories.</summary>
    public static void WriteStatus(Utf8JsonWriter writer, string status, IReadOnlyList<string> advisories)
    {
        writer.WriteString("tcbDate", "2025-08-13T00:00:00Z");
        writer.WriteString("tcbStatus", status);
        if (advisories.Count > 0)
        {
            writer.WriteStartArray("advisoryIDs");
            foreach (string advisory in advisories)
            {
                writer.WriteStringValue(advisory);
            }

            writer.WriteEndArray();
        }
    }

    private static void WriteComponents(Utf8JsonWriter writer, string name, byte[] components)
    {
        writer.WriteStartArray(name);
        foreach (byte svn in components)
        {
            writer.WriteStartObject();
            writer.WriteNumber("svn", svn);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
