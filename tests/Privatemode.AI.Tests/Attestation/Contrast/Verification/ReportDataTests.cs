using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class ReportDataTests
{
    private static readonly byte[] Nonce = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Compute_TwoManifests_HashesTheChainAsSpecified()
    {
        byte[] first = SHA256.HashData([.. SHA256.HashData("one"u8), .. new byte[32]]);
        byte[] second = SHA256.HashData([.. SHA256.HashData("two"u8), .. first]);
        byte[] expected = SHA256.HashData([.. Nonce, .. second, .. SHA256.HashData("root"u8), .. SHA256.HashData("mesh"u8)]);

        byte[] data = ReportData.Compute(Nonce, ["one"u8.ToArray(), "two"u8.ToArray()], "root"u8, "mesh"u8);

        Assert.Equal([.. expected, .. new byte[32]], data);
    }

    [Fact]
    public void Compute_AnythingChanged_ChangesTheResult()
    {
        ReadOnlyMemory<byte>[] manifests = ["one"u8.ToArray(), "two"u8.ToArray()];
        byte[] otherNonce = [.. Nonce.Reverse()];
        byte[][] results =
        [
            ReportData.Compute(Nonce, manifests, "root"u8, "mesh"u8),
            ReportData.Compute(otherNonce, manifests, "root"u8, "mesh"u8),
            ReportData.Compute(Nonce, [manifests[1], manifests[0]], "root"u8, "mesh"u8),
            ReportData.Compute(Nonce, [manifests[1]], "root"u8, "mesh"u8),
            ReportData.Compute(Nonce, manifests, "mesh"u8, "root"u8),
            ReportData.Compute(Nonce, manifests, "root\n"u8, "mesh"u8),
        ];
        Assert.Equal(results.Length, results.Select(Convert.ToHexString).Distinct().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Compute_NonceOfOtherSize_IsRefused(int size) => Assert.Equal(
        ContrastChecks.NonceSize, ContrastFiles.Refusal(() => ReportData.Compute(new byte[size], ["m"u8.ToArray()], default, default)));

    [ThirdPartyFact]
    public void Compute_EveryGoldenItem_Agrees()
    {
        JsonElement golden = VectorFiles.ThirdParty("contrast/golden/report-data.json");
        CaseLog log = new();
        log.Run("contrast_report_data_legacy", () => Assert.Equal(
            golden.GetProperty("contrast_report_data_legacy").Hex("report_data"), FromTransition(golden.GetProperty("contrast_report_data_legacy"))));
        log.Run("contrast_report_data_v1_capabilities", () =>
        {
            // The versioned endpoint binds a fifth part. Privatemode does not use it: such a document is refused, not understood.
            JsonElement item = golden.GetProperty("contrast_report_data_v1_capabilities");
            Assert.NotEqual(item.Hex("report_data"), FromTransition(item));
        });
        log.Run("contrast_transition_digest", () =>
        {
            JsonElement item = golden.GetProperty("contrast_transition_digest");
            Assert.Equal(item.Hex("digest"), ReportData.NextTransition(item.Hex("manifest_hash"), item.Hex("previous_transition_hash")));
        });
        log.Run("contrast_policy_hash", () =>
        {
            JsonElement item = golden.GetProperty("contrast_policy_hash");
            Assert.Equal(item.Hex("sha256"), SHA256.HashData(item.Bytes("policy_utf8")));
        });
        log.Run("computed_chain_two", () =>
        {
            JsonElement item = golden.GetProperty("computed_chain_two");
            ReadOnlyMemory<byte>[] manifests = [.. item.Items("manifests_utf8").Select(
                text => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(text.GetString()!))];
            AssertTransitions(item, manifests);
            Assert.Equal(
                item.Hex("report_data"),
                ReportData.Compute(item.Hex("nonce"), manifests, item.Bytes("root_ca_utf8"), item.Bytes("mesh_ca_utf8")));
        });
        log.Run("computed_single_real_manifest", () =>
        {
            JsonElement item = golden.GetProperty("computed_single_real_manifest");
            byte[] manifest = ContrastFiles.ThirdParty(item.Text("manifest_file"));
            Assert.Equal(item.Hex("manifest_sha256"), SHA256.HashData(manifest));
            Assert.Equal(item.Hex("transition_digest"), ReportData.NextTransition(SHA256.HashData(manifest), new byte[32]));
            Assert.Equal(
                item.Hex("report_data"),
                ReportData.Compute(item.Hex("nonce"), [manifest], item.Bytes("root_ca_utf8"), item.Bytes("mesh_ca_utf8")));
        });
        log.Run("computed_two_real_manifests", () =>
        {
            JsonElement item = golden.GetProperty("computed_two_real_manifests");
            AssertTransitions(item, [.. item.Items("manifest_files").Select(file => (ReadOnlyMemory<byte>)ContrastFiles.ThirdParty(file.GetString()!))]);
        });
        log.AssertAllPassed(7);
    }

    private static byte[] FromTransition(JsonElement item) => ReportData.Compute(
        item.Hex("nonce"), item.Hex("transition_digest"), item.Bytes("root_ca_utf8"), item.Bytes("mesh_ca_utf8"));

    private static void AssertTransitions(JsonElement item, ReadOnlyMemory<byte>[] manifests)
    {
        byte[] transition = new byte[32];
        List<string> transitions = [];
        foreach (ReadOnlyMemory<byte> manifest in manifests)
        {
            transition = ReportData.NextTransition(SHA256.HashData(manifest.Span), transition);
            transitions.Add(Convert.ToHexStringLower(transition));
        }

        Assert.Equal(item.Items("transition_digests").Select(digest => digest.GetString()), transitions);
    }
}
