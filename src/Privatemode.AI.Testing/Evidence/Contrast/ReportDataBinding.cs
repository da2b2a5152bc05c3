using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Contrast;

/// <summary>Computes the report data, which bind a report to the nonce, the manifest history and both CAs.</summary>
internal static class ReportDataBinding
{
    public static byte[] Compute(byte[] nonce, IEnumerable<byte[]> manifests, byte[] rootCa, byte[] meshCa)
    {
        byte[] transition = new byte[32];
        foreach (byte[] manifest in manifests)
        {
            transition = SHA256.HashData([.. SHA256.HashData(manifest), .. transition]);
        }

        return [.. SHA256.HashData([.. nonce, .. transition, .. SHA256.HashData(rootCa), .. SHA256.HashData(meshCa)]), .. new byte[32]];
    }
}
