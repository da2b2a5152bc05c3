using System.Text.Json;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Attestation.Contrast;

// Reference: AMD 56860, PLATFORM_INFO.

/// <summary>Reads what the manifest says about the platform's state: flags that it allows, and flags that it demands.</summary>
internal static class SnpPlatformDemands
{
    private static readonly (string Name, ulong Bit)[] Flags =
    [
        ("SMTEnabled", 1ul << 0),
        ("TSMEEnabled", 1ul << 1),
        ("ECCEnabled", 1ul << 2),
        ("RAPLDisabled", 1ul << 3),
        ("CiphertextHidingDRAMEnabled", 1ul << 4),
        ("AliasCheckComplete", 1ul << 5),
        ("TIOEnabled", 1ul << 7),
    ];

    private static readonly string[] Names = [.. Flags.Select(flag => flag.Name)];

    /// <summary>Reads the object; when it is absent no flag is set: nothing is allowed and nothing demanded.</summary>
    public static SnpPlatformInfo Read(JsonElement? element, string path)
    {
        if (element is not { } present)
        {
            return default;
        }

        ManifestObject info = new(present, path, Names);
        ulong value = 0;
        foreach ((string name, ulong bit) in Flags)
        {
            value |= info.Flag(name) ? bit : 0;
        }

        return new SnpPlatformInfo(value);
    }
}
