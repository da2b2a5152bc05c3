using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>The certificate that signs Intel's JSON documents, and its key.</summary>
internal sealed class CollateralSigner : IDisposable
{
    private const string CommonName = "Intel SGX TCB Signing";
    private const string Holder = "Intel's TCB signing key";
    private readonly ECDsa _key;

    private CollateralSigner(Certificate certificate, ECDsa key)
    {
        Certificate = certificate;
        _key = key;
    }

    public Certificate Certificate { get; }

    /// <summary>Judges the chain that came with a document, apart from revocation.</summary>
    /// <param name="pem">Signing certificate and root.</param>
    /// <param name="roots">The roots of this verification.</param>
    /// <param name="at">The time at which it must be valid: Intel renewed the certificate with the same key, so the signature cannot tell.</param>
    /// <param name="chainCheck">The check that fails when it is no such chain.</param>
    /// <param name="roleCheck">The check that fails when the certificate is for another purpose, as that of a PCK key.</param>
    /// <exception cref="PrivatemodeVerificationException">It is not the chain of a signer of collateral.</exception>
    public static CollateralSigner Verify(ReadOnlySpan<byte> pem, IntelRoots roots, DateTimeOffset at, string chainCheck, string roleCheck)
    {
        Certificate[] chain = PemChain.Read(pem, chainCheck, [Holder, PemChain.RootHolder]);
        PemChain.CheckRole(chain[0], CommonName, roleCheck);
        ChainRules.CheckIssuedBy(chain[0], roots.Accept(chain[1]));
        ChainRules.CheckValidity(chain[0], at);
        return new CollateralSigner(chain[0], SubjectKeys.ImportP256(chain[0]));
    }

    /// <exception cref="PrivatemodeVerificationException">The document is not signed with this key.</exception>
    public void CheckSignature(SignedDocument document, string name, string check)
    {
        if (!QuoteSignatures.Verify(_key, document.SignedBytes, document.Signature))
        {
            throw TdxFailure.Collateral(check, $"Intel's {name} is not signed by Intel's TCB signing key");
        }
    }

    public void Dispose() => _key.Dispose();
}
