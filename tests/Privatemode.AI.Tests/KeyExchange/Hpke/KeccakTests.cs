using System.Security.Cryptography;
using Privatemode.AI.KeyExchange.Hpke;
using Privatemode.AI.Tests.Vectors;
using PlatformShake128 = System.Security.Cryptography.Shake128;
using PlatformShake256 = System.Security.Cryptography.Shake256;
using Shake128 = Privatemode.AI.KeyExchange.Hpke.Shake128;
using Shake256 = Privatemode.AI.KeyExchange.Hpke.Shake256;

namespace Privatemode.AI.Tests.KeyExchange.Hpke;

public class KeccakTests
{
    private const int LongestInput = 600; // more than four blocks of the shortest rate but one, three of the longest

    // FIPS 202 examples of the empty message, so that something is proven where the platform has no SHA-3.
    [Fact]
    public void HashData_EmptyMessage_GivesPublishedValue()
    {
        byte[] hash256 = new byte[Sha3_256.HashSize];
        byte[] hash512 = new byte[Sha3_512.HashSize];
        Sha3_256.HashData([], [], hash256);
        Sha3_512.HashData([], [], hash512);

        Assert.Equal("a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a", Convert.ToHexStringLower(hash256));
        Assert.Equal(
            "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
            + "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
            Convert.ToHexStringLower(hash512));
    }

    [PlatformSha3Fact]
    public void HashData_EveryLengthUpTo600_EqualsThePlatform()
    {
        byte[] data = RandomNumberGenerator.GetBytes(LongestInput);
        CaseLog log = new();
        for (int length = 0; length <= LongestInput; length++)
        {
            int split = length / 3;
            byte[] input = data[..length];
            log.Run($"{length} bytes", () =>
            {
                Assert.Equal(SHA3_256.HashData(input), Sha3Of256(input, split));
                Assert.Equal(SHA3_512.HashData(input), Sha3Of512(input, split));
                Assert.Equal(PlatformShake128.HashData(input, LongestInput - input.Length), Shake128Of(input, LongestInput - input.Length));
                Assert.Equal(PlatformShake256.HashData(input, LongestInput - input.Length), Shake256Of(input, LongestInput - input.Length));
            });
        }

        log.AssertAllPassed(LongestInput + 1);
    }

    [Fact]
    public void Sponge_PiecesOfAnySize_GiveTheSameOutput()
    {
        byte[] input = RandomNumberGenerator.GetBytes(LongestInput);
        byte[] expected = Shake128Of(input, LongestInput);
        for (int piece = 1; piece <= 200; piece++)
        {
            byte[] output = new byte[LongestInput];
            KeccakSponge sponge = Shake128.Start(new ulong[KeccakPermutation.Lanes]);
            for (int i = 0; i < input.Length; i += piece)
            {
                sponge.Absorb(input.AsSpan(i, Math.Min(piece, input.Length - i)));
            }

            for (int i = 0; i < output.Length; i += piece)
            {
                sponge.Squeeze(output.AsSpan(i, Math.Min(piece, output.Length - i)));
            }

            Assert.Equal(expected, output);
        }
    }

    [Fact]
    public void Absorb_AfterSqueeze_Throws() => Assert.Throws<InvalidOperationException>(() =>
    {
        KeccakSponge sponge = Shake128.Start(new ulong[KeccakPermutation.Lanes]);
        sponge.Squeeze(new byte[1]);
        sponge.Absorb([1]);
    });

    [Fact]
    public void Clear_AfterUse_LeavesNothingInTheLanes()
    {
        ulong[] lanes = new ulong[KeccakPermutation.Lanes];
        KeccakSponge sponge = Shake128.Start(lanes);
        sponge.Absorb([1, 2, 3]);
        sponge.Squeeze(new byte[1]);
        Assert.Contains(lanes, lane => lane != 0);

        sponge.Clear();

        Assert.All(lanes, lane => Assert.Equal(0UL, lane));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void HashData_WrongDestination_Throws(int length)
    {
        Assert.Throws<ArgumentException>(() => Sha3_256.HashData([], [], new byte[length]));
        Assert.Throws<ArgumentException>(() => Sha3_512.HashData([], [], new byte[length]));
    }

    private static byte[] Sha3Of256(ReadOnlySpan<byte> input, int split)
    {
        byte[] hash = new byte[Sha3_256.HashSize];
        Sha3_256.HashData(input[..split], input[split..], hash);
        return hash;
    }

    private static byte[] Sha3Of512(ReadOnlySpan<byte> input, int split)
    {
        byte[] hash = new byte[Sha3_512.HashSize];
        Sha3_512.HashData(input[..split], input[split..], hash);
        return hash;
    }

    private static byte[] Shake128Of(ReadOnlySpan<byte> input, int length)
    {
        byte[] output = new byte[length];
        KeccakSponge sponge = Shake128.Start(new ulong[KeccakPermutation.Lanes]);
        sponge.Absorb(input);
        sponge.Squeeze(output);
        return output;
    }

    private static byte[] Shake256Of(ReadOnlySpan<byte> input, int length)
    {
        byte[] output = new byte[length];
        Shake256.HashData(input, [], output);
        return output;
    }
}
