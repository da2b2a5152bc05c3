using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Privatemode.AI.Testing.Evidence.Certificates;

/// <summary>ECDSA on P-256 with SHA-256, or on P-384 with SHA-384.</summary>
internal sealed class EcKey : SigningKey
{
    private readonly ECDsa _key;
    private readonly HashAlgorithmName _hash;
    private readonly Lock _gate = new();

    public EcKey(ECDsa key)
        : base(key.ExportSubjectPublicKeyInfo())
    {
        _key = key;
        bool is384 = key.KeySize == 384;
        _hash = is384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(is384 ? "1.2.840.10045.4.3.3" : "1.2.840.10045.4.3.2");
        }

        AlgorithmIdentifier = writer.Encode();
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        PublicPoint = [.. parameters.Q.X!, .. parameters.Q.Y!];
    }

    public override byte[] AlgorithmIdentifier { get; }

    /// <summary>x ‖ y, as quotes carry it.</summary>
    public byte[] PublicPoint { get; }

    public override byte[] Sign(ReadOnlySpan<byte> data) => Sign(data, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>r ‖ s, big-endian.</summary>
    public byte[] SignRaw(ReadOnlySpan<byte> data) => Sign(data, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private byte[] Sign(ReadOnlySpan<byte> data, DSASignatureFormat format)
    {
        lock (_gate)
        {
            return _key.SignData(data, _hash, format);
        }
    }
}
