using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Padded standard base64 in a JSON string, in the one form that an encoder writes.</summary>
/// <remarks>Piece by piece, so that nothing is allocated but the result: answers may be some megabytes long.</remarks>
internal static class StrictBase64
{
    private const int PieceSize = 1024;
    private const int CodeEscapeSize = 6; // \u002B

    /// <summary>The bytes; null when the element is anything else.</summary>
    public static byte[]? Decode(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        ReadOnlySpan<byte> text = JsonMarshal.GetRawUtf8Value(element)[1..^1];
        (int length, int padding) = Measure(text);
        return length % 4 == 0 ? Decode(text, length / 4 * 3 - padding) : null;
    }

    private static byte[]? Decode(ReadOnlySpan<byte> text, int size)
    {
        byte[] result = new byte[size];
        Span<byte> piece = stackalloc byte[PieceSize];
        Span<byte> again = stackalloc byte[PieceSize];
        int done = 0;
        while (!text.IsEmpty)
        {
            int filled = 0;
            while (filled < piece.Length && !text.IsEmpty)
            {
                piece[filled++] = Next(ref text);
            }

            OperationStatus status = Base64.DecodeFromUtf8(piece[..filled], result.AsSpan(done), out _, out int written);
            if (status != OperationStatus.Done)
            {
                return null;
            }

            // Encoding again is the strict check: the decoder forgives white space and stray bits after the last byte.
            _ = Base64.EncodeToUtf8(result.AsSpan(done, written), again, out _, out int encoded);
            if (!again[..encoded].SequenceEqual(piece[..filled]))
            {
                return null;
            }

            done += written;
        }

        // Padding in the middle leaves a gap at the end.
        return done == size ? result : null;
    }

    private static (int Length, int Padding) Measure(ReadOnlySpan<byte> text)
    {
        (int length, byte last, byte beforeLast) = (0, 0, 0);
        while (!text.IsEmpty)
        {
            (beforeLast, last) = (last, Next(ref text));
            length++;
        }

        return (length, last != '=' ? 0 : beforeLast != '=' ? 1 : 2);
    }

    // One character; 0, which is not in base64, for one outside ASCII or an escape of something else. The parser has checked the escapes.
    private static byte Next(ref ReadOnlySpan<byte> text)
    {
        byte first = text[0];
        if (first != '\\')
        {
            text = text[1..];
            return first;
        }

        bool isCode = text[1] == 'u';
        ReadOnlySpan<byte> escape = text[..(isCode ? CodeEscapeSize : 2)];
        text = text[escape.Length..];
        if (!isCode)
        {
            return escape[1] == '/' ? (byte)'/' : (byte)0;
        }

        int code = int.Parse(escape[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return code <= sbyte.MaxValue ? (byte)code : (byte)0;
    }
}
