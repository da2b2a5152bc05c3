using System.Security.Cryptography;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Sev;

/// <summary>An AMD of our own with smaller keys: root, intermediate, signing key, list and report, each of which a test can change.</summary>
internal sealed record FakeAmd
{
    public const string Arc = "1.3.6.1.4.1.3704.1.";

    public static readonly DateTimeOffset At = CertificateWriter.From.AddDays(30);
    public static readonly RSA RootKey = RSA.Create(2048);
    public static readonly RSA IntermediateKey = RSA.Create(2048);
    public static readonly ECDsa VekKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    private static readonly string RootFingerprint = Convert.ToHexStringLower(SHA256.HashData(RootKey.ExportSubjectPublicKeyInfo()));

    public required CertificateWriter Root { get; init; }

    public required CertificateWriter Intermediate { get; init; }

    public required CertificateWriter Vek { get; init; }

    public required RevocationListWriter Crl { get; init; }

    public required SnpReportWriter Report { get; init; }

    public required SnpProduct Line { get; init; }

    /// <summary>Null: the root's key as the only one, for the product line.</summary>
    public SevTrustAnchors? Anchors { get; init; }

    /// <summary>The root's key as the only one, for a product line.</summary>
    public static SevTrustAnchors AnchorsFor(SnpProduct product) => new(new Dictionary<SnpProduct, string> { [product] = RootFingerprint });

    /// <summary>Everything as it should be. The TCB is boot loader 10, tee 1, snp 23, microcode 84 (fmc 2).</summary>
    public static FakeAmd Create(SnpProduct product = SnpProduct.Genoa, SnpSigner signer = SnpSigner.Vcek)
    {
        string vlek = signer == SnpSigner.Vlek ? "VLEK-" : string.Empty;
        byte[] rootName = Der.AmdName($"ARK-{product}");
        byte[] intermediateName = Der.AmdName($"SEV-{vlek}{product}");
        CertificateWriter root = new()
        {
            Algorithm = Der.PssSha384,
            Issuer = rootName,
            Subject = rootName,
            PublicKey = RootKey.ExportSubjectPublicKeyInfo(),
            Extensions = [Der.BasicConstraints(true), Der.KeyUsage(certificates: true, lists: true)],
            Sign = CertificateWriter.SignPss(RootKey),
        };
        return new FakeAmd
        {
            Line = product,
            Root = root,
            Intermediate = root with
            {
                SerialNumber = [0x02, 0x00, 0x02],
                Subject = intermediateName,
                PublicKey = IntermediateKey.ExportSubjectPublicKeyInfo(),
                Extensions = [Der.BasicConstraints(true, 0), Der.KeyUsage(certificates: true, lists: false)],
            },
            Vek = new CertificateWriter
            {
                SerialNumber = [0],
                Algorithm = Der.Pss(trailer: 1),
                Issuer = intermediateName,
                Subject = Der.AmdName(signer == SnpSigner.Vlek ? "SEV-VLEK" : "SEV-VCEK"),
                PublicKey = VekKey.ExportSubjectPublicKeyInfo(),
                Extensions = VekExtensionValues(product, signer),
                Sign = CertificateWriter.SignPss(IntermediateKey),
            },
            Crl = new RevocationListWriter { Algorithm = Der.PssSha384, Issuer = rootName, Sign = CertificateWriter.SignPss(RootKey) },
            Report = NewReport(product, signer),
        };
    }

    /// <summary>8 or 64 bytes that look like a DER OCTET STRING of another length, as they may by chance.</summary>
    public static byte[] HardwareId(SnpProduct product)
    {
        byte[] id = [.. Enumerable.Range(1, product == SnpProduct.Turin ? 8 : 64).Select(i => (byte)i)];
        id[0] = 0x04;
        id[1] = (byte)(id.Length - 2);
        return id;
    }

    public static (string Identifier, bool Critical, byte[] Value)[] VekExtensionValues(SnpProduct product, SnpSigner signer)
    {
        bool turin = product == SnpProduct.Turin;
        (string, bool, byte[]) Number(string suffix, int value) => (Arc + suffix, false, Der.Integer(value));
        return
        [
            Number("1", turin ? 1 : 0),
            (Arc + "2", false, [0x16, 5, .. System.Text.Encoding.ASCII.GetBytes(product.ToString())]),
            Number("3.1", 10),
            Number("3.2", 1),
            Number("3.5", 0),
            Number("3.3", 23),
            Number("3.8", 84),
            turin ? Number("3.9", 2) : Number("3.4", 0),
            signer == SnpSigner.Vcek ? (Arc + "4", false, HardwareId(product)) : (Arc + "5", false, [0x16, 4, .. "CN=x"u8]),
        ];
    }

    public VerifiedSnpReport Verify() => SnpVerifier.Verify(
        SnpReport.Parse(Report.Sign(VekKey).Bytes),
        VekCertificate.Parse(Vek.Write()),
        new SnpCollateral(Intermediate.Write(), Root.Write(), Crl.Write()),
        Anchors ?? AnchorsFor(Line),
        At);

    public FakeAmd WithRootExtensions(params (string Identifier, bool Critical, byte[] Value)[] extensions) =>
        this with { Root = Root with { Extensions = extensions } };

    public void AssertRefused(string check) => Refusal.Of(check, () => Verify());

    /// <summary>The same with one extension of the signing key's certificate replaced, added, or (null) removed.</summary>
    public FakeAmd WithVekExtension(string suffix, byte[]? value)
    {
        IEnumerable<(string Identifier, bool Critical, byte[] Value)> others = Vek.Extensions.Where(extension => extension.Identifier != Arc + suffix);
        return this with { Vek = Vek with { Extensions = value is null ? [.. others] : [.. others, (Arc + suffix, false, value)] } };
    }

    private static SnpReportWriter NewReport(SnpProduct product, SnpSigner signer)
    {
        (byte family, byte model, ulong tcb) = product switch
        {
            SnpProduct.Milan => ((byte)0x19, (byte)0x01, 0x5417_0000_0000_010aUL),
            SnpProduct.Genoa => ((byte)0x19, (byte)0x11, 0x5417_0000_0000_010aUL),
            _ => ((byte)0x1a, (byte)0x02, 0x5400_0000_1701_0a02UL),
        };
        SnpReportWriter report = new SnpReportWriter().Byte(SnpReportWriter.Family, family).Byte(SnpReportWriter.Model, model).Tcb(tcb);
        return signer == SnpSigner.Vlek ? report.UInt32(SnpReportWriter.KeyInfo, 1 << 2) : report.Put(SnpReportWriter.ChipId, HardwareId(product));
    }
}
