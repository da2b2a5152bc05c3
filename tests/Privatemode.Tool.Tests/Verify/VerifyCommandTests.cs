using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Privatemode.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.Tests.Fakes;
using Privatemode.Tool.Verify;

namespace Privatemode.Tool.Tests.Verify;

public sealed class VerifyCommandTests : IAsyncLifetime
{
    private readonly ToolRun _run = new();
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _run.ConfigureClient = _deployment.ConfigureClient;
        _run.SetVariable("PRIVATEMODE_API_KEY", _deployment.ApiKey);
    }

    public async Task DisposeAsync()
    {
        await _deployment.DisposeAsync();
        _run.Dispose();
    }

    private string ManifestSha256 => Convert.ToHexStringLower(SHA256.HashData(_deployment.Evidence.Manifest.Span));

    [Fact]
    public async Task Deployment_ThatProvesEverything_IsVerified()
    {
        (int exitCode, string text, string error) = await _run.InvokeAsync("verify");

        Assert.Equal((0, "VERIFIED"), (exitCode, text.Split('\n')[0]));
        Assert.Contains(ManifestSha256, text, StringComparison.Ordinal);
        Assert.Contains("SEV-SNP", text, StringComparison.Ordinal);
        Assert.Equal("Verifying the deployment…\n", error);
    }

    // A pinned manifest is not adopted: a time there was that of the verification.
    [Fact]
    public async Task PinnedManifest_IsShownWithoutATimeOfAdoption()
    {
        (_, string pinned, _) = await _run.InvokeAsync("verify", "--manifest", ManifestSha256);
        (_, string latest, _) = await _run.InvokeAsync("verify");

        Assert.Contains($"{ManifestSha256} (Pinned)\n", pinned, StringComparison.Ordinal);
        Assert.Matches($@"{ManifestSha256} \(Published, adopted \S+Z\)\n", latest);
    }

    // Users of the package do not have the files of the repository.
    [Theory]
    [InlineData("verify")]
    [InlineData("doctor")]
    public async Task Refusal_NamesNoFileOfTheRepository(string command)
    {
        _deployment.Evidence.Defect = EvidenceDefect.SnpWrongMeasurement;

        (int exitCode, string text, string error) = await _run.InvokeAsync(command);

        Assert.Equal(3, exitCode);
        Assert.DoesNotContain(".md", text + error, StringComparison.Ordinal);
        Assert.Contains("\"Verify the service\"", text + error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusal_PrintsTheValuesOnce()
    {
        _deployment.Evidence.Defect = EvidenceDefect.SnpWrongMeasurement;

        (_, string text, _) = await _run.InvokeAsync("verify");
        (_, string json, _) = await _run.InvokeAsync("verify", "--json");

        JsonElement failure = JsonDocument.Parse(json).RootElement.GetProperty("failure");
        Assert.Equal(2, text.Split(failure.GetProperty("expected").GetString()).Length);
        Assert.Equal(2, text.Split(failure.GetProperty("check").GetString()).Length);
    }

    [Fact]
    public async Task Json_HasAllMembers()
    {
        (_, string verified, string error) = await _run.InvokeAsync("verify", "--json", "--save", "evidence.json");
        _deployment.Evidence.Defect = EvidenceDefect.SnpWrongMeasurement;
        (int exitCode, string refused, _) = await _run.InvokeAsync("verify", "--json");

        string[] members =
            ["schema", "verdict", "exitCode", "at", "mode", "demo", "toolVersion", "report", "failure", "evidence"];
        JsonElement first = JsonDocument.Parse(verified).RootElement, second = JsonDocument.Parse(refused).RootElement;
        Assert.Equal(members, first.EnumerateObject().Select(member => member.Name));
        Assert.Equal(members, second.EnumerateObject().Select(member => member.Name));
        Assert.Equal("privatemode.verify/1", first.GetProperty("schema").GetString());
        Assert.Equal(("verified", "refused", 3), (first.GetProperty("verdict").GetString(), second.GetProperty("verdict").GetString(), exitCode));
        Assert.Equal(ManifestSha256, first.GetProperty("report").GetProperty("manifestSha256").GetString());
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(_run.WorkingDirectory, "evidence.json")))),
            first.GetProperty("evidence").GetProperty("sha256").GetString());
        JsonElement failure = second.GetProperty("failure");
        Assert.Equal("snp-launch-measurement", failure.GetProperty("check").GetString());
        Assert.Equal(["check", "message", "expected", "found", "mismatches", "hint"], failure.EnumerateObject().Select(member => member.Name));
        Assert.Empty(error);
    }

    // Those with a name in the API. The library's own tests show all of them.
    public static TheoryData<string> Defects =>
    [
        .. typeof(EvidenceDefect).GetProperties(BindingFlags.Public | BindingFlags.Static)
            .Where(property => property.PropertyType == typeof(EvidenceDefect) && property.Name != nameof(EvidenceDefect.None))
            .Select(property => property.Name),
    ];

    /// <summary>The file is written beside the target and renamed: a pipe, a device or a link would be replaced by it.</summary>
    [Theory]
    [InlineData("link", "\"link\" is a link. Name the file that it points to.")]
    [InlineData("pipe", "\"pipe\" is a device or a pipe. Name a regular file.")]
    public async Task Save_ToALinkOrAPipe_IsRefused(string name, string message)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string path = Path.Combine(_run.WorkingDirectory, name);
        string target = _run.WriteFile("target", "mine");
        if (name == "link")
        {
            _ = File.CreateSymbolicLink(path, target);
        }
        else
        {
            using System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [path]);
            await make.WaitForExitAsync().OrTimeout();
        }

        (int exitCode, _, string error) = await _run.InvokeAsync("verify", "--demo", "--save", name, "--force");

        Assert.Equal((2, $"Error: {message}\n"), (exitCode, error));
        Assert.Equal("mine", File.ReadAllText(target));
        Assert.Equal(name == "link", new FileInfo(path).LinkTarget is not null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("content")]
    public async Task Save_WithForce_ReplacesARegularFile(string content)
    {
        string path = _run.WriteFile("evidence.json", content);

        (int without, _, _) = await _run.InvokeAsync("verify", "--demo", "--save", "evidence.json");
        (int with, _, _) = await _run.InvokeAsync("verify", "--demo", "--save", "evidence.json", "--force");

        Assert.Equal((2, 0), (without, with));
        Assert.StartsWith("{", File.ReadAllText(path), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Defects))]
    public async Task Deployment_WithADefect_IsNotVerified(string defect)
    {
        EvidenceDefect shown = EvidenceDefect.FromName(defect);
        _deployment.Evidence.Kind = shown.AppliesTo(EvidenceKind.SevSnp) ? EvidenceKind.SevSnp : EvidenceKind.Tdx;
        _deployment.Evidence.Defect = shown;

        (int exitCode, string text, _) = await _run.InvokeAsync("verify", "--save", "evidence.json");

        // A revocation list that is missing says nothing about the deployment.
        bool isUnknown = defect == EvidenceDefect.SnpRevocationListMissing.Name;
        Assert.Equal(isUnknown ? (4, "COULD NOT TELL") : (3, "REFUSED"), (exitCode, text.Split('\n')[0]));
        Assert.Equal(!isUnknown, text.Contains("Do not send anything to this deployment.", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(_run.WorkingDirectory, "evidence.json")));
    }

    [Fact]
    public async Task UnreachableService_HasTheOutcomeUnknown()
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(400), times: 20);

        (int exitCode, string text, _) = await _run.InvokeAsync("verify");

        Assert.Equal((4, "COULD NOT TELL"), (exitCode, text.Split('\n')[0]));
    }

    [Fact]
    public async Task OtherManifestThanExpected_IsRefused()
    {
        (int exitCode, string text, _) = await _run.InvokeAsync("verify", "--manifest", new string('0', 64));

        Assert.Equal((3, "REFUSED"), (exitCode, text.Split('\n')[0]));
        Assert.Contains("manifest-pin", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FileOfSave_IsNotReplacedWithoutForce()
    {
        _ = _run.WriteFile("evidence.json", "mine");

        (int refused, _, string error) = await _run.InvokeAsync("verify", "--save", "evidence.json");
        (int replaced, _, _) = await _run.InvokeAsync("verify", "--save", "evidence.json", "--force");

        Assert.Equal((2, "Error: \"evidence.json\" exists. Use --force to replace it.\n"), (refused, error));
        Assert.Equal(0, replaced);
    }

    [Theory]
    [InlineData("--at needs --offline: the deployment itself can be verified for now only.", "--at", "saved")]
    [InlineData("--save cannot be combined with --offline: the evidence is in a file already.", "--offline", "x", "--save", "y")]
    [InlineData("The evidence file \"missing\" cannot be read: the file does not exist", "--offline", "missing")]
    [InlineData("The directory of \"none/x\" does not exist.", "--save", "none/x")]
    public async Task WrongFlags_AreOneLine(string expected, params string[] args)
    {
        (int exitCode, string text, string error) = await _run.InvokeAsync(["verify", .. args]);

        Assert.Equal((2, $"Error: {expected}\n", ""), (exitCode, error, text));
    }

    [Fact]
    public async Task SavedEvidenceOfADemo_NeedsTheDemo()
    {
        using ToolRun demo = new();
        (int saved, _, _) = await demo.InvokeAsync("verify", "--demo", "--save", "evidence.json");

        (int withDemo, string good, _) = await demo.InvokeAsync("verify", "--demo", "--offline", "evidence.json");
        (int without, string bad, _) = await demo.InvokeAsync("verify", "--offline", "evidence.json", "--manifest", ManifestInFile(demo));

        Assert.Equal((0, 0, "VERIFIED (demo: this proves nothing)"), (saved, withDemo, good.Split('\n')[0]));
        Assert.Equal((3, "REFUSED"), (without, bad.Split('\n')[0]));
    }

    [Fact]
    public async Task SavedEvidence_IsJudgedForTheGivenTime()
    {
        using ToolRun demo = new();
        _ = await demo.InvokeAsync("verify", "--demo", "--save", "evidence.json");

        (int later, string text, _) = await demo.InvokeAsync("verify", "--demo", "--offline", "evidence.json", "--at", "2126-01-01T00:00:00Z");
        (int saved, _, _) = await demo.InvokeAsync("verify", "--demo", "--offline", "evidence.json", "--at", "saved");
        (int wrong, _, string error) = await demo.InvokeAsync("verify", "--demo", "--offline", "evidence.json", "--at", "2026-01-01T00:00:00");

        Assert.Equal((4, "COULD NOT TELL"), (later, text.Split('\n')[0]));
        Assert.Contains("use --at saved", text, StringComparison.Ordinal);
        Assert.Equal(0, saved);
        Assert.Equal((2, "Error: --at: \"2026-01-01T00:00:00\" is neither 'saved' nor a time such as 2026-11-29T12:00:00Z.\n"), (wrong, error));
    }

    [Fact]
    public async Task Offline_WithoutExpectation_IsRefused()
    {
        using ToolRun demo = new();
        _ = await demo.InvokeAsync("verify", "--demo", "--save", "evidence.json");

        (int exitCode, _, string error) = await demo.InvokeAsync("verify", "--offline", "evidence.json");

        Assert.Equal(2, exitCode);
        Assert.Contains("--offline needs --manifest: the file cannot prove which manifest is the expected one.", error, StringComparison.Ordinal);
    }

    /// <summary>A check that is renamed in the library must not change the outcome "unknown" to "refused".</summary>
    [Fact]
    public void ChecksThatSayNothing_ExistInTheLibrary()
    {
        string root = AppContext.BaseDirectory[..AppContext.BaseDirectory.IndexOf("tests", StringComparison.Ordinal)];
        string source = string.Concat(Directory.EnumerateFiles(Path.Combine(root, "src", "Privatemode.AI"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
        string[] names = [.. Regex.Matches(source, "\"([a-z0-9]+(?:-[a-z0-9]+)+)\"").Select(match => match.Groups[1].Value).Distinct()];

        Assert.Equal(
            ["collateral-missing", "manifest-unproved", "snp-crl-missing", "snp-crl-supplied-too-old"],
            names.Where(name => VerifyOutcome.SaysNothing(name, isOffline: false)).Order());
        Assert.Equal(9, names.Count(name => VerifyOutcome.SaysNothing(name, isOffline: true)));
    }

    public static TheoryData<PrivatemodeException, int> Failures => new()
    {
        { new PrivatemodeServiceException(ServiceFailureReason.RateLimited, "m"), 4 },
        { new PrivatemodeVerificationException("manifest-pin", "m"), 3 },
        { new PrivatemodeVerificationException("snp-crl-missing", "m"), 4 },
        { new PrivatemodeIntegrityException("unencrypted-answer", "m"), 3 },
        { new PrivatemodeWouldLeakException("changed-request", "m"), 3 },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Failure_ThatIsAnAttack_IsARefusal(PrivatemodeException failure, int exitCode) =>
        Assert.Equal(exitCode, VerifyOutcome.Of(failure, DateTimeOffset.UnixEpoch, isOffline: false).ExitCode);

    /// <summary>The author of a file chooses what it claims.</summary>
    [Fact]
    public async Task WhatTheFileClaims_IsSaid()
    {
        using ToolRun demo = new();
        _ = await demo.InvokeAsync("verify", "--demo", "--save", "evidence.json");

        (_, string now, _) = await demo.InvokeAsync("verify", "--demo", "--offline", "evidence.json");
        (_, string saved, _) = await demo.InvokeAsync("verify", "--demo", "--offline", "evidence.json", "--at", "saved");

        Assert.Matches("service .* \\(as the file says\\)\n", now);
        Assert.Matches("verified at +[-0-9T:.]+Z\n", now);
        Assert.Matches("verified at +[-0-9T:.]+Z \\(as the file says\\)\n", saved);
    }

    [Fact]
    public async Task FileWithoutEnd_IsRefused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        (int exitCode, _, string error) = await _run.InvokeAsync("verify", "--offline", "/dev/zero", "--manifest", ManifestSha256);

        Assert.Equal((2, "Error: The evidence file \"/dev/zero\" cannot be read: it has more than 16777216 bytes\n"), (exitCode, error));
    }

    private static string ManifestInFile(ToolRun run)
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(run.WorkingDirectory, "evidence.json")));
        using JsonDocument document = JsonDocument.Parse(file.RootElement.GetProperty("document").GetBytesFromBase64());
        return Convert.ToHexStringLower(SHA256.HashData(document.RootElement.GetProperty("manifests")[0].GetBytesFromBase64()));
    }
}
