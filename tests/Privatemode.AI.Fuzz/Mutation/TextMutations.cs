using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Fuzz.Mutation;

/// <summary>Changes to JSON and PEM that leave most of it readable; what stands in base64 is changed inside.</summary>
internal static class TextMutations
{
    private static readonly byte[][] Tokens = EncodeAll(
        "null", "true", "false", "0", "-1", "1", "-0", "1e999", "1.0", "0.5", "2147483647", "2147483648", "4294967296", "18446744073709551616",
        "999999999999999999999999999999999999", "01", "\"\"", "\"x\"", "\"\\ud800\"", "\"\\u0000\"", "\"\uFEFF\"", "{}", "[]",
        "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]",
        "{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", "[null]", "{\"\":0}",
        "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59Z\"", "\"2024-02-30T00:00:00Z\"", "NaN", "//",
            "\"UpToDate\"", "\"Revoked\"", "\"\\u017F\\u212A\"");

    public static bool IsJson(byte[] bytes) => bytes.Length > 1 && bytes[0] is (byte)'{' or (byte)'[';

    public static bool IsPem(byte[] bytes) => bytes.AsSpan().StartsWith("-----BEGIN "u8);

    public static byte[] ApplyJson(byte[] bytes, Rng rng)
    {
        (int start, int end) = Token(bytes, rng);
        return rng.Below(8) switch
        {
            0 or 1 => Replace(bytes, start, end, rng.Pick(Tokens)),
            2 => SwapTokens(bytes, rng),
            3 => Replace(bytes, start, end, []),
            4 => Replace(bytes, end, end, [(byte)',', .. bytes.AsSpan(start, end - start)]),
            5 => RepeatMember(bytes, rng),
            6 => ChangeInside(bytes, start, end, rng),
            _ => Replace(bytes, end, end, [(byte)" \t\n\r,:{}[]\"\\x"[rng.Below(13)]]),
        };
    }

    public static byte[] ApplyPem(byte[] bytes, Rng rng)
    {
        string text = Encoding.Latin1.GetString(bytes);
        List<(int Start, int Length)> blocks = [];
        for (int at = 0; blocks.Count < 5 && PemEncoding.TryFind(text.AsSpan(at), out PemFields found); at += found.Location.End.Value)
        {
            (int offset, int size) = found.Base64Data.GetOffsetAndLength(text.Length - at);
            blocks.Add((at + offset, size));
        }

        if (blocks.Count == 0)
        {
            return ByteMutations.Apply(bytes, bytes, rng);
        }

        (int start, int length) = rng.Pick(blocks);
        byte[] der = Convert.FromBase64String(text.Substring(start, length));
        string changed = Convert.ToBase64String(DerMutations.Apply(der, rng), Base64FormattingOptions.InsertLineBreaks);
        return Encoding.Latin1.GetBytes(string.Concat(text.AsSpan(0, start), changed, text.AsSpan(start + length)));
    }

    // The text of a string: base64 is changed inside, anything else as bytes.
    private static byte[] ChangeInside(byte[] bytes, int start, int end, Rng rng)
    {
        if (end - start < 3 || bytes[start] != '"')
        {
            return Replace(bytes, start, end, Encoding.ASCII.GetBytes($"{rng.Next() >> rng.Below(64)}"));
        }

        string text = Encoding.UTF8.GetString(bytes, start + 1, end - start - 2).Replace("\\u002B", "+", StringComparison.Ordinal);
        if (text.Length < 8 || !Base64.IsValid(text) || text.All(char.IsAsciiHexDigit))
        {
            byte[] changed = [.. bytes.AsSpan(start + 1, end - start - 2)];
            changed[rng.Below(changed.Length)] = (byte)"0123456789abcdefABCDEFxyz+/= -"[rng.Below(30)];
            return Replace(bytes, start + 1, end - 1, changed);
        }

        byte[] inner = Convert.FromBase64String(text);
        return Replace(bytes, start + 1, end - 1, Encoding.ASCII.GetBytes(Convert.ToBase64String(Mutator.Change(inner, inner, rng))));
    }

    private static byte[][] EncodeAll(params IEnumerable<string> tokens) => [.. tokens.Select(Encoding.UTF8.GetBytes)];

    private static byte[] SwapTokens(byte[] bytes, Rng rng)
    {
        (int start, int end) a = Token(bytes, rng);
        (int start, int end) b = Token(bytes, rng);
        if (b.start < a.start)
        {
            (a, b) = (b, a);
        }

        return a.end > b.start
            ? bytes
            : [.. bytes.AsSpan(0, a.start), .. bytes.AsSpan(b.start, b.end - b.start), .. bytes.AsSpan(a.end, b.start - a.end),
                .. bytes.AsSpan(a.start, a.end - a.start), .. bytes.AsSpan(b.end)];
    }

    // From a quote to a comma, put in once more: a member, or most of one.
    private static byte[] RepeatMember(byte[] bytes, Rng rng)
    {
        (int start, _) = Token(bytes, rng);
        int end = bytes.AsSpan(start).IndexOf((byte)',') + start + 1;
        return end <= start ? bytes : Replace(bytes, start, start, bytes.AsSpan(start, end - start));
    }

    // The first string, number or word at or after some place; empty if no value follows.
    private static (int Start, int End) Token(byte[] bytes, Rng rng)
    {
        int start = rng.Below(bytes.Length);
        while (start < bytes.Length && bytes[start] != '"' && !char.IsAsciiLetterOrDigit((char)bytes[start]) && bytes[start] != '-')
        {
            start++;
        }

        if (start == bytes.Length)
        {
            return (start, start);
        }

        int end = start + 1;
        if (bytes[start] == '"')
        {
            while (end < bytes.Length && bytes[end] != '"')
            {
                end++;
            }

            return (start, Math.Min(end + 1, bytes.Length));
        }

        while (end < bytes.Length && (char.IsAsciiLetterOrDigit((char)bytes[end]) || bytes[end] is (byte)'.' or (byte)'+' or (byte)'-'))
        {
            end++;
        }

        return (start, end);
    }

    private static byte[] Replace(byte[] bytes, int start, int end, ReadOnlySpan<byte> by) =>
        [.. bytes.AsSpan(0, start), .. by, .. bytes.AsSpan(end)];
}
