using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>What the cases of the manifests leave open: rules broken one at a time on evidence of our own.</summary>
public sealed class TdxVerifierTests
{
    private static readonly FakeIntel Good = new();

    [Fact]
    public void Verify_ValidEvidence_ReportsWhatWasProved()
    {
        VerifiedTdxQuote verified = Good.Verify();

        Assert.Equal(TcbStatus.UpToDate, verified.Tcb.Overall.Status);
        Assert.Equal("UpToDate (platform UpToDate, module UpToDate, quoting enclave UpToDate)", verified.Tcb.ToText());
        Assert.Equal(18, verified.TcbInfo.EvaluationDataNumber);
        Assert.Equal(19, verified.QeIdentity.EvaluationDataNumber);
        Assert.Equal(SgxType.Scalable, verified.Platform.SgxType);
        Assert.Equal(new CollateralPeriod(CertificateWriter.From, CertificateWriter.To), verified.PckCrl);
        Assert.Equal(verified.PckCrl, verified.RootCrl);
    }

    // The earliest of all ends counts; each of them is made the earliest once.
    [Fact]
    public void ValidUntil_IsTheEarliestEndOfAnything()
    {
        DateTimeOffset end = new(2026, 7, 1, 0, 0, 0, TimeSpan.Zero);
        FakeIntel[] shortened =
        [
            Good with { Root = Good.Root with { NotAfter = end } },
            Good with { Authority = Good.Authority with { NotAfter = end } },
            Good with { Pck = Good.Pck with { NotAfter = end } },
            Good with { Signer = Good.Signer with { NotAfter = end } },
            Good with { RootCrl = Good.RootCrl with { NextUpdate = end } },
            Good with { PckCrl = Good.PckCrl with { NextUpdate = end } },
            Good with { TcbInfo = Good.TcbInfo.Replace("2026-12-01", "2026-07-01", StringComparison.Ordinal) },
            Good with { QeIdentity = Good.QeIdentity.Replace("2026-11-01", "2026-07-01", StringComparison.Ordinal) },
            Good with { QeIdentityChain = QuoteWriter.ToPem((Good.Signer with { NotAfter = end }).Write(), Good.Root.Write()) },
            Good with { QeIdentityChain = QuoteWriter.ToPem(Good.Signer.Write(), (Good.Root with { NotAfter = end }).Write()) },
        ];

        Assert.Equal(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero), Good.Verify().ValidUntil);
        Assert.All(shortened, intel => Assert.Equal(end, intel.Verify().ValidUntil));
        Assert.All(shortened, intel => intel.Verify(end));
        Assert.All(shortened, intel => Assert.Throws<PrivatemodeVerificationException>(() => intel.Verify(end.AddSeconds(1))));
    }

    // The quote is verified before its collateral is fetched, and its dates count at the time of the verdict all the same.
    [Fact]
    public void Verify_ChainThatExpiredSinceTheQuoteWasVerified_IsRefused()
    {
        DateTimeOffset end = FakeIntel.Now.AddSeconds(1);
        FakeIntel[] shortened =
        [
            Good with { Root = Good.Root with { NotAfter = end } },
            Good with { Authority = Good.Authority with { NotAfter = end } },
            Good with { Pck = Good.Pck with { NotAfter = end } },
        ];
        Assert.All(shortened, intel =>
        {
            using SignedQuote signed = SignedQuote.Verify(intel.Quote.Write(), FakeIntel.Anchors, FakeIntel.Now);
            _ = TdxVerifier.Verify(signed, Good.Collateral, end);
            Refusal.Of(CertificateChecks.Expired, () => TdxVerifier.Verify(signed, Good.Collateral, end.AddSeconds(1)));
        });
    }

    [Fact]
    public void Verify_BeforeAnythingIsValid_IsRefusedByThatThing()
    {
        DateTimeOffset start = new(2026, 6, 2, 0, 0, 0, TimeSpan.Zero);
        (FakeIntel Intel, string Check)[] late =
        [
            (Good with { Root = Good.Root with { NotBefore = start } }, CertificateChecks.NotYetValid),
            (Good with { Authority = Good.Authority with { NotBefore = start } }, CertificateChecks.NotYetValid),
            (Good with { Pck = Good.Pck with { NotBefore = start } }, CertificateChecks.NotYetValid),
            (Good with { Signer = Good.Signer with { NotBefore = start } }, CertificateChecks.NotYetValid),
            (Good with { RootCrl = Good.RootCrl with { ThisUpdate = start } }, CertificateChecks.CrlNotYetValid),
            (Good with { PckCrl = Good.PckCrl with { ThisUpdate = start } }, CertificateChecks.CrlNotYetValid),
            (Good with { TcbInfo = Good.TcbInfo.Replace("2026-01-01", "2026-06-02", StringComparison.Ordinal) }, TdxChecks.TcbInfoNotYetValid),
            (Good with { QeIdentity = Good.QeIdentity.Replace("2026-01-01", "2026-06-02", StringComparison.Ordinal) }, TdxChecks.QeIdentityNotYetValid),
        ];

        Assert.All(late, test => Refusal.Of(test.Check, () => test.Intel.Verify()));
        Assert.All(late, test => test.Intel.Verify(start));
    }

    [Fact]
    public void Collateral_AfterItsNextUpdate_IsRefusedByName()
    {
        DateTimeOffset late = new(2026, 11, 2, 0, 0, 0, TimeSpan.Zero);
        FakeIntel tcbInfo = Good with { TcbInfo = Good.TcbInfo.Replace("2026-12-01", "2026-10-01", StringComparison.Ordinal) };
        FakeIntel list = Good with { PckCrl = Good.PckCrl with { NextUpdate = null } };

        Refusal.Of(TdxChecks.QeIdentityExpired, () => Good.Verify(late));
        Refusal.Of(TdxChecks.TcbInfoExpired, () => tcbInfo.Verify(late));
        Refusal.Of(CertificateChecks.CrlNextUpdateMissing, () => list.Verify());
    }

    // Two certificates of one key, as Intel has issued them, in one verification.
    [Fact]
    public void Verify_OtherCertificateOfTheSameRootKey_IsAccepted()
    {
        byte[] other = (Good.Root with { SerialNumber = [0x02], NotAfter = CertificateWriter.To.AddYears(5) }).Write();
        _ = (Good with { TcbInfoChain = QuoteWriter.ToPem(Good.Signer.Write(), other) }).Verify();
    }

    [Fact]
    public void Verify_CollateralUnderAnotherTrustedRoot_IsRefused()
    {
        using ECDsa key = FakeIntel.NewKey();
        CertificateWriter root = Good.Root with { PublicKey = key.ExportSubjectPublicKeyInfo(), Sign = CertificateWriter.SignEcdsa(key) };
        CertificateWriter signer = Good.Signer with { Sign = CertificateWriter.SignEcdsa(key) };
        FakeIntel intel = Good with { TcbInfoChain = QuoteWriter.ToPem(signer.Write(), root.Write()) };
        TdxTrustAnchors both = new([SHA256.HashData(Good.Root.PublicKey), SHA256.HashData(root.PublicKey)]);

        Refusal.Of(CertificateChecks.TrustAnchor, () => intel.Verify());
        Refusal.Of(TdxChecks.SameRoot, () => TdxVerification.Verify(intel.Quote.Write(), intel.Collateral, both, FakeIntel.Now));
    }

    [Fact]
    public void Verify_RootWithTheKeyButNotSignedByIt_IsRefused()
    {
        using ECDsa key = FakeIntel.NewKey();
        FakeIntel intel = Good with { Root = Good.Root with { NotAfter = CertificateWriter.To.AddYears(9), Sign = CertificateWriter.SignEcdsa(key) } };
        Refusal.Of(CertificateChecks.Signature, () => intel.Verify());
    }

    [Theory]
    [InlineData("Intel SGX Root CA 2", "root", CertificateChecks.TrustAnchor)]
    [InlineData("Intel SGX PCK Processor CA", "authority", TdxChecks.PckRole)]
    [InlineData("Intel SGX TCB Signing", "pck", TdxChecks.PckRole)]
    [InlineData("Intel SGX PCK Certificate", "signer", TdxChecks.TcbInfoSigner)]
    public void Verify_CertificateWithTheNameOfAnotherRole_IsRefused(string name, string place, string check)
    {
        byte[] subject = Der.Name(name);
        FakeIntel intel = place switch
        {
            "root" => Good with { Root = Good.Root with { Subject = subject, Issuer = subject } },
            "authority" => Good with { Authority = Good.Authority with { Subject = subject } },
            "pck" => Good with { Pck = Good.Pck with { Subject = subject } },
            _ => Good with { Signer = Good.Signer with { Subject = subject } },
        };
        Refusal.Of(check, () => intel.Verify());
    }

    [Fact]
    public void Verify_QeIdentityWithAChainOfItsOwn_IsJudgedToo()
    {
        byte[] notSigner = (Good.Signer with { Subject = Der.Name("Intel SGX PCK Certificate") }).Write();
        byte[] root = Good.Root.Write();

        Refusal.Of(TdxChecks.QeIdentitySigner, () => (Good with { QeIdentityChain = QuoteWriter.ToPem(notSigner, root) }).Verify());
        Refusal.Of(TdxChecks.QeIdentityChain, () => (Good with { QeIdentityChain = QuoteWriter.ToPem(Good.Signer.Write()) }).Verify());
        Refusal.Of(TdxChecks.QeIdentityChain, () => (Good with { QeIdentityChain = "no chain"u8.ToArray() }).Verify());
        Refusal.Of(TdxChecks.TcbInfoChain, () => (Good with { TcbInfoChain = [] }).Verify());
        Refusal.Of(TdxChecks.TcbInfoChain, () => (Good with { TcbInfoChain = QuoteWriter.ToPem(Good.Signer.Write(), root, root) }).Verify());
    }

    [Fact]
    public void Verify_SignerOfAnotherIssuer_IsRefused()
    {
        using ECDsa key = FakeIntel.NewKey();
        FakeIntel forged = Good with { Signer = Good.Signer with { Sign = CertificateWriter.SignEcdsa(key) } };
        Refusal.Of(CertificateChecks.Signature, () => forged.Verify());

        byte[] otherSigner = (Good.Signer with { PublicKey = key.ExportSubjectPublicKeyInfo() }).Write();
        byte[] otherChain = QuoteWriter.ToPem(otherSigner, Good.Root.Write());
        Refusal.Of(TdxChecks.QeIdentitySignature, () => (Good with { QeIdentityChain = otherChain }).Verify());
        Refusal.Of(TdxChecks.TcbInfoSignature, () => (Good with { TcbInfoChain = otherChain, QeIdentityChain = Good.SignerChain }).Verify());
    }

    [Fact]
    public void Verify_RevokedCertificate_IsRefused()
    {
        byte[] otherSigner = (Good.Signer with { SerialNumber = [0x0c] }).Write();
        FakeIntel withOther = Good with { QeIdentityChain = QuoteWriter.ToPem(otherSigner, Good.Root.Write()) };
        FakeIntel[] revoked =
        [
            Good with { PckCrl = Good.PckCrl with { Revoked = [[0x64]] } },
            Good with { RootCrl = Good.RootCrl with { Revoked = [[0x0a]] } },
            Good with { RootCrl = Good.RootCrl with { Revoked = [[0x0b]] } },
            withOther with { RootCrl = Good.RootCrl with { Revoked = [[0x0c]] } },
            withOther with { RootCrl = Good.RootCrl with { Revoked = [[0x0b]] } },
        ];

        _ = withOther.Verify();
        Assert.All(revoked, intel => Refusal.Of(CertificateChecks.Revoked, () => intel.Verify()));
    }

    [Fact]
    public void Verify_SerialNumberOnTheListOfAnotherIssuer_IsNotRevoked()
    {
        _ = (Good with { PckCrl = Good.PckCrl with { Revoked = [[0x0a], [0x0b]] } }).Verify();
        _ = (Good with { RootCrl = Good.RootCrl with { Revoked = [[0x64]] } }).Verify();
    }

    [Fact]
    public void PckCrlChain_OfTheQuotesAuthority_IsAccepted()
    {
        byte[] renewed = (Good.Authority with { SerialNumber = [0x0d] }).Write();
        _ = (Good with { PckCrlChain = QuoteWriter.ToPem(Good.Authority.Write(), Good.Root.Write()) }).Verify();
        _ = (Good with { PckCrlChain = QuoteWriter.ToPem(renewed, Good.Root.Write()) }).Verify();
    }

    [Fact]
    public void PckCrlChain_OfAnotherAuthority_IsRefused()
    {
        using ECDsa key = FakeIntel.NewKey();
        byte[] root = Good.Root.Write();
        byte[] otherKey = (Good.Authority with { PublicKey = key.ExportSubjectPublicKeyInfo() }).Write();
        byte[] otherIssuer = (Good.Authority with { SerialNumber = [0x0d], Sign = CertificateWriter.SignEcdsa(key) }).Write();
        byte[] expired = (Good.Authority with { NotAfter = FakeIntel.Now.AddSeconds(-1) }).Write();

        Refusal.Of(TdxChecks.PckCrlChain, () => (Good with { PckCrlChain = QuoteWriter.ToPem(otherKey, root) }).Verify());
        Refusal.Of(TdxChecks.PckCrlChain, () => (Good with { PckCrlChain = QuoteWriter.ToPem(Good.Authority.Write()) }).Verify());
        Refusal.Of(CertificateChecks.Signature, () => (Good with { PckCrlChain = QuoteWriter.ToPem(otherIssuer, root) }).Verify());
        Refusal.Of(CertificateChecks.Expired, () => (Good with { PckCrlChain = QuoteWriter.ToPem(expired, root) }).Verify());
    }

    // A quoting enclave that vouches for such a key does not exist; the import must not fail in another way all the same.
    [Fact]
    public void Verify_AttestationKeyOffTheCurve_IsRefused()
    {
        byte[] off = new byte[64];
        off[63] = 1;
        Refusal.Of(TdxChecks.AttestationKey, () => Good.Verify(Good.Quote with { KeyBytes = off }));
        Refusal.Of(TdxChecks.AttestationKey, () => Good.Verify(Good.Quote with { KeyBytes = new byte[64] }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_535)]
    public void Verify_AuthenticationDataOfAnyLength_IsBoundToTheKey(int length) =>
        Good.Verify(Good.Quote with { AuthenticationData = new byte[length] });

    [Fact]
    public void PckChain_WithoutTheZeroByte_IsTheSame()
    {
        QuoteWriter quote = Good.Quote;
        byte[] bytes = (quote with { Trailing = [] }).Write();
        byte[] chain = TdxQuote.Parse(bytes).PckChain.ToArray();
        Assert.Equal(0, chain[^1]);

        // The writer appends one zero byte: with a white space in its place the chain is read, with two zero bytes it is not.
        _ = TdxVerification.Verify((byte[])[.. bytes[..^1], (byte)'\n'], Good.Collateral, FakeIntel.Anchors, FakeIntel.Now);
        Refusal.Of(TdxChecks.PckChain, () => Good.Verify(quote with { PckChain = [.. quote.PckChain, 0] }));
    }
}
