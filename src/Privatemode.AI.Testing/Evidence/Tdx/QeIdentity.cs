using System.Text.Json;

namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>Intel's information about its quoting enclave (QE identity).</summary>
internal sealed class QeIdentity() : SignedJson("enclaveIdentity")
{
    public string Id { get; set; } = "TD_QE";

    public int Version { get; set; } = 2;

    public string MrSigner { get; set; } = Convert.ToHexString(QeReport.IntelSigner);

    public int ProductId { get; set; } = 2;

    public IReadOnlyList<SvnLevel> Levels { get; set; } = [new(4, "UpToDate"), new(2, "OutOfDate", "INTEL-SA-00837")];

    protected override void WriteValue(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id);
        writer.WriteNumber("version", Version);
        WriteDates(writer);
        writer.WriteNumber("tcbEvaluationDataNumber", EvaluationNumber);
        writer.WriteString("miscselect", "00000000");
        writer.WriteString("miscselectMask", "FFFFFFFF");
        writer.WriteString("attributes", "11000000000000000000000000000000");
        writer.WriteString("attributesMask", "FBFFFFFFFFFFFFFF0000000000000000");
        writer.WriteString("mrsigner", MrSigner);
        writer.WriteNumber("isvprodid", ProductId);
        SvnLevel.WriteAll(writer, Levels);
        writer.WriteEndObject();
    }
}
