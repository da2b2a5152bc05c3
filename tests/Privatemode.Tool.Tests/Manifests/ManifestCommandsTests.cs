using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.CommandLine;
using Privatemode.Tool.Manifests;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Manifests;

public sealed class ManifestCommandsTests : IAsyncLifetime
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

    [Fact]
    public async Task PublishedManifestOfADemo_IsShownAsNotVerified()
    {
        (int exitCode, string text, _) = await _run.InvokeAsync("manifest", "show", "published", "--demo");

        Assert.Equal(0, exitCode);
        Assert.Contains("not verified", text, StringComparison.Ordinal);
        Assert.Contains("ReferenceValues", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PinnedManifestOfADemo_IsAcceptedAndAnotherRefused()
    {
        using ToolRun demo = new();
        (int pinned, _, _) = await demo.InvokeAsync("manifest", "pin", "--demo", "--yes", "--out", "pinned.json");
        (int accepted, _, _) = await demo.InvokeAsync("verify", "--demo", "--manifest", "pinned.json");
        (int refused, string text, _) = await demo.InvokeAsync("verify", "--demo", "--manifest", new string('a', 64));

        Assert.Equal((0, 0, 3), (pinned, accepted, refused));
        Assert.Contains("manifest-pin", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.OK, 0)]
    [InlineData(HttpStatusCode.ServiceUnavailable, 4)]
    public async Task Diff_WithThePublishedManifest_IsUndeterminedIfTheDownloadFails(HttpStatusCode status, int expected)
    {
        using FakeHandler publisher = new()
        {
            Answer = _ => new HttpResponseMessage(status) { Content = new ReadOnlyMemoryContent(_deployment.Evidence.Manifest) },
        };
        _run.ManifestHandler = publisher;

        (int exitCode, _, string error) = await _run.InvokeAsync("manifest", "diff", WriteManifest("a.json"), "published");

        Assert.Equal(expected, exitCode);
        Assert.Equal(expected == 0 ? "" : "Error: cdn.confidential.cloud did not return the manifest (status 503).\n", error);
    }

    [Fact]
    public void FromEntry_FileChangedAfterTheLogWasChecked_IsRefused()
    {
        AdoptedManifest entry = new() { AdoptedAt = default, FileName = "a.json", Sha256 = new string('0', 64), Source = ManifestSource.Published };
        DirectoryInfo directory = Directory.CreateTempSubdirectory("privatemode-finder-");
        try
        {
            File.WriteAllText(Path.Combine(directory.FullName, "a.json"), "{}");
            ManifestLog log = ManifestLog.Read(Path.Combine(directory.FullName, "empty"));
            ToolException exception = Assert.Throws<ToolException>(() => ManifestFinder.FromEntry(directory.FullName, entry, log));
            Assert.Contains("has changed", exception.Message, StringComparison.Ordinal);
            string digest = Convert.ToHexStringLower(SHA256.HashData("{}"u8));
            entry = new() { AdoptedAt = default, FileName = "a.json", Sha256 = digest, Source = ManifestSource.Published };
            Assert.Equal("{}"u8.ToArray(), ManifestFinder.FromEntry(directory.FullName, entry, log).Bytes);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Raw_IsEveryByteOfTheFile()
    {
        string file = WriteManifest("a.json");

        (int exitCode, string text, _) = await _run.InvokeAsync("manifest", "show", file, "--raw");

        Assert.Equal((0, ""), (exitCode, text));
        Assert.Equal(_deployment.Evidence.Manifest.ToArray(), _run.Console.OutputBytes.ToArray());
    }

    [Fact]
    public async Task Json_HasTheManifestAndWhetherItIsProved()
    {
        string file = WriteManifest("a.json");

        (_, string text, _) = await _run.InvokeAsync("manifest", "show", file, "--json");

        JsonElement json = JsonDocument.Parse(text).RootElement;
        Assert.Equal(["schema", "sha256", "size", "source", "proved", "manifest"], json.EnumerateObject().Select(member => member.Name));
        Assert.False(json.GetProperty("proved").GetBoolean());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(_deployment.Evidence.Manifest.Span)), json.GetProperty("sha256").GetString());
    }

    [Fact]
    public async Task Diff_HasTheExitCodesOfDiff()
    {
        string before = WriteManifest("a.json");
        _deployment.Evidence.ChangeManifest();
        string after = WriteManifest("b.json");
        string spaced = _run.WriteFile("c.json", File.ReadAllText(before) + "\n");

        (int equal, string nothing, _) = await _run.InvokeAsync("manifest", "diff", before, before);
        (int different, string text, _) = await _run.InvokeAsync("manifest", "diff", before, after);
        (int space, string sameMembers, _) = await _run.InvokeAsync("manifest", "diff", before, spaced);
        (int unreadable, _, string error) = await _run.InvokeAsync("manifest", "diff", before, _run.WriteFile("d.json", "{}"));

        Assert.Equal((0, 1, 1, 2), (equal, different, space, unreadable));
        Assert.Equal(2, nothing.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Matches("(?m)^  [-+~] ", text);
        Assert.Contains("Only white space or the order of members differs.", sameMembers, StringComparison.Ordinal);
        Assert.StartsWith("Error: This is not a manifest that can be compared: ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing.json", "\"missing.json\" is not 'published', 'adopted', a digest of the log, or a file that can be read: the file does not exist.")]
    [InlineData("adopted", "No manifest was adopted in ")]
    [InlineData("0123456789abcdef", "No adopted manifest has a digest that begins with \"0123456789abcdef\".")]
    public async Task UnknownSource_IsOneLine(string source, string expected)
    {
        (int exitCode, _, string error) = await _run.InvokeAsync("manifest", "show", source);

        Assert.Equal(2, exitCode);
        Assert.StartsWith($"Error: {expected}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManifestInSavedEvidence_IsFoundAndNotCalledVerified()
    {
        _ = await _run.InvokeAsync("verify", "--save", "evidence.json");

        (int exitCode, string text, _) = await _run.InvokeAsync("manifest", "show", "evidence.json");

        Assert.Equal(0, exitCode);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(_deployment.Evidence.Manifest.Span)), text, StringComparison.Ordinal);
        Assert.Contains("as the evidence file says; not verified", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pin_VerifiesAndPrintsTheSettings()
    {
        string file = WriteManifest("a.json");
        string digest = Convert.ToHexStringLower(SHA256.HashData(_deployment.Evidence.Manifest.Span));

        (int exitCode, string text, _) = await _run.InvokeAsync("manifest", "pin", file, "--yes", "--out", "pinned.json");

        Assert.Equal(0, exitCode);
        Assert.Contains($"--manifest {digest}", text, StringComparison.Ordinal);
        Assert.Contains($"Privatemode__Verification__Manifest__Sha256__0={digest}", text, StringComparison.Ordinal);
        Assert.Equal(_deployment.Evidence.Manifest.ToArray(), File.ReadAllBytes(Path.Combine(_run.WorkingDirectory, "pinned.json")));
    }

    [Fact]
    public async Task Pin_OfAnotherManifest_IsRefused()
    {
        string file = WriteManifest("a.json");
        _deployment.Evidence.ChangeManifest();

        (int exitCode, string text, _) = await _run.InvokeAsync("manifest", "pin", file, "--yes", "--out", "pinned.json");

        Assert.Equal((3, "REFUSED"), (exitCode, text.Split('\n')[0]));
        Assert.False(File.Exists(Path.Combine(_run.WorkingDirectory, "pinned.json")));
    }

    [Fact]
    public async Task Pin_AsksAPerson()
    {
        string file = WriteManifest("a.json");
        (int without, _, string error) = await _run.InvokeAsync("manifest", "pin", file);
        _run.Console.IsInputTerminal = true;
        _run.Console.In = new StringReader("n\n");
        (int no, _, _) = await _run.InvokeAsync("manifest", "pin", file);
        _run.Console.In = new StringReader("y\n");
        (int yes, string text, _) = await _run.InvokeAsync("manifest", "pin", file);

        Assert.Equal((2, "Error: manifest pin asks for confirmation, but stdin is not a terminal. Use --yes.\n"), (without, error));
        Assert.Equal((1, 0), (no, yes));
        Assert.Contains("appsettings.json:", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pin_EndsWithTheFirstCtrlC()
    {
        WaitingInput input = new();
        string file = WriteManifest("a.json");
        _run.Console.IsInputTerminal = true;
        _run.Console.In = input.AsText();
        Task<(int ExitCode, string Out, string Error)> command = Task.Run(() => _run.InvokeAsync("manifest", "pin", file));
        await input.Reading.OrTimeout();

        try
        {
            Assert.True(_run.Termination.Raise(PosixSignal.SIGINT));
            Assert.Equal(130, (await command.OrTimeout()).ExitCode);
        }
        finally
        {
            input.End();
        }
    }

    /// <summary>The workspace of a demo is new: without its own manifest in it, nothing could be compared or listed.</summary>
    [Fact]
    public async Task Demo_AdoptsItsManifestFirst()
    {
        (int equal, string difference, string notices) = await _run.InvokeAsync("manifest", "diff", "adopted", "--demo");
        (int listed, string log, string error) = await _run.InvokeAsync("manifest", "log", "--demo");
        (int shown, string text, _) = await _run.InvokeAsync("manifest", "show", "--demo");

        Assert.Equal((0, 0, 0), (equal, listed, shown));
        Assert.Matches(@"^- [0-9a-f]{64} \(adopted [^)]+\)\n\+ [0-9a-f]{64} \(demo\)\n$", difference);
        Assert.Equal(2, notices.Split("Demo: the deployment runs inside this process").Length);
        Assert.Matches("^1\t[^\t]+Z\t[0-9a-f]{64}\t", log);
        Assert.Contains("These manifests were adopted with test roots. They prove nothing.", error, StringComparison.Ordinal);
        Assert.DoesNotContain(new string('0', 64), error, StringComparison.Ordinal);
        Assert.Matches("adopted [^;]+; not verified", text);
    }

    [Fact]
    public async Task Log_WithoutEntries_SaysSo()
    {
        (int exitCode, string text, string error) = await _run.InvokeAsync("manifest", "log");

        Assert.Equal((0, ""), (exitCode, text));
        Assert.Equal("No manifest was adopted in this workspace yet. 'privatemode verify' adopts the published one.\n", error);
    }

    [Fact]
    public async Task Raw_WithBytesThatChangeATerminal_IsNotWrittenToOne()
    {
        string file = _run.WriteFile("a.json", "{\u001b[2J}");
        _run.Console.IsOutputTerminal = true;
        (int terminal, _, string error) = await _run.InvokeAsync("manifest", "show", file, "--raw");
        _run.Console.IsOutputTerminal = false;
        (int pipe, _, _) = await _run.InvokeAsync("manifest", "show", file, "--raw");

        Assert.Equal((2, 0), (terminal, pipe));
        Assert.Contains("can change what this terminal shows", error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(file), _run.Console.OutputBytes.ToArray());
    }

    [Fact]
    public async Task Log_ListsWhatWasAdoptedAndWhatTheVendorsProxyWrote()
    {
        string workspace = Path.Combine(_run.WorkingDirectory, "w");
        _ = Directory.CreateDirectory(Path.Combine(workspace, "manifests"));
        File.WriteAllBytes(Path.Combine(workspace, "manifests", "1.json"), _deployment.Evidence.Manifest.ToArray());
        File.WriteAllText(
            Path.Combine(workspace, "manifests", "log.txt"),
            "2026-11-01T00:00:00Z /other/place/1.json\n2026-11-02T00:00:00Z /other/place/2.json\n");

        (int exitCode, string text, _) = await _run.InvokeAsync("manifest", "log", "--workspace", "w", "--json");

        JsonElement json = JsonDocument.Parse(text).RootElement;
        Assert.Equal(0, exitCode);
        Assert.Equal(JsonValueKind.Null, json.GetProperty("head").ValueKind);
        Assert.Equal(
            [Convert.ToHexStringLower(SHA256.HashData(_deployment.Evidence.Manifest.Span)), null],
            json.GetProperty("privatemodeProxy").EnumerateArray().Select(line => line.GetProperty("sha256").GetString()));
    }

    /// <summary>An auditor reads the log of an application, which is not a workspace of the tool.</summary>
    [Fact]
    public async Task LogDirectory_OfAnApplication_IsListedShownAndCompared()
    {
        (string first, string second) = await AdoptTwoAsync("app-log");

        (int listed, string log, _) = await _run.InvokeAsync("manifest", "log", "--log-directory", "app-log");
        (int shown, string text, _) = await _run.InvokeAsync("manifest", "show", first[..8], "--log-directory", "app-log");
        (int different, string difference, _) = await _run.InvokeAsync("manifest", "diff", first, "adopted", "--log-directory", "app-log");

        Assert.Equal((0, 0, 1), (listed, shown, different));
        Assert.Equal([first, second], log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')[2]));
        Assert.StartsWith($"manifest {first}\n", text, StringComparison.Ordinal);
        Assert.Contains("with test roots; not verified", text, StringComparison.Ordinal);
        Assert.Contains($"+ {second} (adopted ", difference, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_KeptElsewhere_IsRefusedIfEntriesWereRemoved()
    {
        await AdoptTwoAsync("app-log");
        string path = Path.Combine(_run.WorkingDirectory, "app-log", "log.txt");
        string[] lines = File.ReadAllLines(path);
        string first = lines[0][^64..], last = lines[1][^64..];
        string[] command = ["manifest", "log", "--log-directory", "app-log", "--head"];

        (int kept, _, string note) = await _run.InvokeAsync([.. command, first.ToUpperInvariant()]);
        File.WriteAllText(path, lines[0] + "\n");
        (int removed, string text, string error) = await _run.InvokeAsync([.. command, last]);
        (int json, string output, _) = await _run.InvokeAsync([.. command, last, "--json"]);
        (int wrong, _, _) = await _run.InvokeAsync([.. command, "12"]);

        Assert.Equal((0, 3, 3, 2), (kept, removed, json, wrong));
        Assert.Contains($"The log contains the head {first}.", note, StringComparison.Ordinal);
        Assert.Equal("", text);
        Assert.StartsWith($"Error: The log does not contain the head {last}: entries were removed or replaced.", error, StringComparison.Ordinal);
        Assert.Contains("\"type\":\"manifest-log\"", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--log-directory")]
    [InlineData("--workspace")]
    public async Task Log_OfAPlaceWithoutALog_IsAnError(string flag)
    {
        (int exitCode, string text, string error) = await _run.InvokeAsync("manifest", "log", flag, "nowhere");

        Assert.Equal((2, ""), (exitCode, text));
        Assert.Contains("nowhere", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LogDirectory_WithTheLogOfATestDeploymentOnly_SaysWhereThatIs()
    {
        await AdoptTwoAsync(Path.Combine("app-log", ManifestLog.InsecureLoopbackDirectoryName));

        (int exitCode, _, string error) = await _run.InvokeAsync("manifest", "log", "--log-directory", "app-log");
        (int both, _, _) = await _run.InvokeAsync("manifest", "log", "--log-directory", "app-log", "--workspace", "w");

        Assert.Equal((2, 2), (exitCode, both));
        Assert.Contains(ManifestLog.InsecureLoopbackDirectoryName, error, StringComparison.Ordinal);
    }

    /// <summary>An application adopts two manifests. Its log is then in this directory.</summary>
    private async Task<(string First, string Second)> AdoptTwoAsync(string directory)
    {
        string application = Path.Combine(_run.WorkingDirectory, "application");
        string[] digests = new string[2];
        for (int i = 0; i < digests.Length; i++)
        {
            await using PrivatemodeClient client = _deployment.CreateClient(options => options.Verification.Manifest = ManifestPolicy.Latest(application));
            digests[i] = (await client.VerifyAsync()).ManifestSha256;
            _deployment.Evidence.ChangeManifest();
        }

        string target = Path.Combine(_run.WorkingDirectory, directory);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        Directory.Move(Path.Combine(application, ManifestLog.InsecureLoopbackDirectoryName), target);
        return (digests[0], digests[1]);
    }

    private string WriteManifest(string name)
    {
        string path = Path.Combine(_run.WorkingDirectory, name);
        File.WriteAllBytes(path, _deployment.Evidence.Manifest.ToArray());
        return path;
    }
}
