using System.Text.Json;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Reads the lowest versions of the firmware's parts that the manifest accepts; all four must be there.</summary>
internal static class SnpMinimumTcb
{
    public static TcbVersion Read(JsonElement element, string path)
    {
        ManifestObject tcb = new(element, path, "BootloaderVersion", "TEEVersion", "SNPVersion", "MicrocodeVersion");
        return new TcbVersion(
            Fmc: 0,
            BootLoader: Version(tcb, "BootloaderVersion"),
            Tee: Version(tcb, "TEEVersion"),
            Snp: Version(tcb, "SNPVersion"),
            Microcode: Version(tcb, "MicrocodeVersion"));
    }

    private static byte Version(ManifestObject tcb, string name) =>
        (byte)(tcb.Number(name, byte.MaxValue, ManifestChecks.MinimumTcb)
            ?? throw ManifestObject.Failure.For(ManifestChecks.MinimumTcb).Create($"member {tcb.PathOf(name)}"));
}
