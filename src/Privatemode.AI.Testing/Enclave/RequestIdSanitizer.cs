using System.Text;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>Changes the request ID of a client as the service does.</summary>
internal static class RequestIdSanitizer
{
    private const int LimitInBytes = 64;

    /// <summary>Cuts the ID after 64 bytes, then replaces every character other than <c>A-Z a-z 0-9 - _ .</c> with <c>?</c>.</summary>
    public static string Sanitize(string id)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(id);
        string kept = bytes.Length <= LimitInBytes ? id : Encoding.UTF8.GetString(bytes, 0, LimitInBytes) + "...";
        StringBuilder result = new();
        foreach (Rune rune in kept.EnumerateRunes())
        {
            _ = result.Append(IsAllowed(rune) ? (char)rune.Value : '?');
        }

        return result.ToString();
    }

    private static bool IsAllowed(Rune rune) =>
        rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || (char)rune.Value is '-' or '_' or '.');
}
