using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Pipeline.Requests;

/// <summary>vectors/protocol/version_and_ids.json.</summary>
public sealed partial class VersionAndIdVectorTests
{
    private readonly JsonElement _file = VectorFiles.Protocol("version_and_ids.json");

    [Fact]
    public void IsAtLeast_AllCases_TheTestDeploymentJudgesAsTheService()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("at_least_major_minor"))
        {
            log.Run(vector.ToString(), () => Assert.Equal(
                vector.Flag("at_least"), VersionGate.IsAtLeast(vector.Text("version"), vector.Int("min_major"), vector.Int("min_minor"))));
        }

        log.AssertAllPassed(54);
    }

    [Fact]
    public void Sanitize_AllCases_TheTestDeploymentReadsIdsAsTheService()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("request_id_sanitize"))
        {
            log.Run(vector.ToString(), () => Assert.Equal(vector.Text("sanitized"), RequestIdSanitizer.Sanitize(vector.Text("input"))));
        }

        log.AssertAllPassed(10);
    }

    [Fact]
    public void HeaderNames_AreThoseOfTheProtocol()
    {
        JsonElement names = _file.GetProperty("headers");
        Assert.Equal(ProtocolHeaders.Version, names.Text("version"));
        Assert.Equal(ProtocolHeaders.Client, names.Text("client"));
        Assert.Contains(ProtocolHeaders.ClientValue, names.Items("client_values").Select(value => value.GetString()));
        Assert.Equal(ProtocolHeaders.Encrypted, names.Text("encrypted"));
        Assert.Equal(ProtocolHeaders.TargetModel, names.Text("target_model"));
        Assert.Equal(ProtocolHeaders.SecretId, names.Text("secret_id"));
        Assert.Equal(ProtocolHeaders.GpuPolicy, names.Text("ocsp_policy"));
        Assert.Equal(ProtocolHeaders.GpuPolicyMac, names.Text("ocsp_policy_mac"));
        Assert.Equal(ProtocolHeaders.UserRequestId, names.Text("user_request_id"));
        Assert.Equal(ProtocolHeaders.ShardKey, names.Text("shard_key"));
    }

    [Fact]
    public void ProtocolVersion_PassesTheGateOfItsOwnVersion() =>
        Assert.True(VersionGate.IsAtLeast(ProtocolHeaders.ProtocolVersion, 1, 40));

    [Fact]
    public void RequestIds_AreUuidVersion7WithTheAttempt()
    {
        DateTimeOffset now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
        string id = RequestIds.New(new FixedTime(now));
        Assert.Matches(SdkId(), id);
        long milliseconds = long.Parse(
            id.AsSpan(4, 13).ToString().Replace("-", "", StringComparison.Ordinal), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        Assert.Equal(now.ToUnixTimeMilliseconds(), milliseconds);
        Assert.Equal(id + "_0", RequestIds.OfAttempt(id, 0));
        Assert.Equal(id + "_12", RequestIds.OfAttempt(id, 12));
        Assert.Equal(id + "_999", RequestIdSanitizer.Sanitize(RequestIds.OfAttempt(id, 999)));
    }

    [GeneratedRegex("^sdk_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
    private static partial Regex SdkId();

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
