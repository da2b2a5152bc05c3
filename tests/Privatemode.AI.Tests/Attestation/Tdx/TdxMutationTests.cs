using System.Text;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Attestation.Tdx;
using Privatemode.AI.Tests.Attestation.Certificates;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Attestation.Tdx;

/// <summary>Damaged evidence: our exception or, where the damage is not in anything that counts, the same verdict.</summary>
public sealed class TdxMutationTests
{
    private static readonly FakeIntel Intel = new();
    private static readonly byte[] Quote = (Intel.Quote with { Trailing = [] }).Write();
    private static readonly TdxCollateral Collateral = Intel.Collateral;

    // Each byte of what is signed, one bit at a time: header, body, signatures, key, QE report, authentication data, lengths.
    [Fact]
    public void Check_AnyByteBeforeTheChainChanged_IsRefused()
    {
        int chainAt = Quote.Length - TdxQuote.Parse(Quote).PckChain.Length;
        Certificate pck = Certificate.Parse(Intel.Pck.Write(), "the PCK key");
        QuoteSignatures.Check(TdxQuote.Parse(Quote), pck);
        for (int i = 0; i < chainAt; i++)
        {
            byte[] damaged = [.. Quote];
            damaged[i] ^= (byte)(1 << (i % 8));
            Assert.Throws<PrivatemodeVerificationException>(() => QuoteSignatures.Check(TdxQuote.Parse(damaged), pck));
        }
    }

    // White space in PEM is not signed; whatever is certified is.
    [Fact]
    public void Verify_DamagedChain_IsRefusedOrHasTheSameCertificates()
    {
        TdxQuote good = TdxQuote.Parse(Quote);
        int chainAt = Quote.Length - good.PckChain.Length;
        int accepted = 0;
        for (int i = 0; i < good.PckChain.Length; i++)
        {
            byte[] damaged = [.. Quote];
            damaged[chainAt + i] = (byte)(i % 7 == 0 ? ' ' : damaged[chainAt + i] ^ (1 << (i % 8)));
            if (Refusal.AcceptsOrRefuses(() => Verify(damaged, Collateral)))
            {
                accepted++;
                Assert.Equal(Certificates(good), Certificates(TdxQuote.Parse(damaged)));
            }
        }

        Assert.InRange(accepted, 0, good.PckChain.Length / 20);
    }

    [Fact]
    public void Verify_DamagedDocuments_AreRefusedOrSayTheSame()
    {
        (byte[] Good, string Name, Func<byte[], TdxCollateral> Put)[] documents =
        [
            (Collateral.TcbInfo.ToArray(), TcbInfo.Name, bytes => Collateral with { TcbInfo = bytes }),
            (Collateral.QeIdentity.ToArray(), QeIdentity.Name, bytes => Collateral with { QeIdentity = bytes }),
        ];
        foreach ((byte[] good, string name, Func<byte[], TdxCollateral> put) in documents)
        {
            for (int seed = 0; seed < 200; seed++)
            {
                byte[] damaged = new Mutator(seed).Damage(good);
                if (Refusal.AcceptsOrRefuses(() => Verify(Quote, put(damaged))))
                {
                    using SignedDocument document = SignedDocument.Parse(damaged, name, "");
                    Assert.Contains(Encoding.UTF8.GetString(document.SignedBytes), Encoding.UTF8.GetString(good), StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public void Parse_DamagedQuotes_AreReadOrRefused()
    {
        for (int seed = 0; seed < 5000; seed++)
        {
            byte[] damaged = new Mutator(seed).Damage(Quote);
            _ = Refusal.AcceptsOrRefuses(() => TdxQuote.Parse(damaged));
        }
    }

    private static void Verify(byte[] quote, TdxCollateral collateral) => TdxVerification.Verify(quote, collateral, FakeIntel.Anchors, FakeIntel.Now);

    private static IEnumerable<string> Certificates(TdxQuote quote)
    {
        ReadOnlySpan<byte> pem = quote.PckChain.Span;
        return Pem.ReadCertificates(pem is [.., 0] ? pem[..^1] : pem, 3).Select(der => Convert.ToHexString(der.Span));
    }
}
