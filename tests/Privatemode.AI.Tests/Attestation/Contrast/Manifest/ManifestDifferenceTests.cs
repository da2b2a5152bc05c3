using System.Globalization;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Attestation.Contrast;

public sealed class ManifestDifferenceTests
{
    private static readonly Manifest Own = Manifest.Parse(ContrastFiles.OwnManifestWith());

    [Fact]
    public void Between_SameBytes_SaysSo()
    {
        ManifestDifference difference = ManifestDifference.Between(Own, Own);
        Assert.Empty(difference.Changes);
        Assert.Equal(difference.Before, difference.After);
        Assert.Empty(difference.Lines);
        Assert.EndsWith("the same bytes\n", difference.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Between_OtherWhiteSpaceAndOrder_SaysSo()
    {
        ManifestDifference difference = Between(
            ("{\n  \"Policies\"", "{\"Policies\""), ("\"ABIMinor\": 58,\n          \"ABIMajor\": 1,", "\"ABIMajor\": 1, \"ABIMinor\": 58,"));
        Assert.Empty(difference.Changes);
        Assert.NotEqual(difference.Before, difference.After);
        Assert.EndsWith("differs\n", difference.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Between_NothingAndAManifest_ShowsAllOfIt()
    {
        ManifestDifference difference = ManifestDifference.Between(null, Own);
        Assert.Null(difference.Before);
        Assert.Equal("f6fb5bba940611bdd6626e632e7a39b955ec5dca6b6ee06396b36d37cdcdfc8f", difference.After);
        Assert.All(difference.Changes, change => Assert.Null(change.Before));
        Assert.StartsWith("no manifest -> f6fb", difference.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            $"\n+ Policies.{Repeat("20", 32)}: names \"root\", \"secret-service\", \"*\", secrets of \"apps/v1/StatefulSet/example/secret-service\"\n",
            difference.ToString(), StringComparison.Ordinal);
        Assert.Contains($"\n+ Policies.{Repeat("10", 32)}: role coordinator, names \"coordinator\", \"*\", ", difference.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Between_EachKindOfChange_IsNamedWithBothSides()
    {
        CaseLog log = new();
        void Expect(string from, string to, params string[] lines) =>
            log.Run(to, () => Assert.Equal(lines, Between((from, to)).Changes.Select(change => change.ToString())));

        Expect("\"SNPVersion\": 28", "\"SNPVersion\": 27", "~ ReferenceValues.snp[0].MinimumTCB.SNPVersion: 28 -> 27");
        Expect("\"SMT\": false,", "\"SMT\": true,", "~ ReferenceValues.snp[0].GuestPolicy.SMT: false -> true");
        Expect("\"SMT\": false,", "", "- ReferenceValues.snp[0].GuestPolicy.SMT: false");
        Expect("\"MinimumMitigationVector\": 15,", "", "- ReferenceValues.snp[0].MinimumMitigationVector: 15");
        Expect("\"APEIP\": \"0080b004\"", "\"APEIP\": \"0080b005\"", "~ ReferenceValues.snp[0].APEIP: \"0080b004\" -> \"0080b005\"");
        Expect(Repeat("f2", 16), Repeat("f3", 16), $"- ReferenceValues.tdx[0].AllowedPIIDs[\"{Repeat("f2", 16)}\"]: listed",
            $"+ ReferenceValues.tdx[0].AllowedPIIDs[\"{Repeat("f3", 16)}\"]: listed");
        Expect(Repeat("e2", 48), Repeat("e3", 48), $"~ ReferenceValues.tdx[0].Rtmrs[2]: \"{Repeat("e2", 48)}\" -> \"{Repeat("e3", 48)}\"");
        Expect("\"StaticPlatform\": false", "\"StaticPlatform\": false, \"Unknown\": {\"a\": [1, null]}", "+ ReferenceValues.tdx[0].Unknown.a[0]: 1",
            "+ ReferenceValues.tdx[0].Unknown.a[1]: null");
        Expect(
            "\"Role\": \"\"",
            "\"Role\": \"coordinator\"",
            $"~ Policies.{Repeat("30", 32)}: names \"workload-example\", \"*\", secrets of \"apps/v1/Deployment/example/workload-example\" -> role " +
                $"coordinator, names \"workload-example\", \"*\", secrets of \"apps/v1/Deployment/example/workload-example\"");
        Expect("\"workload-example\"", "\"a ~\u007f\"", $"~ Policies.{Repeat("30", 32)}: names \"workload-example\", \"*\", secrets of "
            + $"\"apps/v1/Deployment/example/workload-example\" -> names \"a ~\\u007f\", \"*\", secrets of "
            + "\"apps/v1/Deployment/example/workload-example\"");
        Expect("\"apps/v1/Deployment/example/workload-example\"", "\"\"", $"~ Policies.{Repeat("30", 32)}: names \"workload-example\", \"*\", secrets of "
            + "\"apps/v1/Deployment/example/workload-example\" -> names \"workload-example\", \"*\"");
        Expect("\"Role\": \"\"", "\"Role\": \"\", \"Unknown\": 1", $"+ Policies.{Repeat("30", 32)}.Unknown: 1");
        Expect(
            Repeat("30", 32),
            Repeat("3a", 32).ToUpperInvariant(),
            $"- Policies.{Repeat("30", 32)}: names \"workload-example\", \"*\", secrets of \"apps/v1/Deployment/example/workload-example\"",
            $"+ Policies.{Repeat("3a", 32)}: names \"workload-example\", \"*\", secrets of \"apps/v1/Deployment/example/workload-example\"");
        log.AssertAllPassed(13);
    }

    // What is shown decides what somebody approves: no manifest may write over a change or hide one behind another name.
    [Fact]
    public void Between_ManifestThatHidesAChange_StillShowsIt()
    {
        ManifestDifference difference = Between(
            ("\"SNPVersion\": 28", "\"SNPVersion\": 1"),
            ("{\n  \"Policies\"", "{\n  \"ReferenceValues.snp[0].MinimumTCB.SNPVersion\": 28, \"Policies\""));
        Assert.Contains(new ManifestChange("ReferenceValues.snp[0].MinimumTCB.SNPVersion", "28", "1"), difference.Changes);
        Assert.Contains(new ManifestChange("\"ReferenceValues.snp[0].MinimumTCB.SNPVersion\"", null, "28"), difference.Changes);

        string key = string.Concat(Enumerable.Repeat("a", 300));
        Manifest Long(string last) =>
            Manifest.Parse(ContrastFiles.OwnManifestWith(("\"workload-example\"", $"\"workload-example\"]  , \"Long\": [\"{key}{last}\"")));
        Assert.Equal(2, ManifestDifference.Between(Long("b"), Long("c")).Changes.Count);
        Assert.All(ManifestDifference.Between(Long("b"), Long("c")).Changes, change => Assert.InRange(change.Path.Length, 1, 400));

        Manifest Names(string names) => Manifest.Parse(ContrastFiles.OwnManifestWith(("\"workload-example\"", names)));
        Assert.Single(ManifestDifference.Between(Names("\"a\", \"b\""), Names("\"a\\\", \\\"b\"")).Changes);
        Assert.Single(ManifestDifference.Between(Names("\"a\\\\\""), Names("\"a\\\"\"")).Changes);
    }

    // Sixteen thousand values below long names: 30 KB of manifest were 128 MB of names.
    [Fact]
    public void Between_ThousandsOfValuesBelowLongNames_IsBoundedAndSaysSo()
    {
        string name = new('n', 250);
        string deep = string.Concat(Enumerable.Repeat($"{{\"{name}\":", 8));
        string many = string.Join(',', Enumerable.Range(0, 12_000));
        (string From, string To)[] changes =
            [("\"SNPVersion\": 28", "\"SNPVersion\": 1"), ("{\n  \"Policies\"", $"{{\n  \"A\": {deep}[{many}]{new string('}', 8)}, \"Policies\"")];
        Manifest after = Manifest.Parse(ContrastFiles.OwnManifestWith(changes));
        long before = GC.GetAllocatedBytesForCurrentThread();
        ManifestDifference difference = ManifestDifference.Between(Own, after);
        string text = difference.ToString();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024 * 1024);
        Assert.InRange(text.Length, 1, 2 * ManifestDifference.MaxShownLength);
        Assert.Equal(12_001, difference.Changes.Count + difference.Omitted);
        Assert.InRange(difference.Omitted, 1, 12_000);
        Assert.EndsWith($"\n! {difference.Omitted} more differences are not shown. Compare the files before you decide.\n", text, StringComparison.Ordinal);
        Assert.Equal("ReferenceValues.snp[0].MinimumTCB.SNPVersion", difference.Changes[0].Path);
    }

    // What decides must not be pushed out of what a person is shown.
    [Theory]
    [InlineData(1_300, "junk")]
    [InlineData(1_300, "workload-example")]
    public void Between_ManyJunkPolicies_ShowsWhatDecidesFirst(int count, string name)
    {
        string junk = string.Concat(Enumerable.Range(0, count).Select(
            i => $"\"{i:x64}\": {{\"SANs\": [\"{name}\", \"{new string('n', 200)}\"], \"WorkloadSecretID\": \"a\"}}, "));
        string coordinator = $"\"{Repeat("ff", 32)}\": {{\"SANs\": [\"coordinator\"], \"WorkloadSecretID\": \"b\", \"Role\": \"coordinator\"}}, ";
        ManifestDifference difference = Between(
            ("\"SNPVersion\": 28", "\"SNPVersion\": 1"), ("\"Policies\": {", $"\"Policies\": {{ {junk} {coordinator}"));
        Assert.True(difference.Omitted > 0);
        Assert.StartsWith($"Policies.{Repeat("ff", 32)}", difference.Changes[0].Path, StringComparison.Ordinal);
        Assert.Equal("ReferenceValues.snp[0].MinimumTCB.SNPVersion", difference.Changes[1].Path);
    }

    // Of each kind one: what decides most comes first.
    [Fact]
    public void Between_AllKindsOfChanges_AreInTheOrderOfTheirImportance()
    {
        string policy = $$"""{"SANs": ["NAME"], "WorkloadSecretID": "x", "Role": "ROLE"}""";
        string Policy(string pair, string name, string role = "") =>
            $"\"{Repeat(pair, 32)}\": {policy.Replace("NAME", name, StringComparison.Ordinal).Replace("ROLE", role, StringComparison.Ordinal)}, ";
        string policies = Policy("01", "new") + Policy("02", "other\", \"root") + Policy("03", "*") + Policy("04", "c", "coordinator");
        ManifestDifference difference = Between(
            ("{\n  \"Policies\"", "{\n  \"Unknown\": 3, \"Policies\""),
            ("\"Role\": \"coordinator\"", "\"Role\": \"\""),
            ("\"Policies\": {", $"\"Policies\": {{ {policies}"),
            ("\"WorkloadSecretID\": \"apps/v1/StatefulSet/example/secret-service\"", "\"WorkloadSecretID\": \"y\""),
            (Repeat("d1", 48), Repeat("d3", 48)),
            (Repeat("c1", 48), Repeat("c4", 48)),
            (Repeat("c3", 64), Repeat("c5", 64)),
            ("\"SNPVersion\": 28", "\"SNPVersion\": 1, \"Unknown\": 1"),
            ("\"StaticPlatform\": false", $"\"StaticPlatform\": false, \"Rtmr0Alternatives\": [\"{Repeat("e7", 48)}\"], \"Unknown\": 2"),
            ("\"SMTEnabled\": false", "\"SMTEnabled\": false, \"TSMEEnabled\": true"),
            ($"\"{Repeat("f2", 16)}\"", $"\"{Repeat("f2", 16)}\", \"{Repeat("f4", 16)}\""),
            ("\"300a020500c0ffee01020103\"", "\"300a020500c0ffee02020103\""));

        Assert.Equal(
            [
                $"Policies.{Repeat("04", 32)}",
                $"Policies.{Repeat("10", 32)}",
                "ReferenceValues.snp[0].TrustedMeasurement",
                "ReferenceValues.tdx[0].MrTd",
                $"ReferenceValues.snp[0].AllowedChipIDs[\"{Repeat("c3", 64)}\"]",
                "ReferenceValues.snp[0].MinimumTCB.SNPVersion",
                $"ReferenceValues.tdx[0].Rtmr0Alternatives[\"{Repeat("e7", 48)}\"]",
                "ReferenceValues.snp[0].MinimumTCB.Unknown",
                "ReferenceValues.snp[0].PlatformInfo.TSMEEnabled",
                $"ReferenceValues.snp[0].AllowedChipIDs[\"{Repeat("c5", 64)}\"]",
                $"ReferenceValues.tdx[0].AllowedPIIDs[\"{Repeat("f4", 16)}\"]",
                "SeedshareOwnerPubKeys[\"300a020500c0ffee01020103\"]",
                "SeedshareOwnerPubKeys[\"300a020500c0ffee02020103\"]",
                $"Policies.{Repeat("02", 32)}",
                $"Policies.{Repeat("20", 32)}",
                $"Policies.{Repeat("01", 32)}",
                $"Policies.{Repeat("03", 32)}",
                "ReferenceValues.tdx[0].Unknown",
                "Unknown",
            ],
            difference.Changes.Select(change => change.Path));
        Assert.DoesNotContain("the same", difference.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("names", 20, true)]
    [InlineData("id", 20, true)]
    [InlineData("names", 500, false)]
    public void Between_WorkloadBecomesTheSecretServiceBehindLongText_ShowsItOrIsIncomplete(string where, int length, bool isShown)
    {
        const string name = "\"workload-example\",", id = "\"apps/v1/Deployment/example/workload-example\"";
        string names = string.Concat(Enumerable.Range(0, 1000).Select(i => $"\"{i.ToString($"d{length}", CultureInfo.InvariantCulture)}\", "));
        ManifestDifference difference = where == "names"
            ? Between((name, $"{name} {names} \"secret-service\","))
            : Between((id, $"\"{new string('a', 50 * length)}/secret-service\""));
        Assert.Equal(isShown, difference.IsComplete);
        Assert.Equal(isShown, difference.Changes.Any(change => change.After!.Contains("secret-service\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Between_ManyAllowedPlatforms_ShowsMeasurementsFirst()
    {
        string platforms = string.Concat(Enumerable.Range(1, 6_000).Select(i => $"\"{i:x32}\", "));
        ManifestDifference difference = Between(
            ($"\"{Repeat("f2", 16)}\"", $"{platforms}\"{Repeat("f2", 16)}\""), (Repeat("e2", 48), Repeat("e3", 48)));
        Assert.True(difference.Omitted > 0);
        Assert.Equal("ReferenceValues.tdx[0].Rtmrs[2]", difference.Changes[0].Path);
    }

    // At the limits everything is shown as it is, and one character more is shortened.
    [Theory]
    [InlineData(256, 512)]
    [InlineData(257, 513)]
    public void Between_LongTextAndPath_AreShortened(int text, int path)
    {
        string name = new('n', 250);
        string last = new('l', path - 502);
        ManifestDifference difference = Between(
            ("{\n  \"Policies\"", $"{{\n  \"Text\": \"{new string('t', text - 2)}\", \"{name}\": {{\"{name}\": {{\"{last}\": 1}}}}, \"Policies\""));
        bool isLong = text > 256;
        Assert.Equal(isLong, difference.Changes.Single(change => change.Path == "Text").After!.Contains("SHA-256", StringComparison.Ordinal));
        Assert.Equal(isLong, difference.Changes.Single(change => change.Path != "Text").Path.Contains("SHA-256", StringComparison.Ordinal));
    }

    // A name that could be read as a path, or that is long, is shown as a text.
    [Theory]
    [InlineData("", false)]
    [InlineData("a", true)]
    [InlineData("aZ09_-$", true)]
    [InlineData("a.b", false)]
    [InlineData("a[0", false)]
    [InlineData("a b", false)]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void Between_NameOfAnyForm_IsAPathOnlyIfPlain(object form, bool isPlain)
    {
        string name = form as string ?? new string('n', (int)form);
        string path = Assert.Single(Between(("{\n  \"Policies\"", $"{{\n  \"{name}\": 1, \"Policies\"")).Changes).Path;
        Assert.Equal(isPlain, path == name);
        Assert.Equal(!isPlain, path.StartsWith('"'));
    }

    [Fact]
    public void Between_TextThatPaints_IsShownAsCodes()
    {
        ManifestDifference difference = Between(
            ("\"workload-example\"", "\"\u202Eevil\\u0007\\r\""),
            ("{\n  \"Policies\"", "{\n  \"\u2028\": \"\u001b[2J\u00e4\", \"Policies\"".Replace("\u001b", "\\u001b")));
        string text = difference.ToString();
        Assert.All(text, character => Assert.True(character is '\n' or (>= ' ' and <= '~')));
        Assert.Contains("\\u202eevil", text, StringComparison.Ordinal);
        Assert.Contains("\"\\u2028\": \"\\u001b[2J\\u00e4\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Between_LoneSurrogateInAnUnknownMember_IsShown()
    {
        ManifestDifference difference = Between(("{\n  \"Policies\"", "{\n  \"X\": [\"\\ud800\"], \"Policies\""));
        Assert.Equal("X[\"\\ud800\"]", Assert.Single(difference.Changes).Path);
    }

    [ThirdPartyFact]
    public void Between_TwoRealManifests_ShowsWorkloadsAndReferenceValues()
    {
        Manifest before = Manifest.Parse(ContrastFiles.ThirdParty("manifests/privatemode-2026-08.manifest.json"));
        Manifest after = Manifest.Parse(ContrastFiles.ThirdParty("manifests/privatemode-v1.58.0.manifest.json"));
        ManifestDifference difference = ManifestDifference.Between(before, after);
        Assert.Equal(8, difference.Changes.Count(change => change.Path.StartsWith("Policies.", StringComparison.Ordinal) && change.Before is null));
        Assert.Equal(before.Policies.Count,
            difference.Changes.Count(change => change.Path.StartsWith("Policies.", StringComparison.Ordinal) && change.After is null));
        Assert.Contains(difference.Changes, change =>
            change.Path == "ReferenceValues.snp[0].TrustedMeasurement" && change is { Before: not null, After: not null });
        Assert.Contains(difference.Changes, change => change.Path == "ReferenceValues.tdx[0].Rtmrs[2]");
        Assert.Equal(2, difference.Changes.Count(change => change.Path.StartsWith("SeedshareOwnerPubKeys[", StringComparison.Ordinal)));
        Assert.DoesNotContain(difference.Changes, change => change.Path.Contains("AllowedChipIDs", StringComparison.Ordinal));
    }

    private static ManifestDifference Between(params (string From, string To)[] replacements) =>
        ManifestDifference.Between(Own, Manifest.Parse(ContrastFiles.OwnManifestWith(replacements)));

    private static string Repeat(string pair, int count) => string.Concat(Enumerable.Repeat(pair, count));
}
