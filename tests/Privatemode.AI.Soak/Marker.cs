using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Privatemode.AI.Soak;

/// <summary>A text that is different for each call and stands in every text of its request. Model and caller compute the answer from it.</summary>
internal static partial class Marker
{
    /// <summary>The beginning of all markers. It must never arrive at the deployment in the clear.</summary>
    public const string Sentinel = "Zk9Vx3Qp7Wm2";

    private const string Letters = "bcdfghjklmnpqrstvwz";

    [GeneratedRegex(Sentinel + "c[0-9]{3}n[0-9]{7}w[0-9]{3}r[01]")]
    public static partial Regex Pattern { get; }

    /// <summary>Makes a marker; all have the same length.</summary>
    /// <param name="caller">The number of the caller.</param>
    /// <param name="number">The number of the call among those of the caller.</param>
    /// <param name="words">How many words the answer has.</param>
    /// <param name="reasons">Whether the answer has reasoning.</param>
    public static string Create(int caller, int number, int words, bool reasons) =>
        string.Create(CultureInfo.InvariantCulture, $"{Sentinel}c{caller:000}n{number:0000000}w{words:000}r{(reasons ? 1 : 0)}");

    /// <summary>The text that the model answers.</summary>
    public static string TextOf(string marker)
    {
        int at = Sentinel.Length + "c000n0000000w".Length;
        return $"About {marker}:{Words(marker, int.Parse(marker.AsSpan(at, 3), CultureInfo.InvariantCulture))}";
    }

    /// <summary>The reasoning before it; empty for none.</summary>
    public static string ReasoningOf(string marker) => marker[^1] == '1' ? $"Thinking of {marker}:{Words(marker + "t", 5)}" : "";

    /// <summary>The name of the function that the request has, and that the model calls.</summary>
    public static string FunctionOf(string marker) => $"look_up_{marker}";

    /// <summary>The arguments of the call.</summary>
    public static string ArgumentsOf(string marker) => $$"""{"id":"{{marker}}","query":"{{TextOf(marker)}}"}""";

    private static string Words(string seed, int count)
    {
        ulong state = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.ASCII.GetBytes(seed)));
        StringBuilder text = new();
        for (int i = 0; i < count; i++)
        {
            _ = text.Append(' ');
            for (int length = 3 + (int)(state % 6); length > 0; length--)
            {
                state = (state * 6364136223846793005) + 1442695040888963407;
                _ = text.Append(Letters[(int)((state >> 33) % (ulong)Letters.Length)]);
            }
        }

        return text.ToString();
    }
}
