namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Compares bytes under a mask.</summary>
internal static class Masked
{
    /// <summary>Whether value AND mask equals what is expected, all of one length.</summary>
    public static bool AreEqual(ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask, ReadOnlySpan<byte> expected)
    {
        bool equal = value.Length == mask.Length && value.Length == expected.Length;
        for (int i = 0; equal && i < value.Length; i++)
        {
            equal = (value[i] & mask[i]) == expected[i];
        }

        return equal;
    }

    /// <summary>Value AND mask, both of one length.</summary>
    public static byte[] And(ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask)
    {
        byte[] result = new byte[value.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (byte)(value[i] & mask[i]);
        }

        return result;
    }
}
