using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

public class Sha3Tests
{
    private const int MaxInputLength = 600; // more than four blocks of SHA3-256

    // FIPS 202 examples of the empty message.
    [Theory]
    [PrimitiveProviders("Automatic", needsMlKem: false)]
    [PrimitiveProviders("BouncyCastle", needsMlKem: false)]
    [PrimitiveProviders("Platform", needsMlKem: false)]
    public void EmptyMessage_EveryProvider_GivesThePublishedValues(string provider)
    {
        Assert.Equal("a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a", Convert.ToHexStringLower(Sha3Calls.Hash256([], provider)));
        Assert.Equal("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f", Convert.ToHexStringLower(Sha3Calls.Shake256([], 32, provider)));
    }

    [Theory]
    [PrimitiveProviders("Platform", needsMlKem: false)]
    public void EveryLengthUpTo600_PlatformAndBouncyCastle_GiveTheSame(string provider)
    {
        byte[] data = RandomNumberGenerator.GetBytes(MaxInputLength);
        CaseLog log = new();
        for (int length = 0; length <= MaxInputLength; length++)
        {
            byte[] input = data[..length];
            log.Run($"{length} bytes", () =>
            {
                Assert.Equal(Sha3Calls.Hash256(input, "BouncyCastle"), Sha3Calls.Hash256(input, provider));
                int rest = MaxInputLength - input.Length;
                Assert.Equal(Sha3Calls.Shake256(input, rest, "BouncyCastle"), Sha3Calls.Shake256(input, rest, provider));
            });
        }

        log.AssertAllPassed(MaxInputLength + 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Hash256_DestinationOfAnotherLength_Throws(int length) =>
        Assert.Throws<ArgumentException>(() => Sha3.Hash256([], new byte[length]));

    // SECURITY.md relies on it: nothing that was hashed stays in a digest.
    [Fact]
    public void BouncyCastleDigests_AfterTheirResult_HoldNothing()
    {
        byte[] secret = [.. Enumerable.Repeat((byte)0xA5, 100)];
        Sha3Digest hash = new(256);
        hash.BlockUpdate(secret);
        _ = hash.DoFinal(new byte[32]);
        ShakeDigest shake = new(256);
        shake.BlockUpdate(secret);
        _ = shake.OutputFinal(new byte[96]);

        Assert.All((KeccakDigest[])[hash, shake], digest =>
        {
            Array[] buffers = [.. typeof(KeccakDigest).GetFields(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)
                .Select(field => field.GetValue(digest)).OfType<Array>()];
            Assert.NotEmpty(buffers);
            Assert.All(buffers.SelectMany(buffer => buffer.Cast<object>()), value => Assert.Equal(0UL, Convert.ToUInt64(value)));
        });
    }
}
