using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>A key that signs certificates, revocation lists and evidence. Thread-safe.</summary>
internal abstract class SigningKey
{
    private const int KeyIdSize = 20;

    protected SigningKey(byte[] subjectPublicKeyInfo) => SubjectPublicKeyInfo = subjectPublicKeyInfo;

    /// <summary>The public half, DER.</summary>
    public byte[] SubjectPublicKeyInfo { get; }

    /// <summary>What pins a root: SHA-256 of <see cref="SubjectPublicKeyInfo"/>.</summary>
    public byte[] Fingerprint => SHA256.HashData(SubjectPublicKeyInfo);

    /// <summary>Value of the key identifier extensions.</summary>
    public byte[] KeyId => Fingerprint[..KeyIdSize];

    /// <summary>The algorithm as certificates name it, DER.</summary>
    public abstract byte[] AlgorithmIdentifier { get; }

    /// <summary>Signs in the form certificates use.</summary>
    public abstract byte[] Sign(ReadOnlySpan<byte> data);
}
