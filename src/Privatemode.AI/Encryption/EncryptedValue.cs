using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption;

/// <summary>The text form of an encrypted value: <c>"id:nonce:iv:ciphertext"</c>, the last three in hex, quotes included.</summary>
internal static class EncryptedValue
{
    private const byte Quote = (byte)'"';
    private const byte Colon = (byte)':';
    private const byte Escape = (byte)'\\';
    private const int HexFactor = 2;

    // Id, nonce and IV of the service take some 130 bytes.
    private const int MaxHeadLength = 512;

    // Quotes around the value and colons between its four parts.
    private const int Punctuation = 5;

    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>Length in bytes of the encrypted form of a plaintext of <paramref name="plaintextLength"/> bytes.</summary>
    public static int EncodedLength(int idLength, int plaintextLength) => checked(
        Punctuation + idLength + HexFactor * (FieldCipher.NonceSize + FieldCipher.IvSize + FieldCipher.TagSize + plaintextLength));

    /// <summary>Writes everything before the ciphertext's hex and returns the number of bytes.</summary>
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

    /// <summary>Finds the ciphertext in a raw JSON value. It is hexadecimal, includes the tag, and ends at the closing quote.</summary>
    /// <returns>The number of bytes before it; -1 if the value is not an encrypted one.</returns>
    /// <remarks>
    /// ID and nonce are not compared, because the nonce of this exchange is in the additional data. If a value is in several pieces, the part before the
    /// ciphertext must be short.
    /// </remarks>
    public static int FindCiphertext(Utf8Sequence raw)
    {
        int start = raw.IsInPieces ? FindEndOfHeadInPieces(raw) : FindEndOfHead(raw.Whole);
        int hex = raw.Length - 1 - start;
        return start >= 0 && hex >= HexFactor * FieldCipher.TagSize && hex % HexFactor == 0 ? start : -1;
    }

    /// <summary>Reads the IV of an encrypted value, for which <see cref="FindCiphertext"/> returned <paramref name="headLength"/>.</summary>
    public static bool TryReadIv(Utf8Sequence raw, int headLength, Span<byte> iv) =>
        TryReadHex(raw.Slice(headLength - 1 - HexFactor * FieldCipher.IvSize, HexFactor * FieldCipher.IvSize), iv);

    // A separate method, because its stack space is cleared on entry and the values of events do not need it.
    private static int FindEndOfHeadInPieces(Utf8Sequence raw)
    {
        // The part before the ciphertext, with a quote at its end so that it can be read like a value.
        Span<byte> head = stackalloc byte[MaxHeadLength + 1];
        Span<byte> last = stackalloc byte[1];
        int length = Math.Min(MaxHeadLength, raw.Length);
        raw.Slice(0, length).CopyTo(head);
        head[length] = Quote;
        raw.Slice(raw.Length - 1, 1).CopyTo(last);
        return last[0] == Quote ? FindEndOfHead(head[..(length + 1)]) : -1;
    }

    private static int FindEndOfHead(ReadOnlySpan<byte> raw)
    {
        if (raw.Length < Punctuation || raw[0] != Quote || raw[^1] != Quote)
        {
            return -1;
        }

        ReadOnlySpan<byte> rest = raw[1..^1];
        if (!TrySkipPart(ref rest) || !TrySkipPart(ref rest))
        {
            return -1;
        }

        Span<byte> iv = stackalloc byte[FieldCipher.IvSize];
        int ivEnd = rest.IndexOf(Colon);
        if (ivEnd != HexFactor * FieldCipher.IvSize || !TryReadHex(rest[..ivEnd], iv))
        {
            return -1;
        }

        return raw.Length - rest.Length + ivEnd;
    }

    /// <summary>Returns whether a raw JSON value has exactly the form that this library writes for the given secret.</summary>
    public static bool IsEncryptedWith(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> id)
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

    /// <summary>Writes digits in lower case, and returns their number. The ranges must not overlap.</summary>
    public static int WriteHex(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        int done = HexVectors.Write(bytes, destination);
        bool written = Convert.TryToHexStringLower(bytes[done..], destination[(HexFactor * done)..], out int count);
        return written ? HexFactor * done + count : throw new ArgumentException("The destination is too short.", nameof(destination));
    }

    public static bool TryReadHex(ReadOnlySpan<byte> hex, Span<byte> destination) =>
        Convert.FromHexString(hex, destination, out int consumed, out int written) == OperationStatus.Done &&
        consumed == hex.Length && written == destination.Length;

    /// <summary>Decodes hexadecimal text that can be in several pieces.</summary>
    public static bool TryReadHex(Utf8Sequence hex, Span<byte> destination)
    {
        if (!hex.IsInPieces)
        {
            return TryReadHex(hex.Whole, destination);
        }

        if (hex.Length != HexFactor * destination.Length)
        {
            return false;
        }

        // The two digits of one byte may be in two pieces.
        Span<byte> pair = stackalloc byte[HexFactor];
        bool isHalf = false;
        foreach (ReadOnlyMemory<byte> piece in hex.Pieces)
        {
            ReadOnlySpan<byte> digits = piece.Span;
            if (isHalf && !digits.IsEmpty)
            {
                pair[1] = digits[0];
                if (!TryReadHex(pair, destination[..1]))
                {
                    return false;
                }

                digits = digits[1..];
                destination = destination[1..];
                isHalf = false;
            }

            int whole = digits.Length / HexFactor;
            if (!TryReadHex(digits[..(HexFactor * whole)], destination[..whole]))
            {
                return false;
            }

            destination = destination[whole..];
            if (digits.Length % HexFactor != 0)
            {
                (pair[0], isHalf) = (digits[^1], true);
            }
        }

        return true;
    }

    private static bool TrySkipPart(ref ReadOnlySpan<byte> rest)
    {
        // An escape can represent a colon or a quote: a reader that unescapes would see other parts than this one.
        int colon = rest.IndexOfAny(Colon, Quote, Escape);
        if (colon < 0 || rest[colon] != Colon)
        {
            return false;
        }

        rest = rest[(colon + 1)..];
        return true;
    }
}

/// <summary>Hexadecimal digits with the widest vectors of the processor. The platform uses vectors of 16 bytes, which takes twice as long for a file.</summary>
internal static class HexVectors
{
    private static ReadOnlySpan<byte> Digits => "0123456789abcdef0123456789abcdef"u8;

    /// <summary>Writes the digits of as many bytes as fill whole vectors, and returns the number of these bytes; 0 without such a processor.</summary>
    public static int Write(ReadOnlySpan<byte> bytes, Span<byte> destination) =>
        Vector512.IsHardwareAccelerated && Avx512BW.IsSupported ? Write512(bytes, destination)
        : Avx2.IsSupported ? Write256(bytes, destination)
        : 0;

    /// <summary>The same with vectors of 32 bytes, for AVX-512.</summary>
    public static int Write512(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        Vector512<byte> digits = Vector512.Create(Vector256.Create(Digits), Vector256.Create(Digits));
        ReadOnlySpan<Vector256<byte>> from = MemoryMarshal.Cast<byte, Vector256<byte>>(bytes);
        Span<Vector512<byte>> to = MemoryMarshal.Cast<byte, Vector512<byte>>(destination);
        int count = Math.Min(from.Length, to.Length);
        for (int i = 0; i < count; i++)
        {
            // Each byte in 16 bits: the high half goes down, to the first digit, and the low half up.
            Vector512<ushort> wide = Avx512BW.ConvertToVector512UInt16(from[i]);
            Vector512<ushort> halves = ((wide >>> 4) | (wide << 8)) & Vector512.Create((ushort)0x0F0F);
            to[i] = Avx512BW.Shuffle(digits, halves.AsByte());
        }

        return count * Vector256<byte>.Count;
    }

    /// <summary>The same with vectors of 16 bytes and results of 32, for AVX2.</summary>
    public static int Write256(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        Vector256<byte> digits = Vector256.Create(Digits);
        ReadOnlySpan<Vector128<byte>> from = MemoryMarshal.Cast<byte, Vector128<byte>>(bytes);
        Span<Vector256<byte>> to = MemoryMarshal.Cast<byte, Vector256<byte>>(destination);
        int count = Math.Min(from.Length, to.Length);
        for (int i = 0; i < count; i++)
        {
            Vector256<ushort> wide = Avx2.ConvertToVector256Int16(from[i]).AsUInt16();
            Vector256<ushort> halves = ((wide >>> 4) | (wide << 8)) & Vector256.Create((ushort)0x0F0F);
            to[i] = Avx2.Shuffle(digits, halves.AsByte());
        }

        return count * Vector128<byte>.Count;
    }
}
