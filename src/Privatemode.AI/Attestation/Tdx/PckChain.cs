using Privatemode.AI.Attestation.Certificates;

namespace Privatemode.AI.Attestation.Tdx;

/// <summary>The chain in a quote: the platform's provisioning certification key (PCK), its CA and the root.</summary>
internal sealed class PckChain : IDisposable
{
    /// <summary>Common name of the CA of every platform that can run trust domains; the one of single-socket SGX is not accepted.</summary>
    public const string PlatformCa = "Intel SGX PCK Platform CA";

    /// <summary>Whose certificate the second one is, for messages.</summary>
    public const string AuthorityHolder = "the PCK platform CA";

    private const string LeafName = "Intel SGX PCK Certificate";
    private const string LeafHolder = "the PCK key";

    private PckChain(Certificate leaf, CertificateIssuer authority, CertificateIssuer root, PckExtensions extensions)
    {
        Leaf = leaf;
        Authority = authority;
        Root = root;
        Extensions = extensions;
    }

    public Certificate Leaf { get; }

    public CertificateIssuer Authority { get; }

    /// <summary>Belongs to <see cref="IntelRoots"/>.</summary>
    public CertificateIssuer Root { get; }

    /// <summary>What the leaf says about the platform.</summary>
    public PckExtensions Extensions { get; }

    /// <summary>Judges the chain in a quote, apart from revocation.</summary>
    /// <exception cref="PrivatemodeVerificationException">The chain does not lead to a trusted root.</exception>
    public static PckChain Verify(TdxQuote quote, IntelRoots roots, DateTimeOffset at)
    {
        Certificate[] chain = Read(quote);
        CertificateIssuer root = roots.Accept(chain[2]);
        ChainRules.CheckIssuedBy(chain[1], root);
        ChainRules.CheckValidity(chain[1], at);
        CertificateIssuer authority = CertificateIssuer.WithP256(chain[1]);
        try
        {
            ChainRules.CheckIssuedBy(chain[0], authority);
            ChainRules.CheckValidity(chain[0], at);
            return new PckChain(chain[0], authority, root, ReadExtensions(chain[0]));
        }
        catch (PrivatemodeVerificationException)
        {
            authority.Dispose();
            throw;
        }
    }

    /// <summary>Refuses the chain when its certificates are revoked, or when it is not certain that they are not.</summary>
    /// <param name="pckCrl">The list of the PCK CA; it has been verified.</param>
    /// <param name="rootCrl">The list of the root; it has been verified.</param>
    /// <exception cref="PrivatemodeVerificationException">A certificate is revoked.</exception>
    public void CheckNotRevoked(CertificateRevocationList pckCrl, CertificateRevocationList rootCrl)
    {
        ChainRules.CheckNotRevoked(Authority.Certificate, rootCrl);
        ChainRules.CheckNotRevoked(Leaf, pckCrl);
    }

    /// <summary>Refuses a PCK CRL that came with the chain of another CA than the quote's.</summary>
    /// <param name="pem">The chain of the answer, CA and root; empty when it is not known.</param>
    /// <param name="roots">The roots of this verification.</param>
    /// <param name="at">The time at which it must be valid.</param>
    /// <exception cref="PrivatemodeVerificationException">It is another chain.</exception>
    public void CheckCrlChain(ReadOnlySpan<byte> pem, IntelRoots roots, DateTimeOffset at)
    {
        if (pem.IsEmpty)
        {
            return;
        }

        Certificate[] chain = PemChain.Read(pem, TdxChecks.PckCrlChain, [AuthorityHolder, PemChain.RootHolder]);
        CertificateIssuer root = roots.Accept(chain[1]);
        Certificate authority = Authority.Certificate;
        if (authority.Raw.Span.SequenceEqual(chain[0].Raw.Span))
        {
            return;
        }

        // The CA may have two certificates, but it has one key: the list is verified with that of the quote.
        if (!authority.SubjectPublicKeyInfo.Span.SequenceEqual(chain[0].SubjectPublicKeyInfo.Span))
        {
            throw TdxFailure.Collateral(TdxChecks.PckCrlChain, "The revocation list of PCK keys comes from another CA than the quote's");
        }

        ChainRules.CheckIssuedBy(chain[0], root);
        ChainRules.CheckValidity(chain[0], at);
    }

    public void Dispose() => Authority.Dispose();

    private static Certificate[] Read(TdxQuote quote)
    {
        // Quoting libraries hand the chain on as a C string, with the zero byte at its end.
        ReadOnlySpan<byte> pem = quote.PckChain.Span;
        pem = pem is [.., 0] ? pem[..^1] : pem;
        Certificate[] chain = PemChain.Read(pem, TdxChecks.PckChain, [LeafHolder, AuthorityHolder, PemChain.RootHolder]);
        PemChain.CheckRole(chain[0], LeafName, TdxChecks.PckRole);
        PemChain.CheckRole(chain[1], PlatformCa, TdxChecks.PckRole);
        return chain;
    }

    private static PckExtensions ReadExtensions(Certificate leaf) =>
        leaf.Extensions.TryGetValue(PckExtensions.ObjectIdentifier, out CertificateExtension? extension)
            ? PckExtensions.Parse(extension.Value)
            : throw TdxFailure.Quote(TdxChecks.PckExtension, "comes with a PCK certificate that does not say which platform it is for");
}
