using System.Text.Json;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

public class X25519Tests
{
    [ThirdPartyFact]
    public void Rfc7748_EveryValue_ComesOut()
    {
        const string File = "rfc7748-x25519.json";
        JsonElement root = CryptoVectors.Open(File);
        CaseLog log = new();
        foreach (JsonElement test in root.Items("scalarMult"))
        {
            log.Run(test.Text("scalar"), () => Assert.Equal(test.Hex("out"), Multiply(test.Hex("scalar"), test.Hex("u"))));
        }

        log.AssertAllPassed(CryptoVectors.Count(File));

        // Section 5.2: the result becomes the scalar, the scalar becomes u.
        byte[] k = [9, .. new byte[31]];
        byte[] u = [.. k];
        for (int i = 1; i <= 1000; i++)
        {
            (k, u) = (Multiply(k, u), k);
            if (i == 1)
            {
                Assert.Equal(root.GetProperty("iterated").Hex("1"), k);
            }
        }

        Assert.Equal(root.GetProperty("iterated").Hex("1000"), k);
    }

    [ThirdPartyFact]
    public void Wycheproof_EveryCase_ComputesAndZeroIsRefused()
    {
        const string File = "wycheproof-x25519.json";
        CaseLog log = new();
        foreach ((_, JsonElement test) in CryptoVectors.Cases(File))
        {
            log.Run(test.Name(), () =>
            {
                bool zero = test.Items("flags").Any(flag => flag.GetString() == "ZeroSharedSecret");
                byte[] shared = new byte[X25519.PointSize];
                Assert.Equal(!zero, X25519.TryAgree(test.Hex("private"), test.Hex("public"), shared));
                Assert.Equal(test.Hex("shared"), shared);
            });
        }

        log.AssertAllPassed(CryptoVectors.Count(File));
    }

    [Fact]
    public void Protocol_EveryCase_AgreesWithTheReference()
    {
        CaseLog log = new();
        foreach (JsonElement test in VectorFiles.Protocol("x25519.json").Items("cases"))
        {
            log.Run(test.Text("name"), () =>
            {
                byte[] publicKey = new byte[X25519.PointSize];
                X25519.ComputePublicKey(test.Hex("scalar_hex"), publicKey);
                Assert.Equal(test.Hex("public_of_scalar_hex"), publicKey);

                byte[] shared = new byte[X25519.PointSize];
                bool refused = test.Flag("go_error");
                Assert.Equal(!refused, X25519.TryAgree(test.Hex("scalar_hex"), test.Hex("u_hex"), shared));
                Assert.Equal(refused ? new byte[X25519.PointSize] : test.Hex("shared_hex"), shared);
            });
        }

        log.AssertAllPassed(36);
    }

    // BouncyCastle takes longer spans and ignores what is left over.
    [Theory]
    [InlineData(31, 32, 32)]
    [InlineData(33, 32, 32)]
    [InlineData(32, 31, 32)]
    [InlineData(32, 33, 32)]
    [InlineData(32, 32, 31)]
    [InlineData(32, 32, 33)]
    public void TryAgree_WrongLength_Throws(int scalar, int u, int result) =>
        Assert.Throws<ArgumentException>(() => X25519.TryAgree(new byte[scalar], new byte[u], new byte[result]));

    [Theory]
    [InlineData(31, 32)]
    [InlineData(33, 32)]
    [InlineData(32, 31)]
    [InlineData(32, 33)]
    public void ComputePublicKey_WrongLength_Throws(int scalar, int result) =>
        Assert.Throws<ArgumentException>(() => X25519.ComputePublicKey(new byte[scalar], new byte[result]));

    private static byte[] Multiply(byte[] scalar, byte[] u)
    {
        byte[] result = new byte[X25519.PointSize];
        Assert.True(X25519.TryAgree(scalar, u, result));
        return result;
    }
}
