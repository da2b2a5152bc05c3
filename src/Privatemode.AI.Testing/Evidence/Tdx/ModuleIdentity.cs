using System.Text.Json;

namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>The identity of a TDX module version.</summary>
internal sealed record ModuleIdentity(string Id, IReadOnlyList<SvnLevel> Levels)
{
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id);
        WriteSigner(writer);
        SvnLevel.WriteAll(writer, Levels);
        writer.WriteEndObject();
    }

    /// <summary>Writes Intel's signer, which consists of zeros.</summary>
    public static void WriteSigner(Utf8JsonWriter writer)
    {
        writer.WriteString("mrsigner", new string('0', 96));
        writer.WriteString("attributes", new string('0', 16));
        writer.WriteString("attributesMask", new string('F', 16));
    }
}
