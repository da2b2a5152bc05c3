using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>A key that signs certificates, revocation lists and evidence. Thread-safe.</summary>
internal abstract class SigningKey
{
    private const int KeyIdSize = 20;

    protected SigningKey(byte[] subjectPublicKeyInfo) => SubjectPublicKeyInfo = subjectPublicKeyInfo;

    /// <summary>The public key (DER).</summary>
    public byte[] SubjectPublicKeyInfo { get; }

    /// <summary>The digest that identifies a root key: SHA-256 of <see cref="SubjectPublicKeyInfo"/>.</summary>
    public byte[] Fingerprint => SHA256.HashData(SubjectPublicKeyInfo);

    /// <summary>The value of the key identifier extensions.</summary>
    public byte[] KeyId => Fingerprint[..KeyIdSize];

    /// <summary>The algorithm identifier in certificates (DER).</summary>
    public abstract byte[] AlgorithmIdentifier { get; }

    /// <summary>Signs data in the format of certificates.</summary>
    public abstract byte[] Sign(ReadOnlySpan<byte> data);
}
