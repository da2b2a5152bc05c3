using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Sev;
using Privatemode.AI.Testing.Evidence.Tdx;

namespace Privatemode.AI.Tests.Testing.Evidence;

/// <summary>Sound evidence, judged by the platform's own cryptography.</summary>
public sealed class SoundEvidenceTests
{
    private static readonly byte[] Data = [.. Enumerable.Range(100, 64).Select(i => (byte)i)];

    [Theory]
    [InlineData(EvidenceKind.SevSnp, EvidenceAmdProduct.Genoa, 5)]
    [InlineData(EvidenceKind.SevSnp, EvidenceAmdProduct.Genoa, 4)]
    [InlineData(EvidenceKind.SevSnp, EvidenceAmdProduct.Genoa, 3)]
    [InlineData(EvidenceKind.SevSnp, EvidenceAmdProduct.Genoa, 2)]
    [InlineData(EvidenceKind.SevSnp, EvidenceAmdProduct.Milan, 5)]
    [InlineData(EvidenceKind.SevSnp, EvidenceAmdProduct.Milan, 2)]
    [InlineData(EvidenceKind.Tdx, EvidenceAmdProduct.Genoa, 5)]
    public void Evidence_WithoutDefect_HoldsInAllRespects(EvidenceKind kind, EvidenceAmdProduct product, int version)
    {
        Facts facts = DocumentFacts.Read(new EvidenceSettings { Kind = kind, Product = product, ReportVersion = (uint)version });

        Assert.Empty(facts.NotHolding);
        Assert.Equal("good", facts["holds.report data"]);
        Assert.Equal("good", facts[kind == EvidenceKind.SevSnp ? "holds.report signature" : "holds.quote signature"]);
    }

    [Theory]
    [InlineData(EvidenceAmdProduct.Genoa)]
    [InlineData(EvidenceAmdProduct.Milan)]
    public void Snp_Certificates_HaveAPathToTheirRootOnly(EvidenceAmdProduct product)
    {
        IssuedSnp own = Snp(product);
        IssuedSnp other = Snp(product == EvidenceAmdProduct.Genoa ? EvidenceAmdProduct.Milan : EvidenceAmdProduct.Genoa);

        Assert.True(CertificateFacts.HasPath(own.Vek, own.Intermediate, own.Root, DocumentFacts.Day));
        Assert.False(CertificateFacts.HasPath(own.Vek, own.Intermediate, other.Root, DocumentFacts.Day));
    }

    [Fact]
    public void Snp_ChipCertificate_SaysWhatTheReportSays()
    {
        IssuedSnp issued = Snp(EvidenceAmdProduct.Milan);
        using X509Certificate2 vek = X509CertificateLoader.LoadCertificate(issued.Vek);
        byte[] report = issued.Attest(Data) is var (template, signature) ? template.Write(signature) : [];

        Assert.Equal("00", vek.SerialNumber);
        Assert.Equal(report[0x1A0..0x1E0], Extension(vek, "1.3.6.1.4.1.3704.1.4"));
        Assert.Equal([0x16, 8, .. "Milan-B0"u8], Extension(vek, "1.3.6.1.4.1.3704.1.2"));
        Assert.Equal([2, 1, report[0x180]], Extension(vek, "1.3.6.1.4.1.3704.1.3.1"));
        Assert.Equal([2, 1, report[0x181]], Extension(vek, "1.3.6.1.4.1.3704.1.3.2"));
        Assert.Equal([2, 1, report[0x186]], Extension(vek, "1.3.6.1.4.1.3704.1.3.3"));
        Assert.Equal([2, 2, 0, report[0x187]], Extension(vek, "1.3.6.1.4.1.3704.1.3.8")); // 219 needs a leading zero
    }

    [Fact]
    public void Snp_Report_HasItsFieldsWhereTheyBelong()
    {
        (SnpReportTemplate template, byte[] signature) = Snp(EvidenceAmdProduct.Genoa).Attest(Data);
        byte[] report = template.Write(signature);

        Assert.Equal(1184, report.Length);
        Assert.Equal(5u, BinaryPrimitives.ReadUInt32LittleEndian(report));
        Assert.Equal(0x252013Aul, BinaryPrimitives.ReadUInt64LittleEndian(report.AsSpan(8)));
        Assert.Equal(0x24ul, BinaryPrimitives.ReadUInt64LittleEndian(report.AsSpan(0x40)));
        Assert.Equal(Data, report[0x50..0x90]);
        Assert.Equal((byte[])[0x19, 0x11, 0x01], report[0x188..0x18B]);
        Assert.Equal((byte[])[21, 55, 1, 0], report[0x1E8..0x1EC]);
        Assert.True(report.AsSpan(0x208, 152).IndexOfAnyExcept((byte)0) < 0);
        Assert.True(report.AsSpan(0x330).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Snp_OlderReports_LeaveOutWhatCameLater(int version)
    {
        EvidenceSettings settings = new() { ReportVersion = (uint)version };
        (SnpReportTemplate template, byte[] signature) = new IssuedEvidence(settings, DocumentFacts.Day).Snp!.Attest(Data);
        byte[] report = template.Write(signature);

        Assert.Equal(version >= 3, report[0x188] != 0);
        Assert.True(report.AsSpan(0x1F8, 16).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [InlineData(4, false, 48, 584)]
    [InlineData(5, false, 54, 584)]
    [InlineData(5, true, 54, 648)]
    public void Tdx_Quote_IsSignedAndBoundToThePlatform(int version, bool is15, int bodyAt, int bodySize)
    {
        TdxPlan plan = new(DocumentFacts.Day);
        plan.Header.Version = (ushort)version;
        IssuedTdx issued = new(plan);
        byte[] quote = issued.Attest(Data, is15).Write(is15);
        int signedAt = bodyAt + bodySize;
        byte[] key = quote[(signedAt + 68)..(signedAt + 132)];
        byte[] qeReport = quote[(signedAt + 138)..(signedAt + 522)];
        using X509Certificate2 pck = X509CertificateLoader.LoadCertificate(issued.Pck);

        Assert.Equal(version, BinaryPrimitives.ReadUInt16LittleEndian(quote));
        Assert.Equal(Data, quote[(bodyAt + 520)..(bodyAt + 584)]);
        Assert.Equal(quote.Length - signedAt - 4, BinaryPrimitives.ReadInt32LittleEndian(quote.AsSpan(signedAt)));
        Assert.True(TdxFacts.Verify(key, quote.AsSpan(0, signedAt), quote.AsSpan(signedAt + 4, 64)));
        Assert.True(TdxFacts.Verify(pck, qeReport, quote.AsSpan(signedAt + 522, 64)));
        Assert.Equal(SHA256.HashData([.. key, .. quote[(signedAt + 588)..(signedAt + 620)]]), qeReport[320..352]);
        Assert.True(CertificateFacts.HasPath(issued.Pck, issued.PckAuthority, issued.Root, DocumentFacts.Day));
        Assert.Equal(6, pck.Extensions.Count);
    }

    [Fact]
    public void Tdx_Documents_AreSignedOverTheirExactBytes()
    {
        IssuedTdx issued = new(new TdxPlan(DocumentFacts.Day));
        using X509Certificate2 signer = X509CertificateLoader.LoadCertificate(issued.TcbSigning);

        foreach ((byte[] document, string name) in ((byte[], string)[])[(issued.TcbInfo, "tcbInfo"), (issued.QeIdentity, "enclaveIdentity")])
        {
            using JsonDocument parsed = JsonDocument.Parse(document, new JsonDocumentOptions { AllowDuplicateProperties = false });
            byte[] value = System.Text.Encoding.UTF8.GetBytes(parsed.RootElement.GetProperty(name).GetRawText());
            Assert.True(TdxFacts.Verify(signer, value, Convert.FromHexString(parsed.RootElement.GetProperty("signature").GetString()!)));
        }
    }

    private static IssuedSnp Snp(EvidenceAmdProduct product) => new IssuedEvidence(new EvidenceSettings { Product = product }, DocumentFacts.Day).Snp!;

    private static byte[] Extension(X509Certificate2 certificate, string oid) => certificate.Extensions.First(extension => extension.Oid!.Value == oid).RawData;
}
