using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Benchmarks;

/// <summary>Bar: verifying an SNP report with chain and revocation list takes at most 1.3 times its five signatures and three key imports.</summary>
[MemoryDiagnoser]
public class SnpVerifyBenchmarks
{
    private static readonly DateTimeOffset At = new(2026, 3, 15, 0, 0, 0, TimeSpan.Zero);

    private SnpCollateral _collateral = null!;
    private SevTrustAnchors _anchors = null!;
    private Certificate _root = null!;
    private Certificate _intermediate = null!;
    private Certificate _vek = null!;
    private CertificateRevocationList _list = null!;
    private byte[] _reportBytes = [];
    private byte[] _vekBytes = [];
    private byte[] _signed = [];
    private byte[] _signature = [];

    [GlobalSetup]
    public void Setup()
    {
        _reportBytes = Read("syn-crl-clean/report.bin");
        _vekBytes = Read("forged/vcek.der");
        _collateral = new SnpCollateral(ReadPem("forged/ask.pem"), ReadPem("forged/ark.pem"), Read("forged/crl_clean.der"));
        _root = Certificate.Parse(_collateral.Root, "the root");
        _intermediate = Certificate.Parse(_collateral.Intermediate, "the intermediate");
        _vek = Certificate.Parse(_vekBytes, "the signing key");
        _list = CertificateRevocationList.Parse(_collateral.Crl, "the root");
        _anchors = new SevTrustAnchors(new Dictionary<SnpProduct, string>
        {
            [SnpProduct.Genoa] = Convert.ToHexStringLower(_root.SubjectPublicKeyInfoSha256()),
        });
        SnpReport report = SnpReport.Parse(_reportBytes);
        _signed = report.SignedPart.ToArray();
        _signature = report.ReadSignature();
    }

    /// <summary>The calls that no verification can do without: root, intermediate, list and leaf with RSA, the report with ECDSA.</summary>
    [Benchmark(Baseline = true)]
    public bool Bare()
    {
        using RSA root = RSA.Create();
        root.ImportSubjectPublicKeyInfo(_root.SubjectPublicKeyInfo.Span, out _);
        using RSA intermediate = RSA.Create();
        intermediate.ImportSubjectPublicKeyInfo(_intermediate.SubjectPublicKeyInfo.Span, out _);
        using ECDsa vek = ECDsa.Create();
        vek.ImportSubjectPublicKeyInfo(_vek.SubjectPublicKeyInfo.Span, out _);
        return IsSigned(root, _root.ToBeSigned, _root.Signature)
            && IsSigned(root, _intermediate.ToBeSigned, _intermediate.Signature)
            && IsSigned(root, _list.ToBeSigned, _list.Signature)
            && IsSigned(intermediate, _vek.ToBeSigned, _vek.Signature)
            && vek.VerifyData(_signed, _signature, HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
                ? true
                : throw new InvalidOperationException("The vectors do not verify.");
    }

    /// <summary>From bytes to a verdict: parsing, names, dates, revocation, extensions, bindings.</summary>
    [Benchmark]
    public bool Verify() =>
        SnpVerifier.Verify(SnpReport.Parse(_reportBytes), VekCertificate.Parse(_vekBytes), _collateral, _anchors, At).Product == SnpProduct.Genoa;

    private static bool IsSigned(RSA key, ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> signature) =>
        key.VerifyData(data.Span, signature.Span, HashAlgorithmName.SHA384, RSASignaturePadding.Pss);

    private static byte[] Read(string path) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", "snp", path));

    private static ReadOnlyMemory<byte> ReadPem(string path) => Pem.ReadCertificates(Read(path), 1)[0];
}
