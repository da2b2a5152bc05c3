using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;
using Oracle = Org.BouncyCastle.Math.EC.Rfc7748.X25519;

namespace Ecosystem.Tests;

/// <summary>X25519 against BouncyCastle's.</summary>
public sealed class X25519OracleTests
{
    private const int Rounds = 500;

    /// <summary>Points of small order and values from p upwards: RFC 7748 takes them all.</summary>
    public static TheoryData<string> OddPoints => new()
    {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    };

    [Fact]
    public void PublicKeys_OfRandomScalars_AreEqual()
    {
        for (int i = 0; i < Rounds; i++)
        {
            byte[] scalar = RandomNumberGenerator.GetBytes(X25519.ScalarSize);
            byte[] ours = new byte[X25519.PointSize];
            byte[] theirs = new byte[X25519.PointSize];
            X25519.ComputePublicKey(scalar, ours);
            Oracle.ScalarMultBase(scalar, 0, theirs, 0);
            Assert.Equal(theirs, ours);
        }
    }

    [Fact]
    public void Agreement_WithTheOtherSide_GivesOneSecret()
    {
        for (int i = 0; i < Rounds; i++)
        {
            byte[] ourScalar = RandomNumberGenerator.GetBytes(X25519.ScalarSize);
            byte[] theirScalar = RandomNumberGenerator.GetBytes(X25519.ScalarSize);
            byte[] ourPoint = new byte[X25519.PointSize];
            byte[] theirPoint = new byte[X25519.PointSize];
            X25519.ComputePublicKey(ourScalar, ourPoint);
            Oracle.ScalarMultBase(theirScalar, 0, theirPoint, 0);
            byte[] ourSecret = new byte[X25519.PointSize];
            byte[] theirSecret = new byte[X25519.PointSize];
            Assert.True(X25519.TryAgree(ourScalar, theirPoint, ourSecret));
            Assert.True(Oracle.CalculateAgreement(theirScalar, 0, ourPoint, 0, theirSecret, 0));
            Assert.Equal(theirSecret, ourSecret);
        }
    }

    [Fact]
    public void Products_WithRandomStringsForPoints_AreEqual()
    {
        // Half of them lie on the twist, and half have bit 255 set.
        for (int i = 0; i < Rounds; i++)
        {
            AssertSameProduct(RandomNumberGenerator.GetBytes(X25519.PointSize));
        }
    }

    [Theory]
    [MemberData(nameof(OddPoints))]
    public void Products_WithOddPoints_AreEqualAndRefusedAlike(string point) => AssertSameProduct(Convert.FromHexString(point));

    private static void AssertSameProduct(byte[] point)
    {
        byte[] scalar = RandomNumberGenerator.GetBytes(X25519.ScalarSize);
        byte[] ours = new byte[X25519.PointSize];
        byte[] theirs = new byte[X25519.PointSize];
        bool isUsable = X25519.TryAgree(scalar, point, ours);
        Assert.Equal(Oracle.CalculateAgreement(scalar, 0, point, 0, theirs, 0), isUsable);
        Assert.Equal(theirs, ours);
    }
}
