using System.Text.Json;

namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>One TCB level of a TDX module or a quoting enclave.</summary>
internal sealed record SvnLevel(int Svn, string Status, params string[] Advisories)
{
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("tcb");
        writer.WriteNumber("isvsvn", Svn);
        writer.WriteEndObject();
        TcbLevel.WriteStatus(writer, Status, Advisories);
        writer.WriteEndObject();
    }

    public static void WriteAll(Utf8JsonWriter writer, IEnumerable<SvnLevel> levels)
    {
        writer.WriteStartArray("tcbLevels");
        foreach (SvnLevel level in levels)
        {
            level.Write(writer);
        }

        writer.WriteEndArray();
    }
}
