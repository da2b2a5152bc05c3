using System.Text;

namespace Privatemode.AI.Encryption.Multipart;

/// <summary>Reads the headers of one part of a form.</summary>
internal static class PartHead
{
    /// <summary>Longest headers of a part accepted, in bytes.</summary>
    public const int MaxLength = 8 * 1024;

    /// <summary>Reads headers up to and with the empty line after them; false when they are not such that every reader takes them alike.</summary>
    public static bool TryRead(ReadOnlySpan<byte> rest, out byte[] name, out bool isFile, out int length)
    {
        (name, isFile) = ([], false);
        ReadOnlySpan<byte> window = rest[..Math.Min(rest.Length, MaxLength)];
        int end = window.IndexOf("\r\n\r\n"u8);
        length = end + 4;
        if (end <= 0)
        {
            return false;
        }

        bool hasDisposition = false;
        bool hasType = false;
        foreach (Range range in window[..end].Split("\r\n"u8))
        {
            ReadOnlySpan<byte> line = window[..end][range];
            int colon = line.IndexOf((byte)':');
            if (colon <= 0 || line.ContainsAnyInRange((byte)0, (byte)0x1F) || line.Contains((byte)0x7F))
            {
                return false;
            }

            ReadOnlySpan<byte> value = line[(colon + 1)..].Trim((byte)' ');
            if (Ascii.EqualsIgnoreCase(line[..colon], "Content-Disposition"u8))
            {
                if (hasDisposition || !DispositionReader.TryRead(value, out name, out isFile))
                {
                    return false;
                }

                hasDisposition = true;
            }
            else if (!Ascii.EqualsIgnoreCase(line[..colon], "Content-Type"u8) || hasType)
            {
                // Another header may change what the value means, and none is needed.
                return false;
            }
            else
            {
                hasType = true;
            }
        }

        return hasDisposition;
    }
}
