using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Benchmarks;

/// <summary>The calls that a TDX verification cannot do without: five keys imported, ten signatures, two digests. Nothing is parsed or compared.</summary>
internal sealed class BareTdxCalls
{
    private const DSASignatureFormat Der = DSASignatureFormat.Rfc3279DerSequence;
    private const DSASignatureFormat Fixed = DSASignatureFormat.IeeeP1363FixedFieldConcatenation;

    private readonly ECParameters[] _keys;
    private readonly (int Key, byte[] Data, byte[] Signature, DSASignatureFormat Format)[] _signatures;
    private readonly byte[] _attestationKey;
    private readonly byte[] _rootKey;

    public BareTdxCalls(TdxEvidence evidence)
    {
        TdxQuote quote = TdxQuote.Parse(evidence.Quote);
        ReadOnlySpan<byte> pem = quote.PckChain.Span;
        Certificate[] chain = Parse(pem is [.., 0] ? pem[..^1] : pem);
        Certificate signer = Parse(evidence.Collateral.TcbInfoChain.Span)[0];
        CertificateRevocationList pckCrl = CertificateRevocationList.Parse(evidence.Collateral.PckCrl, "");
        CertificateRevocationList rootCrl = CertificateRevocationList.Parse(evidence.Collateral.RootCrl, "");
        using SignedDocument tcbInfo = SignedDocument.Parse(evidence.Collateral.TcbInfo, TcbInfo.Name, "");
        using SignedDocument qeIdentity = SignedDocument.Parse(evidence.Collateral.QeIdentity, QeIdentity.Name, "");

        _attestationKey = [.. quote.AttestationKey.Span, .. quote.AuthenticationData.Span];
        _rootKey = chain[2].SubjectPublicKeyInfo.ToArray();
        _keys = [KeyOf(chain[2]), KeyOf(chain[1]), KeyOf(chain[0]), KeyOf(signer), Key(quote.AttestationKey.Span)];
        _signatures =
        [
            (0, chain[2].ToBeSigned.ToArray(), chain[2].Signature.ToArray(), Der),
            (0, chain[1].ToBeSigned.ToArray(), chain[1].Signature.ToArray(), Der),
            (1, chain[0].ToBeSigned.ToArray(), chain[0].Signature.ToArray(), Der),
            (0, signer.ToBeSigned.ToArray(), signer.Signature.ToArray(), Der),
            (0, rootCrl.ToBeSigned.ToArray(), rootCrl.Signature.ToArray(), Der),
            (1, pckCrl.ToBeSigned.ToArray(), pckCrl.Signature.ToArray(), Der),
            (2, quote.QeReport.Bytes.ToArray(), quote.QeReportSignature.ToArray(), Fixed),
            (4, quote.SignedBytes.ToArray(), quote.Signature.ToArray(), Fixed),
            (3, tcbInfo.SignedBytes.ToArray(), tcbInfo.Signature, Fixed),
            (3, qeIdentity.SignedBytes.ToArray(), qeIdentity.Signature, Fixed),
        ];
    }

    public bool Run()
    {
        bool good = SHA256.HashData(_attestationKey).Length == SHA256.HashData(_rootKey).Length;
        ECDsa[] keys = new ECDsa[_keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = ECDsa.Create(_keys[i]);
        }

        foreach ((int key, byte[] data, byte[] signature, DSASignatureFormat format) in _signatures)
        {
            good &= keys[key].VerifyData(data, signature, HashAlgorithmName.SHA256, format);
        }

        foreach (ECDsa key in keys)
        {
            key.Dispose();
        }

        return good;
    }

    private static Certificate[] Parse(ReadOnlySpan<byte> pem) => [.. Pem.ReadCertificates(pem, 3).Select(der => Certificate.Parse(der, ""))];

    // The point is the end of a SubjectPublicKeyInfo.
    private static ECParameters KeyOf(Certificate certificate) => Key(certificate.SubjectPublicKeyInfo.Span[^64..]);

    private static ECParameters Key(ReadOnlySpan<byte> point) => new()
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = point[..32].ToArray(), Y = point[32..].ToArray() },
    };
}
