using System.Text.Json;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Attestation.Contrast;

// Reference: SEV-SNP firmware ABI 1.58, table 10 (guest policy).

/// <summary>Reads the guest policy the manifest names: the 64 bits that the launch was bound to.</summary>
internal static class SnpGuestPolicy
{
    private const int AbiMajorShift = 8;
    private const ulong AlwaysOne = 1ul << 17;
    private const ulong MigrationAgent = 1ul << 18;
    private const ulong Debugging = 1ul << 19;

    private static readonly (string Name, ulong Bit)[] Flags =
    [
        ("SMT", 1ul << 16),
        ("MigrateMA", MigrationAgent),
        ("Debug", Debugging),
        ("SingleSocket", 1ul << 20),
        ("CXLAllowed", 1ul << 21),
        ("MemAES256XTS", 1ul << 22),
        ("RAPLDis", 1ul << 23),
        ("CipherTextHidingDRAM", 1ul << 24),
        ("PageSwapDisable", 1ul << 25),
    ];

    private static readonly string[] Names = ["ABIMinor", "ABIMajor", .. Flags.Select(flag => flag.Name)];

    /// <summary>Reads the object; when it is absent every number is 0 and every flag false.</summary>
    public static SnpPolicyBits Read(JsonElement? element, string path)
    {
        ulong value = AlwaysOne;
        if (element is { } present)
        {
            ManifestObject policy = new(present, path, Names);
            value |= policy.Number("ABIMinor", byte.MaxValue, ManifestChecks.Format) ?? 0;
            value |= (policy.Number("ABIMajor", byte.MaxValue, ManifestChecks.Format) ?? 0) << AbiMajorShift;
            foreach ((string name, ulong bit) in Flags)
            {
                value |= policy.Flag(name) ? bit : 0;
            }
        }

        Refuse(value, Debugging, ManifestChecks.Debug, $"{path}.Debug false: the host could read the machine's memory");
        Refuse(value, MigrationAgent, ManifestChecks.Migration, $"{path}.MigrateMA false: another machine could take this one's memory");
        return new SnpPolicyBits(value);
    }

    private static void Refuse(ulong value, ulong bit, string check, string expected)
    {
        if ((value & bit) != 0)
        {
            throw ManifestObject.Failure.For(check).Create(expected);
        }
    }
}
