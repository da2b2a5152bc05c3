using System.Buffers;

namespace Privatemode.AI.Encryption;

/// <summary>The text form of a sealed value: <c>"id:nonce:iv:ciphertext"</c>, the last three in hex, quotes included.</summary>
internal static class SealedValue
{
    private const byte Quote = (byte)'"';
    private const byte Colon = (byte)':';
    private const byte Escape = (byte)'\\';
    private const int HexFactor = 2;

    // Quotes around the value and colons between its four parts.
    private const int Punctuation = 5;

    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>Length in bytes of the sealed form of a plaintext of <paramref name="plaintextLength"/> bytes.</summary>
    public static int EncodedLength(int idLength, int plaintextLength) => checked(
        Punctuation + idLength + HexFactor * (FieldCipher.NonceSize + FieldCipher.IvSize + FieldCipher.TagSize + plaintextLength));

    /// <summary>Writes everything before the ciphertext's hex and returns how many bytes that took.</summary>
    public static int WritePrefix(ReadOnlySpan<byte> id, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> iv, Span<byte> destination)
    {
        destination[0] = Quote;
        id.CopyTo(destination[1..]);
        int at = 1 + id.Length;
        destination[at++] = Colon;
        at += WriteHex(nonce, destination[at..]);
        destination[at++] = Colon;
        at += WriteHex(iv, destination[at..]);
        destination[at++] = Colon;
        return at;
    }

    /// <summary>Reads IV and ciphertext-with-tag (still hex) from a raw JSON value; false when it is not a sealed value.</summary>
    /// <remarks>Id and nonce text are not looked at: the reader's own nonce goes into the additional data.</remarks>
    public static bool TryParse(ReadOnlySpan<byte> raw, Span<byte> iv, out ReadOnlySpan<byte> ciphertextHex)
    {
        ciphertextHex = default;
        if (raw.Length < Punctuation || raw[0] != Quote || raw[^1] != Quote)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = raw[1..^1];
        if (!TrySkipPart(ref rest) || !TrySkipPart(ref rest))
        {
            return false;
        }

        int ivEnd = rest.IndexOf(Colon);
        if (ivEnd != HexFactor * FieldCipher.IvSize || !TryReadHex(rest[..ivEnd], iv))
        {
            return false;
        }

        ciphertextHex = rest[(ivEnd + 1)..];
        return ciphertextHex.Length >= HexFactor * FieldCipher.TagSize && ciphertextHex.Length % HexFactor == 0;
    }

    /// <summary>True when a raw JSON value has the exact form this library writes for the given secret.</summary>
    public static bool IsSealedWith(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> id)
    {
        int ciphertext = EncodedLength(id.Length, 0) - 1 - HexFactor * FieldCipher.TagSize;
        int plaintextHex = raw.Length - EncodedLength(id.Length, 0);
        if (plaintextHex < 0 || plaintextHex % HexFactor != 0 || raw[0] != Quote || raw[^1] != Quote ||
            !raw[1..].StartsWith(id) || raw[1 + id.Length] != Colon)
        {
            return false;
        }

        ReadOnlySpan<byte> nonce = raw.Slice(2 + id.Length, HexFactor * FieldCipher.NonceSize);
        ReadOnlySpan<byte> iv = raw.Slice(3 + id.Length + nonce.Length, HexFactor * FieldCipher.IvSize);
        return raw[2 + id.Length + nonce.Length] == Colon && raw[ciphertext - 1] == Colon &&
            !nonce.ContainsAnyExcept(LowerHex) && !iv.ContainsAnyExcept(LowerHex) && !raw[ciphertext..^1].ContainsAnyExcept(LowerHex);
    }

    public static int WriteHex(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        bool written = Convert.TryToHexStringLower(bytes, destination, out int count);
        return written ? count : throw new ArgumentException("The destination is too short.", nameof(destination));
    }

    public static bool TryReadHex(ReadOnlySpan<byte> hex, Span<byte> destination) =>
        Convert.FromHexString(hex, destination, out int consumed, out int written) == OperationStatus.Done &&
        consumed == hex.Length && written == destination.Length;

    private static bool TrySkipPart(ref ReadOnlySpan<byte> rest)
    {
        int colon = rest.IndexOf(Colon);

        // An escape may stand for a colon or a quote: a reader that unescapes would see other parts than we do.
        if (colon < 0 || rest[..colon].ContainsAny(Quote, Escape))
        {
            return false;
        }

        rest = rest[(colon + 1)..];
        return true;
    }
}
