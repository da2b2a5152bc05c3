using System.Text.Json;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Sev;

public sealed class LaunchDigestsTests
{
    private const uint ResetAddress = 0x0080b004;
    private static readonly byte[] Seed = [.. Enumerable.Range(1, 48).Select(i => (byte)i)];

    [Theory]
    [InlineData(1, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30")]
    [InlineData(2, "40c0e3d13c633f3f40b73af51d004da7ee5e32317883fa82de3c781cb2ba2e010236ee2c6084a09e3edcdc5502936613")]
    [InlineData(220, "6a74727b4acaef6f1645b9aedeea1f6b981b933169bea6d312a514ba062d69ccf7870ad9e3d8482b5e0d83d5d1604177")]
    public void FindProcessors_OwnSeries_FindsEach(int processors, string digest) =>
        Assert.Equal(processors, Find(Convert.FromHexString(digest)));

    [Fact]
    public void FindProcessors_TooManyOrOtherMachine_FindsNothing()
    {
        Assert.Null(Find(Convert.FromHexString("9ae10cc632c8fdc0e442173f75b25434b6263eca00c7fe952fe0dca4b88d455ccbba696d5053256ac9edad21f50a7003")));
        Assert.Null(Find(new byte[48]));
        Assert.Null(LaunchDigests.FindProcessors(
            Seed, ResetAddress + 1, GenoaSignature,
            Convert.FromHexString("40c0e3d13c633f3f40b73af51d004da7ee5e32317883fa82de3c781cb2ba2e010236ee2c6084a09e3edcdc5502936613")));
        Assert.Null(LaunchDigests.FindProcessors(
            Seed, ResetAddress, MilanSignature,
            Convert.FromHexString("40c0e3d13c633f3f40b73af51d004da7ee5e32317883fa82de3c781cb2ba2e010236ee2c6084a09e3edcdc5502936613")));
    }

    [Fact]
    public void FindProcessors_OtherSizes_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => LaunchDigests.FindProcessors(new byte[47], 0, 0, Seed));
        Assert.Throws<ArgumentException>(() => LaunchDigests.FindProcessors(Seed, 0, 0, new byte[49]));
    }

    [Fact]
    public void ProcessorSignature_Turin_IsNotKnown() => Assert.Null(LaunchDigests.ProcessorSignature(SnpProduct.Turin));

    [ThirdPartyFact]
    public void FindProcessors_EveryGoldenItem_Agrees()
    {
        JsonElement golden = VectorFiles.ThirdParty("contrast/golden/snp-measurement.json");
        CaseLog log = new();
        foreach (JsonProperty set in golden.EnumerateObject().Where(
            set => set.Value.ValueKind == JsonValueKind.Object && set.Value.TryGetProperty("series", out _)))
        {
            uint resetAddress = Convert.ToUInt32(set.Value.Text("apeip"), 16);
            uint signature = Convert.ToUInt32(set.Value.Text("cpusig"), 16);
            log.Run($"{set.Name} page", () =>
            {
                Assert.Contains(signature, new[] { MilanSignature, GenoaSignature });
                Assert.Equal(set.Value.Hex("ap_vmsa_sha384"), LaunchDigests.HashProcessorPage(resetAddress, signature));
            });
            foreach (JsonElement item in set.Value.Items("series"))
            {
                log.Run($"{set.Name} {item.Int("vcpus")}", () => Assert.Equal(
                    item.Int("vcpus"),
                    LaunchDigests.FindProcessors(set.Value.Hex("seed"), resetAddress, signature, item.Hex("launch_digest"))));
            }
        }

        log.AssertAllPassed(18);
    }

    private static uint MilanSignature => LaunchDigests.ProcessorSignature(SnpProduct.Milan)!.Value;

    private static uint GenoaSignature => LaunchDigests.ProcessorSignature(SnpProduct.Genoa)!.Value;

    private static int? Find(byte[] measurement) => LaunchDigests.FindProcessors(Seed, ResetAddress, GenoaSignature, measurement);
}
