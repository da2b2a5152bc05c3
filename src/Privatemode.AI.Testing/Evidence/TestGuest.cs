using System.Security.Cryptography;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence;

/// <summary>The guest of an SEV-SNP deployment.</summary>
internal static class TestGuest
{
    public const string ResetAddressText = "0080b004";
    private const uint ResetAddress = 0x0080B004;
    private const int Processors = 8;

    // Computed once by IdBlock for the measurement and the policy of this guest; a test does it again. It would cost every start 30 ms.
    private const string IdKeyOnGenoa = "f8f24590b4b8f5e27b0569119277fa14a86af4bd3392dd6f4514f5f5b02af8f6b41fdfddcbd868b1c6229855dca07491";
    private const string IdKeyOnMilan = "a745c5f674583bb476156ea233b780a7f99a26befe6266a1640e6768b6413610b4071baff4fb363858a2501c17227ea3";

    /// <summary>The launch digest with one processor, as it is in the manifest.</summary>
    public static byte[] Seed { get; } = SHA384.HashData("test deployment: guest image"u8);

    /// <summary>Returns the launch digest of the running guest.</summary>
    public static byte[] Measurement(SnpLine line, int processors = Processors) =>
        LaunchMeasurement.Compute(Seed, ResetAddress, line.ApSignature, processors);

    /// <summary>Returns the digest of the key with which the ID block is signed.</summary>
    public static byte[] IdKeyDigest(SnpLine line) => Convert.FromHexString(line == SnpLine.Milan ? IdKeyOnMilan : IdKeyOnGenoa);
}
