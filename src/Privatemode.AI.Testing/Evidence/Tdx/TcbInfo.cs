using System.Text.Json;

namespace Privatemode.AI.Testing.Evidence.Tdx;

/// <summary>Intel's TCB info for one platform type.</summary>
internal sealed class TcbInfo() : SignedJson("tcbInfo")
{
    public string Id { get; set; } = "TDX";

    public int Version { get; set; } = 3;

    public string Fmspc { get; set; } = "B0C06F000000";

    public string PceId { get; set; } = "0000";

    public int TcbType { get; set; }

    /// <summary>The identities of TDX modules; null to omit them.</summary>
    public IReadOnlyList<ModuleIdentity>? Modules { get; set; } =
    [
        new("TDX_03", [new SvnLevel(3, "UpToDate")]),
        new("TDX_01", [new SvnLevel(5, "UpToDate"), new SvnLevel(3, "OutOfDate", "INTEL-SA-01192")]),
    ];

    /// <summary>The TCB levels, from the newest. The platform of the deployment has the first level.</summary>
    public List<TcbLevel> Levels { get; } =
    [
        new()
        {
            Sgx = PckPlatform.Components,
            PceSvn = PckPlatform.DefaultPceSvn,
            Tdx = [5, 0, 3, .. new byte[13]],
            Status = "UpToDate",
        },
        new()
        {
            Sgx = [4, 4, .. PckPlatform.Components[2..]],
            PceSvn = 11,
            Tdx = [5, 0, 3, .. new byte[13]],
            Status = "OutOfDate",
            Advisories = ["INTEL-SA-01079"],
        },
    ];

    protected override void WriteValue(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id);
        writer.WriteNumber("version", Version);
        WriteDates(writer);
        writer.WriteString("fmspc", Fmspc);
        writer.WriteString("pceId", PceId);
        writer.WriteNumber("tcbType", TcbType);
        writer.WriteNumber("tcbEvaluationDataNumber", EvaluationNumber);
        writer.WriteStartObject("tdxModule");
        ModuleIdentity.WriteSigner(writer);
        writer.WriteEndObject();
        if (Modules is not null)
        {
            writer.WriteStartArray("tdxModuleIdentities");
            foreach (ModuleIdentity module in Modules)
            {
                module.Write(writer);
            }

            writer.WriteEndArray();
        }

        writer.WriteStartArray("tcbLevels");
        foreach (TcbLevel level in Levels)
        {
            level.Write(writer);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
