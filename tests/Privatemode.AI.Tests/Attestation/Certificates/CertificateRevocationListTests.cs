using System.Security.Cryptography;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Certificates;

public sealed class CertificateRevocationListTests
{
    private static readonly DateTimeOffset At = CertificateWriter.From.AddDays(1);

    [Fact]
    public void Verify_ListOfTheAuthority_Passes()
    {
        CertificateRevocationList list = Parse(new RevocationListWriter
        {
            Revoked = [[0x01], [0x00, 0x80]],
            EntryExtensions = [("2.5.29.21", false, [0x0a, 0x01, 0x01])],
        });

        Verify(list, At);
        Assert.Equal(2, list.Count);
        Assert.True(list.IsRevoked((byte[])[0x00, 0x80]));
        Assert.False(list.IsRevoked((byte[])[0x80]));
        Assert.Equal((CertificateWriter.From, CertificateWriter.To), (list.ThisUpdate, list.NextUpdate));
    }

    [Fact]
    public void Verify_EmptyListOfEntriesOrNoExtensions_Passes()
    {
        Verify(Parse(new RevocationListWriter { Extensions = [] }), At);
        Verify(Parse(new RevocationListWriter { Revoked = [[0x01]], Extensions = [] }), At);
    }

    [Fact]
    public void Verify_OtherIssuerName_IsRefused() => AssertRefused(CertificateChecks.CrlIssuer, new() { Issuer = Der.Name("Other") });

    [Fact]
    public void Verify_OtherKey_IsRefused()
    {
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        AssertRefused(CertificateChecks.CrlSignature, new() { Sign = CertificateWriter.SignEcdsa(other) });
    }

    [Fact]
    public void Verify_ChangedAfterSigning_IsRefused()
    {
        byte[] der = new RevocationListWriter { Revoked = [[0x12, 0x34]] }.Write();
        int serial = der.AsSpan().IndexOf((byte[])[0x02, 0x02, 0x12, 0x34]);
        der[serial + 3] ^= 1;

        Refusal.Of(CertificateChecks.CrlSignature, () => Verify(CertificateRevocationList.Parse(der, "the test"), At));
    }

    [Fact]
    public void Verify_IssuerThatMaySignCertificatesOnly_IsRefused()
    {
        CertificateWriter authority = CertificateWriter.Authority with { Extensions = [Der.BasicConstraints(true), Der.KeyUsage(true, false)] };
        using CertificateIssuer issuer = CertificateIssuer.WithP256(Certificate.Parse(authority.Write(), "the test"));

        Refusal.Of(CertificateChecks.CrlKeyUsage, () => Parse(new()).Verify(issuer, At));
    }

    [Fact]
    public void Verify_BothDates_BelongToIt()
    {
        CertificateRevocationList list = Parse(new());
        Verify(list, list.ThisUpdate);
        Verify(list, list.NextUpdate!.Value);
        Refusal.Of(CertificateChecks.CrlNotYetValid, () => Verify(list, list.ThisUpdate.AddTicks(-1)));
        PrivatemodeVerificationException early = Refusal.Of(CertificateChecks.CrlNotYetValid, () => Verify(list, list.ThisUpdate.AddDays(-1)));
        PrivatemodeVerificationException stale = Refusal.Of(CertificateChecks.CrlExpired, () => Verify(list, list.NextUpdate!.Value.AddDays(1)));
        Refusal.Of(CertificateChecks.CrlExpired, () => Verify(list, list.NextUpdate!.Value.AddTicks(1)));

        Assert.Equal(("not before 2026-01-01 00:00:00Z", "2025-12-31 00:00:00Z"), (early.Expected, early.Found));
        Assert.Equal(("not after 2027-01-01 00:00:00Z", "2027-01-02 00:00:00Z"), (stale.Expected, stale.Found));
    }

    [Fact]
    public void Verify_WithoutNextUpdate_IsStale() => AssertRefused(CertificateChecks.CrlNextUpdateMissing, new() { NextUpdate = null });

    [Theory]
    [InlineData("2.5.29.27", CertificateChecks.CrlScope)] // delta
    [InlineData("2.5.29.28", CertificateChecks.CrlScope)] // indirect, or some certificates only
    public void Parse_PartialList_IsRefused(string identifier, string check)
    {
        foreach (bool critical in (bool[])[false, true])
        {
            AssertRefused(check, new() { Extensions = [(identifier, critical, Der.Integer(1))] });
        }
    }

    [Fact]
    public void Parse_EntryOfAnotherIssuer_IsRefused() =>
        AssertRefused(CertificateChecks.CrlScope, new() { Revoked = [[1]], EntryExtensions = [("2.5.29.29", true, [0x30, 0x00])] });

    [Fact]
    public void Parse_UnknownCriticalExtension_IsRefused()
    {
        AssertRefused(CertificateChecks.CrlCriticalExtension, new() { Extensions = [("1.2.3", true, [])] });
        AssertRefused(CertificateChecks.CrlCriticalExtension, new() { Revoked = [[1]], EntryExtensions = [("1.2.3", true, [])] });
    }

    [Fact]
    public void Parse_SerialNumberTwice_IsRefused() => AssertRefused(CertificateChecks.CrlDuplicateSerial, new() { Revoked = [[1], [2], [1]] });

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(2)]
    public void Parse_OtherVersion_IsRefused(int? version) => AssertRefused(CertificateChecks.CrlFormat, new() { Version = version });

    [Fact]
    public void Parse_ElementBehindTheExtensions_IsRefused() => AssertRefused(CertificateChecks.CrlFormat, new() { Tail = Der.Integer(1) });

    [Fact]
    public void Parse_LongSerialNumber_IsRefused() => AssertRefused(CertificateChecks.CrlFormat, new() { Revoked = [[.. Enumerable.Repeat((byte)1, 22)]] });

    [Fact]
    public void Parse_ManyEntries_AreReadUpToTheLargestSize()
    {
        CertificateRevocationList list = Parse(new() { Revoked = Enumerable.Range(0, 30_000).Select(i => (byte[])[1, (byte)(i >> 8), (byte)i]) });

        Assert.Equal(30_000, list.Count);
        Assert.True(list.IsRevoked((byte[])[1, 0x75, 0x2f]));
        Assert.False(list.IsRevoked((byte[])[1, 0x75, 0x30]));
    }

    [Fact]
    public void Parse_TooLarge_IsRefused()
    {
        byte[] Sized(int length) => new RevocationListWriter { Extensions = [("1.2.3", false, new byte[length])], Sign = _ => [1, 2, 3] }.Write();
        int longest = CertificateRevocationList.MaxSize - (Sized(100_000).Length - 100_000);
        CertificateRevocationList.Parse(Sized(longest), "the test");
        PrivatemodeVerificationException refusal = Refusal.Of(
            CertificateChecks.CrlSize, () => CertificateRevocationList.Parse(Sized(longest + 1), "the test"));

        Assert.Equal(("at most 1048576 bytes", "1048577 bytes"), (refusal.Expected, refusal.Found));
    }

    [Fact]
    public void Parse_EveryPrefixAndEveryTail_IsRefused()
    {
        byte[] der = new RevocationListWriter { Revoked = [[1], [2]] }.Write();
        for (int length = 0; length < der.Length; length++)
        {
            Refusal.Of(CertificateChecks.CrlFormat, () => CertificateRevocationList.Parse(der.AsMemory(0, length), "the test"));
        }

        Refusal.Of(CertificateChecks.CrlFormat, () => CertificateRevocationList.Parse((byte[])[.. der, 0], "the test"));
    }

    [Fact]
    public void Parse_OneElementMoreInAnyStructure_IsRefused()
    {
        byte[] der = new RevocationListWriter { Revoked = [[1], [2]], EntryExtensions = [("2.5.29.21", false, [0x0a, 0x01, 0x01])] }.Write();
        byte[] issuer = CertificateRevocationList.Parse(der, "the test").Issuer.ToArray();
        int variants = 0;
        foreach (byte[] more in Der.WithOneElementMore(der).Append([.. der, 0x05, 0x00]))
        {
            variants++;
            CertificateRevocationList? list = null;
            Assert.False(
                Refusal.AcceptsOrRefuses(() => list = CertificateRevocationList.Parse(more, "the test")) && list!.Issuer.Span.SequenceEqual(issuer),
                Convert.ToHexString(more));
        }

        Assert.InRange(variants, 15, 40);
    }

    [Fact]
    public void Verify_EveryByteChanged_IsRefused()
    {
        byte[] der = new RevocationListWriter { Revoked = [[1], [2]] }.Write();
        for (int i = 0; i < der.Length; i++)
        {
            foreach (byte change in (byte[])[0x01, 0x20, 0x80, 0xff])
            {
                byte[] changed = [.. der];
                changed[i] ^= change;
                Assert.False(Refusal.AcceptsOrRefuses(() => Verify(CertificateRevocationList.Parse(changed, "the test"), At)), $"byte {i}");
            }
        }
    }

    [Fact]
    public void Number_OrdersListsOfTheSameIssuer()
    {
        Assert.Equal(7, Parse(new() { Extensions = [Der.CrlNumber(7)] }).Number);
        Assert.Equal(0, Parse(new() { Extensions = [] }).Number);
        CertificateRevocationList largest = Parse(new() { Extensions = [("2.5.29.20", false, [0x02, 21, 0, .. Enumerable.Repeat((byte)0xff, 20)])] });
        Assert.Equal(System.Numerics.BigInteger.Pow(2, 160) - 1, largest.Number);
        Assert.Null(Parse(new() { NextUpdate = null }).Version);
        Assert.True(Parse(new()).Version!.Value.IsOlderThan(largest.Version!.Value));
        Assert.False(largest.Version.Value.IsOlderThan(Parse(new()).Version!.Value));
    }

    [Fact]
    public void Parse_InvalidNumber_IsRefused()
    {
        foreach (byte[] value in (byte[][])[[], [0x02, 0x01, 0xff], [0x02, 0x01, 0x01, 0x00], [0x02, 21, .. Enumerable.Repeat((byte)0x7f, 21)]])
        {
            AssertRefused(CertificateChecks.CrlFormat, new() { Extensions = [("2.5.29.20", false, value)] });
        }

        AssertRefused(CertificateChecks.CrlFormat, new() { Extensions = [Der.CrlNumber(1), Der.CrlNumber(1)] });
    }

    [ThirdPartyFact]
    public void Verify_ListsOfTheVendors_PassInTheirTime()
    {
        AssertVendor("snp/crl/amd_genoa_vcek_crl_4.der", "roots/amd_genoa_ark.pem", count: 1, CertificateIssuer.WithRsa);
        AssertVendor("snp/crl/amd_milan_vcek_crl_6.der", "roots/amd_milan_ark.pem", count: 0, CertificateIssuer.WithRsa);
        AssertVendor("tdx/collateral/cdai2026_50806f/root_ca_crl.der", "roots/intel_sgx_root_ca_2018_2049.pem", count: 0, CertificateIssuer.WithP256);
        AssertVendor("tdx/collateral/cdai2026_50806f/pck_crl.der", "roots/intel_sgx_pck_platform_ca_2018_2033.pem", count: 57, CertificateIssuer.WithP256);
    }

    private static void AssertVendor(string list, string root, int count, Func<Certificate, CertificateIssuer> import)
    {
        ReadOnlyMemory<byte> der = Assert.Single(Pem.ReadCertificates(Read(root), 1));
        using CertificateIssuer issuer = import(Certificate.Parse(der, "the root"));
        CertificateRevocationList parsed = CertificateRevocationList.Parse(Read(list), "the root");
        parsed.Verify(issuer, parsed.ThisUpdate.AddDays(1));
        Assert.Equal(count, parsed.Count);
    }

    private static byte[] Read(string path) => File.ReadAllBytes(VectorFiles.ThirdPartyPath("tee/" + path));

    private static void AssertRefused(string check, RevocationListWriter writer) => Refusal.Of(check, () => Verify(Parse(writer), At));

    private static void Verify(CertificateRevocationList list, DateTimeOffset at)
    {
        using CertificateIssuer issuer = CertificateIssuer.WithP256(Certificate.Parse(CertificateWriter.Authority.Write(), "the authority"));
        list.Verify(issuer, at);
    }

    private static CertificateRevocationList Parse(RevocationListWriter writer) => CertificateRevocationList.Parse(writer.Write(), "the test");
}
