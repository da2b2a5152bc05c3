using System.Text.Json;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Testing.Evidence.Contrast;

/// <summary>The reference values for TDX evidence in a manifest.</summary>
internal sealed class TdxReference
{
    private static readonly TdReport Expected = new();

    public string Platform { get; set; } = "Metal-QEMU-TDX-GPU";

    public int EvaluationNumber { get; set; } = 20;

    public byte[] MrTd { get; set; } = Expected.MrTd;

    public byte[] MrSeam { get; set; } = Expected.MrSeam;

    public IReadOnlyList<byte[]> Rtmrs { get; set; } = Expected.Rtmrs;

    public byte[] Xfam { get; set; } = Expected.Xfam;

    public IReadOnlyList<byte[]> PlatformInstances { get; set; } = [PckPlatform.SiblingInstance, PckPlatform.OwnInstance];

    /// <summary>Writes the reference values. They require memory integrity, disabled SMT and a static platform, although production requires none of these:
    /// only then can tests break them.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("Platform"u8, Platform);
        writer.WriteNumber("MinTCBEvaluationDataNumber"u8, EvaluationNumber);
        writer.WriteString("MrTd"u8, Convert.ToHexStringLower(MrTd));
        writer.WriteString("MrSeam"u8, Convert.ToHexStringLower(MrSeam));
        WriteAll(writer, "Rtmrs", Rtmrs);
        writer.WriteString("Xfam"u8, Convert.ToHexStringLower(Xfam));
        WriteAll(writer, "AllowedPIIDs", PlatformInstances);
        writer.WriteBoolean("MemoryIntegrity"u8, true);
        writer.WriteBoolean("SMTDisabled"u8, true);
        writer.WriteBoolean("StaticPlatform"u8, true);
        writer.WriteEndObject();
    }

    private static void WriteAll(Utf8JsonWriter writer, string name, IReadOnlyList<byte[]> values)
    {
        writer.WriteStartArray(name);
        foreach (byte[] value in values)
        {
            writer.WriteStringValue(Convert.ToHexStringLower(value));
        }

        writer.WriteEndArray();
    }
}
