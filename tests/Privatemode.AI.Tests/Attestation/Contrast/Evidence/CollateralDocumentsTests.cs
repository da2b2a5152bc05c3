using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Certificates;
using Privatemode.AI.Testing.Evidence.Sev;
using Privatemode.AI.Testing.Evidence.Tdx;
using EvidenceKind = Privatemode.AI.Testing.EvidenceKind;

namespace Privatemode.AI.Tests.Attestation.Contrast;

/// <summary>
/// Which documents may be stored. One that is authentic but belongs to something else would keep out the right one for as long as it is newer.
/// </summary>
public sealed class CollateralDocumentsTests : IDisposable
{
    private static readonly DateTimeOffset Day = CoordinatorScene.Day;

    private readonly List<IDisposable> _owned = [];

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    [Fact]
    public void Intel_OwnDocuments_HaveTheirVersions()
    {
        IssuedTdx issued = Issue(EvidenceKind.Tdx).Tdx!;
        TdxDocuments documents = DocumentsOf(Issue(EvidenceKind.Tdx));
        DocumentVersion document = new(Day, 20, Day.AddDays(30));
        Assert.Equal(document, documents.FindTcbInfo(issued.TcbInfo, Text(issued.TcbInfoChain)));
        Assert.Equal(document, documents.FindQeIdentity(issued.QeIdentity, Text(issued.QeIdentityChain)));
        Assert.Equal(new DocumentVersion(Day, 1, Day.AddDays(30)), documents.FindPckCrl(issued.PckList, Text(issued.PckListChain)));
        Assert.Equal(new DocumentVersion(Day, 1, Day.AddDays(30)), documents.FindPckCrl(issued.PckList, default));
        Assert.Equal(new DocumentVersion(Day, 1, Day.AddDays(380)), documents.FindRootCrl(issued.RootList));
    }

    [Theory]
    [InlineData("TdxTcbInfoExpired")]
    [InlineData("TdxTcbInfoFromFuture")]
    [InlineData("TdxPlatformRevoked")]
    [InlineData("TdxTcbSignerRevoked")]
    public void Intel_AuthenticDocumentsThatAreRefused_HaveTheirVersionsToo(string defect)
    {
        IssuedEvidence issued = new(new EvidenceSettings { Kind = EvidenceKind.Tdx, Defect = defect }, Day);
        Assert.NotNull(DocumentsOf(issued).FindTcbInfo(issued.Tdx!.TcbInfo, Text(issued.Tdx.TcbInfoChain)));
        Assert.NotNull(DocumentsOf(issued).FindRootCrl(issued.Tdx.RootList));
    }

    [Fact]
    public void Intel_DocumentsOfOthers_AreNotAuthentic()
    {
        IssuedEvidence own = Issue(EvidenceKind.Tdx);
        TdxDocuments documents = DocumentsOf(own);
        ReadOnlyMemory<byte> chain = Text(own.Tdx!.TcbInfoChain);
        Assert.Null(documents.FindTcbInfo(Issue(EvidenceKind.Tdx, plan => plan.Tdx.TcbInfo.Fmspc = "00806F050000").Tdx!.TcbInfo, chain));
        Assert.Null(documents.FindTcbInfo(Issue(EvidenceKind.Tdx, plan => plan.Tdx.TcbInfo.Id = "SGX").Tdx!.TcbInfo, chain));
        Assert.Null(documents.FindTcbInfo(Issue(EvidenceKind.Tdx, plan => plan.Tdx.TcbInfoSigner = TestKeys.StrangerP256).Tdx!.TcbInfo, chain));
        Assert.Null(documents.FindTcbInfo(own.Tdx.QeIdentity, chain));
        Assert.Null(documents.FindQeIdentity(Issue(EvidenceKind.Tdx, plan => plan.Tdx.QeIdentity.Id = "QE").Tdx!.QeIdentity, chain));
        Assert.Null(documents.FindPckCrl(own.Tdx.RootList, Text(own.Tdx.PckListChain)));
        Assert.Null(documents.FindPckCrl(own.Tdx.PckList, chain));
        Assert.Null(documents.FindRootCrl(own.Tdx.PckList));
        Assert.Null(documents.FindRootCrl(Issue(EvidenceKind.Tdx, plan => plan.Tdx.RootList.IsTampered = true).Tdx!.RootList));
    }

    [Fact]
    public void Intel_QuoteOutsideItsTime_HasNoDocuments()
    {
        IssuedEvidence issued = Issue(EvidenceKind.Tdx);
        IssuedTdx own = issued.Tdx!;
        SignedQuote quote = Owned(SignedQuote.Verify(TdxQuoteMessage.ReadQuote(DocumentOf(issued).Evidence), CoordinatorScene.Anchors.Tdx, Day));
        TdxDocuments documents = new(quote, CoordinatorScene.Anchors.Tdx, quote.Chain.Leaf.NotAfter.AddSeconds(1));
        Assert.Null(documents.FindTcbInfo(own.TcbInfo, Text(own.TcbInfoChain)));
        Assert.Null(documents.FindPckCrl(own.PckList, Text(own.PckListChain)));
        Assert.Null(documents.FindRootCrl(own.RootList));
    }

    [Fact]
    public void Amd_OwnDocuments_HaveTheirVersions()
    {
        IssuedEvidence own = Issue(EvidenceKind.SevSnp);
        SnpDocuments documents = SnpDocumentsOf(own);
        byte[] chain = Chain(own.Snp!.Intermediate, own.Snp.Root);
        Assert.Equal(new DateTimeOffset(2020, 10, 22, 0, 0, 0, TimeSpan.Zero), documents.FindChain(chain)!.Value.IssuedAt);
        Assert.Equal(Day.AddDays(-180), documents.FindVcek(own.Snp.Vek, chain)!.Value.IssuedAt);
        Assert.Equal(new DocumentVersion(Day, 4, Day.AddDays(365)), documents.FindRevocationList(own.Snp.RevocationList!, chain));
    }

    [Fact]
    public void Amd_DocumentsOfOthers_AreNotAuthentic()
    {
        IssuedEvidence own = Issue(EvidenceKind.SevSnp);
        SnpDocuments documents = SnpDocumentsOf(own);
        byte[] chain = Chain(own.Snp!.Intermediate, own.Snp.Root);
        IssuedSnp sibling = Issue(EvidenceKind.SevSnp, plan => plan.Snp.Vek.HardwareId = TestChips.Sibling).Snp!;
        IssuedSnp otherTcb = Issue(EvidenceKind.SevSnp, plan => plan.Snp.Vek.Tcb = plan.Snp.Line.MinimumTcb).Snp!;
        IssuedSnp provider = new IssuedEvidence(new EvidenceSettings { Defect = "SnpSignedByProvider" }, Day).Snp!;
        IssuedSnp milan = new IssuedEvidence(new EvidenceSettings { Product = EvidenceAmdProduct.Milan }, Day).Snp!;
        IssuedSnp forged = new IssuedEvidence(new EvidenceSettings { Defect = "SnpForgedRoot" }, Day).Snp!;
        Assert.Null(documents.FindVcek(sibling.Vek, chain));
        Assert.Null(documents.FindVcek(otherTcb.Vek, chain));
        Assert.Null(documents.FindChain(Chain(provider.Intermediate, provider.Root)));
        Assert.Null(documents.FindChain(Chain(milan.Intermediate, milan.Root)));
        Assert.Null(documents.FindChain(Chain(forged.Intermediate, forged.Root)));
        Assert.Null(documents.FindRevocationList(milan.RevocationList!, chain));
        Assert.Null(documents.FindRevocationList(milan.RevocationList!, Chain(milan.Intermediate, milan.Root)));
        Assert.Null(documents.FindRevocationList(forged.RevocationList!, Chain(forged.Intermediate, forged.Root)));
        Assert.Null(documents.FindRevocationList(forged.RevocationList!, chain));
    }

    private static IssuedEvidence Issue(EvidenceKind kind, Action<EvidencePlan>? change = null)
    {
        EvidencePlan plan = EvidencePlan.Create(new EvidenceSettings { Kind = kind, HasCertificates = false }, Day);
        change?.Invoke(plan);
        return new IssuedEvidence(plan);
    }

    private static AttestationDocument DocumentOf(IssuedEvidence issued) =>
        AttestationDocument.Parse(Encoding.UTF8.GetBytes(issued.Attest(new byte[32], "mesh")));

    private TdxDocuments DocumentsOf(IssuedEvidence issued)
    {
        SignedQuote quote = Owned(SignedQuote.Verify(TdxQuoteMessage.ReadQuote(DocumentOf(issued).Evidence), CoordinatorScene.Anchors.Tdx, Day));
        return new(quote, CoordinatorScene.Anchors.Tdx, Day);
    }

    private SnpDocuments SnpDocumentsOf(IssuedEvidence issued) => Owned(new SnpDocuments(
        Owned((ParsedSnpEvidence)ParsedEvidence.Of(DocumentOf(issued), Manifest.Parse(issued.Manifest), CoordinatorScene.Anchors, Day)),
        CoordinatorScene.Anchors.Sev,
        Day));

    private T Owned<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private static byte[] Chain(params byte[][] certificates) =>
        Encoding.ASCII.GetBytes(string.Join('\n', certificates.Select(der => PemEncoding.WriteString("CERTIFICATE", der))));

    private static byte[] Text(string pem) => Encoding.ASCII.GetBytes(pem);
}
