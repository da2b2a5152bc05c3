using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Tests.Fakes;

internal static class ExchangeCipherExtensions
{
    /// <summary>Opens a raw JSON value, encrypted or not, as it stands in a document.</summary>
    public static DecryptionResult Open(this ExchangeCipher cipher, Utf8Sequence raw, Span<byte> plaintext)
    {
        _ = ExchangeCipher.PlaintextLength(raw, out int headLength);
        return cipher.Open(raw, headLength, plaintext);
    }
}
