using System.Security.Cryptography;

namespace Privatemode.AI.KeyExchange.Hpke;

/// <summary>The platform's ML-KEM-768 key: OpenSSL from 3.5, Windows from the end of 2025, nowhere on macOS.</summary>
internal sealed class PlatformMlKem768PrivateKey : MlKem768PrivateKey
{
    private readonly MLKem _key;
    private readonly byte[] _encapsulationKey;

    /// <exception cref="PlatformNotSupportedException">The platform has no ML-KEM.</exception>
    internal PlatformMlKem768PrivateKey(ReadOnlySpan<byte> seed)
    {
        _key = MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem768, seed);
        _encapsulationKey = _key.ExportEncapsulationKey();
    }

    public override ReadOnlySpan<byte> EncapsulationKey => _encapsulationKey;

    public override void Dispose() => _key.Dispose();

    private protected override void DecapsulateCore(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret) =>
        _key.Decapsulate(ciphertext, sharedSecret);
}
