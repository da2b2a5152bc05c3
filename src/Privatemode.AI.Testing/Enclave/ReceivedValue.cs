using System.Buffers;
using System.Text;

namespace Privatemode.AI.Testing.Enclave;

/// <summary>
/// An encrypted value as the inference proxy reads it: text of four parts. It accepts more than the client writes (any number of quotation marks, or none, and
/// upper-case hex), and it checks each part only when the part is needed, which determines its errors.
/// </summary>
internal readonly ref struct ReceivedValue(ReadOnlySpan<byte> raw)
{
    private const string Misshapen = "invalid message format: expected format '\"id:nonce:iv:cipher\"'";
    private const byte Colon = (byte)':';
    private const int Parts = 4;

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    private readonly ReadOnlySpan<byte> _text = raw.Trim((byte)'"');

    /// <summary>Returns the ID of the secret with which the value is encrypted.</summary>
    /// <exception cref="EnclaveException">The value has only one part.</exception>
    public string ReadId(string refusing)
    {
        int end = _text.IndexOf(Colon);
        return end >= 0 ? Encoding.UTF8.GetString(_text[..end]) : throw new EnclaveException(500, refusing + Misshapen);
    }

    /// <exception cref="EnclaveException">It does not have four parts, or this one is not hexadecimal.</exception>
    public byte[] ReadNonce(string refusing) => ReadHex(1, refusing);

    /// <exception cref="EnclaveException">It does not have four parts, or this one is not hexadecimal.</exception>
    public byte[] ReadIv(string refusing) => ReadHex(2, refusing);

    /// <summary>Returns the ciphertext with its tag.</summary>
    /// <exception cref="EnclaveException">It does not have four parts, or this one is not hexadecimal.</exception>
    public byte[] ReadCiphertext(string refusing) => ReadHex(3, refusing);

    private byte[] ReadHex(int part, string refusing)
    {
        if (_text.Count(Colon) != Parts - 1)
        {
            throw new EnclaveException(500, refusing + Misshapen);
        }

        ReadOnlySpan<byte> hex = _text;
        for (int i = 0; i < part; i++)
        {
            hex = hex[(hex.IndexOf(Colon) + 1)..];
        }

        hex = hex.IndexOf(Colon) is var end and >= 0 ? hex[..end] : hex;
        int wrong = hex.IndexOfAnyExcept(HexDigits);
        return wrong >= 0 ? throw new EnclaveException(500, $"{refusing}encoding/hex: invalid byte: {GoText.CodePoint(hex[wrong])}")
            : hex.Length % 2 != 0 ? throw new EnclaveException(500, $"{refusing}encoding/hex: odd length hex string")
            : Convert.FromHexString(hex);
    }
}
