using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>An Intel of our own: chain, quote and collateral that pass, so that a test can break one rule at a time.</summary>
internal sealed record FakeIntel
{
    public static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly ECDsa RootKey = NewKey();
    public static readonly ECDsa AuthorityKey = NewKey();
    public static readonly ECDsa PckKey = NewKey();
    public static readonly ECDsa SignerKey = NewKey();
    public static readonly ECDsa AttestationKey = NewKey();

    private static readonly byte[] RootName = Der.Name("Intel SGX Root CA");
    private static readonly byte[] AuthorityName = Der.Name("Intel SGX PCK Platform CA");
    private static readonly byte[] RootSignerSerial = [0x0b];

    public CertificateWriter Root { get; init; } = new()
    {
        SerialNumber = [0x01],
        Issuer = RootName,
        Subject = RootName,
        PublicKey = RootKey.ExportSubjectPublicKeyInfo(),
        Extensions = [Der.BasicConstraints(true, 1), Der.KeyUsage(certificates: true, lists: true)],
        Sign = CertificateWriter.SignEcdsa(RootKey),
    };

    public CertificateWriter Authority { get; init; } = new()
    {
        SerialNumber = [0x0a],
        Issuer = RootName,
        Subject = AuthorityName,
        PublicKey = AuthorityKey.ExportSubjectPublicKeyInfo(),
        Extensions = [Der.BasicConstraints(true, 0), Der.KeyUsage(certificates: true, lists: true)],
        Sign = CertificateWriter.SignEcdsa(RootKey),
    };

    public CertificateWriter Pck { get; init; } = PckWith(new PckExtensionWriter());

    public CertificateWriter Signer { get; init; } = new()
    {
        SerialNumber = RootSignerSerial,
        Issuer = RootName,
        Subject = Der.Name("Intel SGX TCB Signing"),
        PublicKey = SignerKey.ExportSubjectPublicKeyInfo(),
        Sign = CertificateWriter.SignEcdsa(RootKey),
    };

    public RevocationListWriter RootCrl { get; init; } = new() { Issuer = RootName, Sign = CertificateWriter.SignEcdsa(RootKey) };

    public RevocationListWriter PckCrl { get; init; } = new() { Issuer = AuthorityName, Sign = CertificateWriter.SignEcdsa(AuthorityKey) };

    /// <summary>The signed part of the TCB info.</summary>
    public string TcbInfo { get; init; } = CollateralText.TcbInfo();

    /// <summary>The signed part of the QE identity.</summary>
    public string QeIdentity { get; init; } = CollateralText.QeIdentity();

    /// <summary>In place of the chain of TCB signing certificate and root.</summary>
    public byte[]? QeIdentityChain { get; init; }

    public byte[]? TcbInfoChain { get; init; }

    public byte[] PckCrlChain { get; init; } = [];

    public byte[] SignerChain => QuoteWriter.ToPem(Signer.Write(), Root.Write());

    public QuoteWriter Quote => new(AttestationKey, PckKey, QuoteWriter.ToPem(Pck.Write(), Authority.Write(), Root.Write()));

    public TdxCollateral Collateral => new(
        Sign("tcbInfo", TcbInfo),
        TcbInfoChain ?? SignerChain,
        Sign("enclaveIdentity", QeIdentity),
        QeIdentityChain ?? TcbInfoChain ?? SignerChain,
        PckCrl.Write(),
        PckCrlChain,
        RootCrl.Write());

    public static TdxTrustAnchors Anchors => new([SHA256.HashData(RootKey.ExportSubjectPublicKeyInfo())]);

    public static CertificateWriter PckWith(PckExtensionWriter extension) => new()
    {
        SerialNumber = [0x64],
        Issuer = AuthorityName,
        Subject = Der.Name("Intel SGX PCK Certificate"),
        PublicKey = PckKey.ExportSubjectPublicKeyInfo(),
        Extensions = [(PckExtensionWriter.Root, false, extension.Write())],
        Sign = CertificateWriter.SignEcdsa(AuthorityKey),
    };

    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>A document of Intel's service, signed with the TCB signing key.</summary>
    public static byte[] Sign(string name, string content)
    {
        byte[] signature = SignerKey.SignData(
            Encoding.UTF8.GetBytes(content), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return Encoding.UTF8.GetBytes($"{{\"{name}\":{content},\"signature\":\"{Convert.ToHexStringLower(signature)}\"}}");
    }

    public VerifiedTdxQuote Verify() => Verify(Quote, Now);

    public VerifiedTdxQuote Verify(QuoteWriter quote) => Verify(quote, Now);

    public VerifiedTdxQuote Verify(DateTimeOffset at) => Verify(Quote, at);

    private VerifiedTdxQuote Verify(QuoteWriter quote, DateTimeOffset at) => TdxVerification.Verify(quote.Write(), Collateral, Anchors, at);
}
