using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;

namespace Privatemode.AI.Testing.SecretService;

// Reference: RFC 9180, section 5.1.1 (SetupBaseS) with an empty info.

/// <summary>The sender's side of HPKE with the cipher suite of this protocol.</summary>
internal static class HpkeSender
{
    /// <summary>Draws randomness and encapsulates to a public key.</summary>
    /// <param name="publicKey">The recipient's X-Wing public key, 1216 bytes.</param>
    /// <param name="encapsulatedKey">Receives enc, 1120 bytes.</param>
    /// <exception cref="CryptographicException">The public key is not a valid one.</exception>
    public static HpkeExportContext SetupBase(ReadOnlySpan<byte> publicKey, Span<byte> encapsulatedKey)
    {
        Span<byte> random = stackalloc byte[XWingEncapsulation.RandomSize];
        try
        {
            RandomNumberGenerator.Fill(random);
            return SetupBase(publicKey, random, encapsulatedKey);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(random);
        }
    }

    /// <summary>Encapsulates with specified randomness. Besides the overload above, only known-answer tests call it.</summary>
    internal static HpkeExportContext SetupBase(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> random, Span<byte> encapsulatedKey)
    {
        Span<byte> sharedSecret = stackalloc byte[XWing.SharedSecretSize];
        try
        {
            XWingEncapsulation.Encapsulate(publicKey, random, encapsulatedKey, sharedSecret);
            return HpkeExportContext.ScheduleBase(HpkeSuite.Id, sharedSecret, info: []);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(sharedSecret);
        }
    }
}
