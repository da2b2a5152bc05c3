using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Tests.Attestation.Certificates;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class ManifestTests
{
    [Fact]
    public void Parse_EveryCaseOfOurs_IsAcceptedOrRefusedByTheNamedCheck()
    {
        CaseLog log = new();
        foreach (JsonElement vector in VectorFiles.Own("contrast/manifest-cases.json").EnumerateArray())
        {
            byte[] manifest = ContrastFiles.OwnManifestOf(vector);
            log.Run(vector.Text("name"), () => Assert.Equal(
                vector.GetProperty("check").GetString(), ContrastFiles.Refusal(() => Manifest.Parse(manifest))));
        }

        log.AssertAllPassed(82);
    }

    // Each value of the manifest replaced by one of another type: the refusal names the place.
    [Fact]
    public void Parse_ValueOfAnotherType_IsNamedByItsPath()
    {
        string[] paths = [.. PathsOf(JsonNode.Parse(ContrastFiles.OwnManifest)!)];
        Assert.Equal(71, paths.Length);
        foreach (string path in paths)
        {
            JsonNode manifest = JsonNode.Parse(ContrastFiles.OwnManifest)!;
            JsonNode value = ValueAt(manifest, path);
            value.ReplaceWith<JsonNode>(value is JsonObject ? JsonValue.Create("text") : new JsonObject());
            (string? check, string? expected) = ContrastFiles.RefusalAndExpected(() => Manifest.Parse(Encoding.UTF8.GetBytes(manifest.ToJsonString())));
            Assert.NotNull(check);
            Assert.StartsWith($"{path} as ", expected, StringComparison.Ordinal);
        }
    }

    // To a reader that ignores case, this would be the member.
    [Fact]
    public void Parse_MemberNameInAnotherCase_IsRefused()
    {
        string[] members = [.. PathsOf(JsonNode.Parse(ContrastFiles.OwnManifest)!).Where(path => !path.EndsWith(']') && !path.EndsWith('0'))];
        foreach (string path in members)
        {
            JsonNode manifest = JsonNode.Parse(ContrastFiles.OwnManifest)!;
            JsonNode value = ValueAt(manifest, path);
            string name = value.GetPropertyName();
            JsonObject parent = value.Parent!.AsObject();
            parent.Remove(name);
            parent.Add(name[..1] + name[1..].ToLowerInvariant() == name ? name.ToUpperInvariant() : name.ToLowerInvariant(), value);
            (string? check, string? expected) = ContrastFiles.RefusalAndExpected(() => Manifest.Parse(Encoding.UTF8.GetBytes(manifest.ToJsonString())));
            Assert.Equal((ManifestChecks.Format, $"the member name {name}, spelled like this"), (check, expected));
        }

        Assert.InRange(members.Length, 50, 70);
    }

    [Theory]
    [InlineData("Policies", ManifestChecks.Coordinator)]
    [InlineData("ReferenceValues", ManifestChecks.ReferenceValues)]
    [InlineData("ReferenceValues.snp[0].MinimumTCB", ManifestChecks.MinimumTcb)]
    [InlineData("ReferenceValues.snp[0].MinimumTCB.BootloaderVersion", ManifestChecks.MinimumTcb)]
    [InlineData("ReferenceValues.snp[0].MinimumTCB.TEEVersion", ManifestChecks.MinimumTcb)]
    [InlineData("ReferenceValues.snp[0].MinimumTCB.SNPVersion", ManifestChecks.MinimumTcb)]
    [InlineData("ReferenceValues.snp[0].MinimumTCB.MicrocodeVersion", ManifestChecks.MinimumTcb)]
    public void Parse_RequiredMemberMissing_IsNamedByItsPath(string path, string check)
    {
        JsonNode manifest = JsonNode.Parse(ContrastFiles.OwnManifest)!;
        JsonNode value = ValueAt(manifest, path);
        value.Parent!.AsObject().Remove(value.GetPropertyName());
        Assert.Equal(
            (check, $"member {path}"), ContrastFiles.RefusalAndExpected(() => Manifest.Parse(Encoding.UTF8.GetBytes(manifest.ToJsonString()))));
    }

    [Fact]
    public void Parse_OurManifest_ReadsEveryMember()
    {
        Manifest manifest = Manifest.Parse(ContrastFiles.OwnManifestWith());

        Assert.Equal("f6fb5bba940611bdd6626e632e7a39b955ec5dca6b6ee06396b36d37cdcdfc8f", Hex(manifest.Digest));
        Assert.Equal(["coordinator", "", ""], manifest.Policies.Select(policy => policy.Role));
        Assert.Equal(["root", "secret-service", "*"], manifest.Policies[1].Names);
        Assert.Equal("apps/v1/StatefulSet/example/secret-service", manifest.Policies[1].WorkloadSecretId);
        Assert.Equal([Repeat("10", 32)], manifest.CoordinatorPolicyHashes.Select(Hex));

        SnpReferenceValue snp = Assert.Single(manifest.Snp);
        Assert.Equal("ReferenceValues.snp[0]", snp.Path);
        Assert.Equal("Metal-QEMU-SNP-GPU", snp.Platform);
        Assert.Equal(SnpProduct.Genoa, snp.Product);
        Assert.Equal(Repeat("c1", 48), Hex(snp.Measurement));
        Assert.Equal(0x0080b004u, snp.ResetAddress);
        Assert.Equal(new TcbVersion(0, 12, 1, 28, 88), snp.MinimumTcb);
        Assert.Equal(0x252013Aul, snp.GuestPolicy.Value);
        Assert.Equal(new SnpPlatformInfo(0x24), snp.PlatformInfo);
        Assert.Equal(15ul, snp.MinimumMitigationVector);
        Assert.Equal([Repeat("c2", 64), Repeat("c3", 64)], snp.AllowedChipIds.Select(Hex));

        TdxReferenceValue tdx = Assert.Single(manifest.Tdx);
        Assert.Equal("ReferenceValues.tdx[0]", tdx.Path);
        Assert.Equal("Metal-QEMU-TDX-GPU", tdx.Platform);
        Assert.Equal(21, tdx.MinimumEvaluationDataNumber);
        Assert.Equal(Repeat("d1", 48), Hex(tdx.Measurement));
        Assert.Equal(Repeat("d2", 48), Hex(tdx.SeamMeasurement));
        Assert.Equal(["e0", "e1", "e2", "00"], tdx.RuntimeMeasurements.Select(value => Hex(value)[..2]));
        Assert.Empty(tdx.FirstRuntimeMeasurementAlternatives);
        Assert.Equal(0x602E7ul, tdx.Xfam);
        Assert.Equal([Repeat("f1", 16), Repeat("f2", 16)], tdx.AllowedPlatformInstances.Select(Hex));
        Assert.Equal((false, true, false), (tdx.MemoryIntegrity, tdx.SmtDisabled, tdx.StaticPlatform));
    }

    [Fact]
    public void SecretServiceNames_OurManifest_AreThoseOfThatEntryAlone() =>
        Assert.Equal(["root", "secret-service"], Manifest.Parse(ContrastFiles.OwnManifestWith()).SecretServiceNames);

    [ThirdPartyFact]
    public void SecretServiceNames_ManifestsOfTheService_AreThoseOfThatEntryAlone()
    {
        foreach ((string name, string space) in (ReadOnlySpan<(string, string)>)
            [("privatemode-v1.58.0", "continuum-0a7a47"), ("privatemode-2026-08", "continuum-216de2")])
        {
            Assert.Equal(
                ["root", "secret-service", $"secret-service-internal.{space}.svc.cluster.local", $"*.secret-service-headless.{space}.svc.cluster.local"],
                Manifest.Parse(ContrastFiles.ThirdParty($"manifests/{name}.manifest.json")).SecretServiceNames);
        }
    }

    [Theory]
    [InlineData("a", "apps/v1/StatefulSet/x/secret-service", "a,shared,*", "", "apps/v1/Deployment/x/other", "Shared,*")]
    [InlineData("", "apps/v1/StatefulSet/x/secret-service", "a,*", "", "apps/v1/StatefulSet/y/secret-service", "b")]
    [InlineData("", "apps/v1/StatefulSet/x/not-the-secret-service", "secret-service", "", "apps/v1/Deployment/x/other", "b")]
    [InlineData("", "apps/v1/StatefulSet/x/secret-service", "a", "coordinator", "apps/v1/StatefulSet/x/coordinator", "A")]
    [InlineData("", "apps/v1/StatefulSet/x/secret-service", "*", "", "apps/v1/Deployment/x/other", "b")]
    [InlineData("", "apps/v1/StatefulSet/x/other", "a", "coordinator", "apps/v1/StatefulSet/x/secret-service", "b")]
    public void SecretServiceNames_SharedNamesOrUnclearEntries_DoNotCount(
        string expected, string firstId, string firstNames, string secondRole, string secondId, string secondNames)
    {
        Manifest manifest = new(
            default,
            [
                new WorkloadPolicy("01", firstNames.Split(','), firstId, ""),
                new WorkloadPolicy("02", secondNames.Split(','), secondId, secondRole),
            ])
        {
            Snp = [],
            Tdx = [],
        };

        Assert.Equal(expected, string.Join(",", manifest.SecretServiceNames));
    }

    [Fact]
    public void Parse_SparseReferenceValues_AllowNothingAndRequireNothing()
    {
        string text = $$$"""
            {"Policies":{"{{{Repeat("0a", 32)}}}":{"Role":"coordinator"}},"ReferenceValues":{"snp":[{"ProductName":"Milan",
            "TrustedMeasurement":"{{{Repeat("01", 48)}}}",
            "MinimumTCB":{"BootloaderVersion":0,"TEEVersion":0,"SNPVersion":0,"MicrocodeVersion":0}}]}}
            """;
        SnpReferenceValue snp = Manifest.Parse(Encoding.UTF8.GetBytes(text)).Snp[0];

        Assert.Null(snp.ResetAddress);
        Assert.Equal(0x20000ul, snp.GuestPolicy.Value);
        Assert.Equal(default, snp.PlatformInfo);
        Assert.Equal(0ul, snp.MinimumMitigationVector);
        Assert.Empty(snp.AllowedChipIds);
        Assert.Equal("", snp.Platform);
    }

    [Fact]
    public void Parse_EachFlag_SetsItsBit()
    {
        string[] policy = ["SMT", "MigrateMA", "Debug", "SingleSocket", "CXLAllowed", "MemAES256XTS", "RAPLDis", "CipherTextHidingDRAM", "PageSwapDisable"];
        for (int i = 0; i < policy.Length; i++)
        {
            if (policy[i] is "MigrateMA" or "Debug")
            {
                continue;
            }

            using JsonDocument flag = JsonDocument.Parse($$"""{"{{policy[i]}}":true}""");
            int bit = i == 0 ? 16 : 17 + i;
            Assert.Equal(0x20000ul | (1ul << bit), SnpGuestPolicy.Read(flag.RootElement, "").Value);
        }

        string[] platform = ["SMTEnabled", "TSMEEnabled", "ECCEnabled", "RAPLDisabled", "CiphertextHidingDRAMEnabled", "AliasCheckComplete", "", "TIOEnabled"];
        for (int i = 0; i < platform.Length; i++)
        {
            using JsonDocument flag = JsonDocument.Parse($$"""{"{{platform[i]}}":true}""");
            ulong bit = platform[i].Length == 0 ? 0 : 1ul << i;
            Assert.Equal(new SnpPlatformInfo(bit), SnpPlatformRequirements.Read(flag.RootElement, ""));
        }
    }

    [Theory]
    [InlineData(StrictObject.MaxText, true)]
    [InlineData(StrictObject.MaxText + 1, false)]
    public void Parse_LongText_IsReadUpToTheLimit(int length, bool isRead)
    {
        byte[] manifest = ContrastFiles.OwnManifestWith(("Metal-QEMU-SNP-GPU", new string('a', length - 2)));
        Assert.Equal(
            isRead ? default : (ManifestChecks.Format, "ReferenceValues.snp[0].Platform of at most 65536 bytes"),
            ContrastFiles.RefusalAndExpected(() => Manifest.Parse(manifest)));
    }

    [Fact]
    public void Parse_ManyTokens_AreReadUpToTheLimit()
    {
        int own = Tokens(ContrastFiles.OwnManifestWith());
        byte[] With(int count) => ContrastFiles.OwnManifestWith(
            ("{\n  \"Policies\"", $"{{\n  \"Unknown\": [{string.Join(',', Enumerable.Repeat(0, count))}],\n  \"Policies\""));
        byte[] most = With(StrictObject.MaxTokens - own - 3);
        Assert.Equal(StrictObject.MaxTokens, Tokens(most));
        Assert.Null(ContrastFiles.Refusal(() => Manifest.Parse(most)));
        Assert.Equal(ManifestChecks.Format, ContrastFiles.Refusal(() => Manifest.Parse(With(StrictObject.MaxTokens - own - 2))));

        static int Tokens(byte[] json)
        {
            Utf8JsonReader reader = new(json);
            int tokens = 0;
            while (reader.Read())
            {
                tokens++;
            }

            return tokens;
        }
    }

    [Theory]
    [InlineData("\"Role\": \"\"", "\"Role\": \"Coordinator\"", ManifestChecks.Role, "Policies.THIRD.Role as coordinator or empty")]
    [InlineData("Metal-QEMU-TDX-GPU", "K3s-Insecure", ManifestChecks.InsecurePlatform, "ReferenceValues.tdx[0].Platform with confidential computing")]
    [InlineData("\"Genoa\"", "\"Turin\"", ManifestChecks.Product, "ReferenceValues.snp[0].ProductName as Milan or Genoa")]
    [InlineData("\"0080b004\"", "\"0080b0\"", ManifestChecks.ResetAddress, "ReferenceValues.snp[0].APEIP as 4 bytes in hexadecimal")]
    [InlineData("e702060000000000", "e70206", ManifestChecks.Xfam, "ReferenceValues.tdx[0].Xfam as 8 bytes in hexadecimal")]
    [InlineData(
        "\"Rtmrs\": [", "\"Rtmrs\": [\"ZEROS\",", ManifestChecks.TdxMeasurement, "ReferenceValues.tdx[0].Rtmrs with 4 values")]
    [InlineData(
        "\"Debug\": false",
        "\"Debug\": true",
        ManifestChecks.Debug,
        "ReferenceValues.snp[0].GuestPolicy.Debug false: the host could read the machine's memory")]
    [InlineData(
        "\"MigrateMA\": false",
        "\"MigrateMA\": true",
        ManifestChecks.Migration,
        "ReferenceValues.snp[0].GuestPolicy.MigrateMA false: another machine could take this one's memory")]
    [InlineData("300a020500c0ffee01020103", "00", ManifestChecks.SeedShareOwnerKey, "each of SeedshareOwnerPubKeys as an RSA public key, DER in hexadecimal")]
    [InlineData("THIRD", "zz", ManifestChecks.PolicyHash, "each name in Policies as 32 bytes in hexadecimal")]
    public void Parse_ValueThatIsNotAllowed_IsNamedByItsPath(string from, string to, string check, string expected)
    {
        string Filled(string text) => text.Replace("THIRD", Repeat("30", 32)).Replace("ZEROS", Repeat("00", 48));
        Assert.Equal(
            (check, Filled(expected)), ContrastFiles.RefusalAndExpected(() => Manifest.Parse(ContrastFiles.OwnManifestWith((Filled(from), Filled(to))))));
    }

    [Theory]
    [InlineData("1.2.840.10045.2.1", true)]
    [InlineData("1.2.840.113549.1.1.1", false)]
    public void Parse_WorkloadOwnerKey_MustBeOfAnEllipticCurve(string algorithm, bool isRead)
    {
        byte[] key = Der.Sequence(Der.Sequence(Der.Identifier(algorithm), Der.Identifier("1.2.840.10045.3.1.7")), Der.BitString([4, 1, 2]));
        byte[] With(byte[] der) => ContrastFiles.OwnManifestWith(
            ("{\n  \"Policies\"", $"{{\n  \"WorkloadOwnerPubKeys\": [\"{Convert.ToHexString(der)}\"],\n  \"Policies\""));
        string[] refused = [.. Der.WithOneElementMore(key).Append([.. key, 5, 0]).Concat(isRead ? [] : [key]).Select(der => Expected(With(der))!)];
        Assert.All(refused, expected => Assert.Equal("each of WorkloadOwnerPubKeys as an ECDSA public key, DER in hexadecimal", expected));
        Assert.Equal(isRead, Expected(With(key)) is null);

        static string? Expected(byte[] manifest) => ContrastFiles.RefusalAndExpected(() => Manifest.Parse(manifest)).Expected;
    }

    [Fact]
    public void Parse_NoObject_IsRefused() =>
        Assert.Equal((ManifestChecks.Format, "a JSON object"), ContrastFiles.RefusalAndExpected(() => Manifest.Parse("[]"u8.ToArray())));

    // Numbers at the ends of their ranges.
    [Theory]
    [InlineData("\"SNPVersion\": 28", "\"SNPVersion\": 0")]
    [InlineData("\"SNPVersion\": 28", "\"SNPVersion\": 255")]
    [InlineData("\"ABIMajor\": 1", "\"ABIMajor\": 255")]
    [InlineData("\"ABIMinor\": 58", "\"ABIMinor\": 255")]
    [InlineData("\"MinimumMitigationVector\": 15", "\"MinimumMitigationVector\": 18446744073709551615")]
    [InlineData("\"MinTCBEvaluationDataNumber\": 21", "\"MinTCBEvaluationDataNumber\": 2147483647")]
    public void Parse_NumberAtItsEnd_IsRead(string from, string to) => Manifest.Parse(ContrastFiles.OwnManifestWith((from, to)));

    [Fact]
    public void Parse_TooLongOrBadUtf8_IsRefused()
    {
        byte[] good = ContrastFiles.OwnManifestWith();
        byte[] longest = [.. good, .. Enumerable.Repeat((byte)' ', Manifest.MaxSize - good.Length)];
        Assert.Null(ContrastFiles.Refusal(() => Manifest.Parse(longest)));
        Assert.Equal(ManifestChecks.Format, ContrastFiles.Refusal(() => Manifest.Parse((byte[])[.. longest, (byte)' '])));
        Assert.Equal(ManifestChecks.Format, ContrastFiles.Refusal(() => Manifest.Parse((byte[])[0xEF, 0xBB, 0xBF, .. good])));
        Assert.Equal(ManifestChecks.Format, ContrastFiles.Refusal(() => Manifest.Parse((byte[])[.. "{\""u8, 0xFF, .. "\":1,"u8, .. good.AsSpan(1)])));
    }

    [ThirdPartyFact]
    public void Parse_EveryThirdPartyManifest_GivesItsOutcome()
    {
        CaseLog log = new();
        log.Run("production v1.58.0", () =>
        {
            Manifest manifest = Manifest.Parse(ContrastFiles.ThirdParty("manifests/privatemode-v1.58.0.manifest.json"));
            Assert.Equal("384a2137e534357d74392bf3940373ff49d309d91551376b5a7f828e372af42b", Hex(manifest.Digest));
            Assert.Equal(8, manifest.Policies.Count);
            Assert.Equal(["0a5f7f9949f37547b7cdda3a85ddd6f23e3c5e5247e989fba33a93b778032dae"], manifest.CoordinatorPolicyHashes.Select(Hex));
            Assert.Equal(0x252013Aul, Assert.Single(manifest.Snp).GuestPolicy.Value);
            Assert.Equal(4, manifest.Snp[0].AllowedChipIds.Count);
            Assert.Equal(new SnpPlatformInfo(0x24), manifest.Snp[0].PlatformInfo);
            Assert.Equal(21, Assert.Single(manifest.Tdx).MinimumEvaluationDataNumber);
            Assert.Equal(3, manifest.Tdx[0].AllowedPlatformInstances.Count);
        });
        log.Run("production of August 2026", () => Assert.Equal(
            "1d65f5646afdab15809d75f3682c606488416743e4240eef40747ade241eb7fb",
            Hex(Manifest.Parse(ContrastFiles.ThirdParty("manifests/privatemode-2026-08.manifest.json")).Digest)));
        log.Run("SDK test", () =>
        {
            SnpReferenceValue snp = Assert.Single(Manifest.Parse(ContrastFiles.ThirdParty("manifests/contrast-sdk-test.manifest.json")).Snp);
            Assert.Equal(SnpProduct.Milan, snp.Product);
            Assert.Equal(0x30000ul, snp.GuestPolicy.Value);
            Assert.Equal(new SnpPlatformInfo(1), snp.PlatformInfo);
        });
        log.Run("v1.40 shape", () =>
        {
            SnpReferenceValue snp = Assert.Single(Manifest.Parse(
                ContrastFiles.ThirdParty("manifests/SYNTHETIC-privatemode-v1.40-shape.manifest.json")).Snp);
            Assert.Null(snp.ResetAddress);
            Assert.Equal(0x2030000ul, snp.GuestPolicy.Value);
        });
        log.Run("old schema", () => Assert.Equal(ManifestChecks.Coordinator, ContrastFiles.Refusal(
            () => Manifest.Parse(ContrastFiles.ThirdParty("manifests/privatemode-docs-old-schema.manifest.json")))));
        log.AssertAllPassed(5);
    }

    // Everything but the root.
    private static IEnumerable<string> PathsOf(JsonNode node)
    {
        IEnumerable<JsonNode> children = node switch
        {
            JsonObject value => value.Select(member => member.Value!),
            JsonArray list => list.Select(item => item!),
            _ => [],
        };
        return children.SelectMany(child => PathsOf(child).Prepend(child.GetPath()[2..]));
    }

    private static JsonNode ValueAt(JsonNode manifest, string path) => path.Replace("]", "").Split('.', '[').Aggregate(
        manifest, (node, step) => node is JsonArray list ? list[int.Parse(step, CultureInfo.InvariantCulture)]! : node[step]!);

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);

    private static string Repeat(string pair, int count) => string.Concat(Enumerable.Repeat(pair, count));
}
