using System.Security.Cryptography;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Tests.Fakes;

internal static class ExchangeCipherExtensions
{
    /// <summary>A cipher of a new exchange under this key.</summary>
    public static ExchangeCipher NewExchange(this AesGcmKey key, ReadOnlyMemory<byte> secretId) =>
        new(key, secretId, RandomNumberGenerator.GetBytes(FieldCipher.NonceSize));

    /// <summary>Decrypts a raw JSON value, encrypted or not, as it stands in a document.</summary>
    public static AnswerFault Decrypt(this ExchangeCipher cipher, Utf8Sequence raw, Span<byte> plaintext)
    {
        _ = ExchangeCipher.PlaintextLength(raw, out int headLength);
        return cipher.Decrypt(raw, headLength, plaintext);
    }
}
