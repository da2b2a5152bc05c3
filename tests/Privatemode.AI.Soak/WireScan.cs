using System.Buffers;
using System.Text;

namespace Privatemode.AI.Soak;

/// <summary>Looks for the sentinel in what arrives at the deployment, piece by piece and connection by connection, and keeps nothing of it.</summary>
internal sealed class WireScan(Action<string> report)
{
    private static readonly (string Form, byte[] Bytes)[] Needles = [.. Forms()];
    private static readonly int Overlap = Needles.Max(needle => needle.Bytes.Length) - 1;

    private long _bytes;
    private long _connections;

    public long Bytes => Interlocked.Read(ref _bytes);

    public long Connections => Interlocked.Read(ref _connections);

    /// <summary>Begins a connection.</summary>
    /// <returns>What takes its bytes, in order.</returns>
    public Action<ReadOnlySequence<byte>> Open()
    {
        _ = Interlocked.Increment(ref _connections);
        byte[] tail = [];
        return received =>
        {
            if (received.IsEmpty)
            {
                return;
            }

            _ = Interlocked.Add(ref _bytes, received.Length);
            byte[] bytes = [.. tail, .. received.ToArray()];
            Scan(bytes);
            tail = bytes.Length > Overlap ? bytes[^Overlap..] : bytes;
        };
    }

    /// <summary>Whether all forms are found, in one piece and in two. A scan that finds nothing would let everything pass.</summary>
    public static bool FindsAllForms() => Needles.All(needle =>
    {
        List<string> found = [];
        Action<ReadOnlySequence<byte>> take = new WireScan(found.Add).Open();
        take(new ReadOnlySequence<byte>([1, 2, 3, .. needle.Bytes[..5]]));
        take(new ReadOnlySequence<byte>([.. needle.Bytes[5..], 4]));
        return found.Count > 0;
    });

    private void Scan(ReadOnlySpan<byte> bytes)
    {
        foreach ((string form, byte[] needle) in Needles)
        {
            int at = bytes.IndexOf(needle);
            if (at >= 0)
            {
                string before = Encoding.Latin1.GetString(bytes.Slice(Math.Max(0, at - 40), Math.Min(40, at)));
                report($"plaintext at the socket of the deployment ({form}), after: {before}");
            }
        }
    }

    private static IEnumerable<(string Form, byte[] Bytes)> Forms()
    {
        byte[] text = Encoding.ASCII.GetBytes(Marker.Sentinel);
        yield return ("text", text);
        yield return ("UTF-16", Encoding.Unicode.GetBytes(Marker.Sentinel));
        yield return ("hex", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(text)));
        yield return ("upper-case hex", Encoding.ASCII.GetBytes(Convert.ToHexString(text)));
        for (int shift = 0; shift < 3; shift++)
        {
            // Without the characters that depend on what stands before or after.
            string encoded = Convert.ToBase64String([.. new byte[shift], .. text]);
            yield return ($"Base64, shifted by {shift}", Encoding.ASCII.GetBytes(encoded[(shift == 0 ? 0 : shift + 1)..((shift + text.Length) * 8 / 6)]));
        }
    }
}
