using System.Text.Json;
using Privatemode.AI.Sessions;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Sessions;

/// <summary>vectors/protocol/ocsp_policy.json.</summary>
public sealed class GpuPolicyVectorTests
{
    private readonly JsonElement _file = VectorFiles.Protocol("ocsp_policy.json");

    [Fact]
    public void Build_AllCases_GiveTheReferenceHeaders()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("build"))
        {
            log.Run(vector.ToString(), () =>
            {
                string[] statuses = [.. vector.Items("statuses").Select(status => status.GetString()!)];
                if (vector.Flag("go_error"))
                {
                    // No statuses: a policy of this library always allows good, so it cannot be written down.
                    Assert.Empty(statuses);
                    Assert.All(
                        (GpuRevocationPolicy[])[GpuRevocationPolicy.Strict, GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(TimeSpan.Zero)],
                        policy => Assert.StartsWith("rules=allow-good", GpuPolicyHeader.Text(policy, DateTimeOffset.UnixEpoch), StringComparison.Ordinal));
                    return;
                }

                string text = GpuPolicyHeader.Text(string.Join(',', statuses), vector.GetProperty("unix").GetInt64());
                Assert.Equal(vector.Text("policy"), text);
                Assert.Equal(vector.Text("mac"), GpuPolicyHeader.Mac(vector.Hex("secret_hex"), text));
            });
        }

        log.AssertAllPassed(_file.GetProperty("build").GetArrayLength());
    }

    [Fact]
    public void Verify_AllCases_TheTestDeploymentJudgesAsTheService()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("verify"))
        {
            log.Run(vector.Text("name"), () =>
            {
                if (!vector.Flag("ok"))
                {
                    Assert.Equal(500, Assert.Throws<EnclaveException>(() => Verify(vector)).Status);
                    return;
                }

                GpuPolicy policy = Verify(vector);
                Assert.Equal(vector.Items("statuses").Select(status => status.GetString()), policy.Statuses);
                Assert.Equal(vector.GetProperty("unix").GetInt64(), policy.RevokedNotBefore);
            });
        }

        log.AssertAllPassed(_file.GetProperty("verify").GetArrayLength());
    }

    [Fact]
    public void ServerAcceptance_AllCases_AreAsListed()
    {
        Dictionary<string, Func<bool>> situations = new()
        {
            ["good, good allowed"] = () => Policy(0, "allow-good").Accepts("good"),
            ["unknown, good allowed"] = () => Policy(0, "allow-good").Accepts("unknown"),
            ["unknown allowed"] = () => Policy(0, "allow-unknown").Accepts("unknown"),
            ["revoked at 100, not before 100"] = () => Policy(100, "allow-revoked").Accepts("revoked", 100),
            ["revoked at 99, not before 100"] = () => Policy(100, "allow-revoked").Accepts("revoked", 99),
            ["revoked at 200, not before 100"] = () => Policy(100, "allow-revoked").Accepts("revoked", 200),
        };
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("server_acceptance"))
        {
            log.Run(vector.Text("name"), () => Assert.Equal(vector.Flag("accepted"), situations[vector.Text("name")]()));
        }

        log.AssertAllPassed(situations.Count);
    }

    [Fact]
    public void Text_OfThePolicies_SaysWhatTheyAccept()
    {
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(1_795_118_391);
        Assert.Equal("rules=allow-good; revocation-time-not-before=1795118391", GpuPolicyHeader.Text(GpuRevocationPolicy.Strict, now));
        Assert.Equal(
            "rules=allow-good,allow-unknown; revocation-time-not-before=1795118391",
            GpuPolicyHeader.Text(GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(TimeSpan.Zero), now));
        Assert.Equal(
            "rules=allow-good,allow-revoked,allow-unknown; revocation-time-not-before=1794945591",
            GpuPolicyHeader.Text(GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(TimeSpan.FromHours(48)), now));
        Assert.Throws<ArgumentOutOfRangeException>(() => GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(TimeSpan.FromSeconds(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => GpuRevocationPolicy.AcceptUnknownOrRecentlyRevoked(TimeSpan.FromDays(366)));
    }

    private static GpuPolicy Verify(JsonElement vector) => GpuPolicy.Verify(vector.Text("policy"), vector.Text("mac"), vector.Hex("secret_hex"));

    private static GpuPolicy Policy(long notBefore, params string[] statuses) => new(statuses, notBefore);
}
