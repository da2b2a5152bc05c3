using System.Security.Cryptography;
using Privatemode.AI;
using Privatemode.AI.Testing;
using Privatemode.Tool.Proxy;

namespace Privatemode.Tool.Tests.Proxy;

/// <summary>The mirror of the log, read back as privatemode-proxy reads it: one line for each manifest, and a file for each line.</summary>
public sealed class PrivatemodeProxyManifestLogTests : IAsyncLifetime
{
    private readonly DirectoryInfo _workspace = Directory.CreateTempSubdirectory("privatemode-mirror-");
    private PrivatemodeTestDeployment _deployment = null!;

    private string Mirror => Path.Combine(_workspace.FullName, "manifests");

    private string LogDirectory => Path.Combine(Mirror, "verified");

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync();

    public async Task DisposeAsync()
    {
        await _deployment.DisposeAsync();
        _workspace.Delete(recursive: true);
    }

    [Fact]
    public async Task EachAdoption_IsALineAndAFile()
    {
        string[] adopted = [await AdoptAsync(), await AdoptAsync(), await AdoptAsync()];

        await UpdateAsync();
        await UpdateAsync();

        Assert.Equal(adopted, ReadAsPrivatemodeProxy());
        string[] lines = await File.ReadAllLinesAsync(Path.Combine(Mirror, "log.txt"));
        Assert.All(lines, line => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /.*/manifests/\d\.json$", line));
        Assert.Empty(Directory.GetFiles(Mirror, "*.tmp"));
    }

    [Fact]
    public async Task DirectoryOfPrivatemodeProxy_IsContinued()
    {
        string first = await AdoptAsync();
        _ = Directory.CreateDirectory(Mirror);
        byte[] manifest = await File.ReadAllBytesAsync(Path.Combine(LogDirectory, "1.json"));
        await File.WriteAllBytesAsync(Path.Combine(Mirror, "1.json"), manifest);
        await File.WriteAllBytesAsync(Path.Combine(Mirror, "2.json"), manifest);

        // As in a container, where the workspace had another path; and its writer was killed before the end of the line.
        await File.WriteAllTextAsync(
            Path.Combine(Mirror, "log.txt"), "2026-05-01T10:00:00Z /app/manifests/1.json\n2026-05-01T10:05:00Z /app/manifests/2.json");
        string second = await AdoptAsync();

        await UpdateAsync();

        Assert.Equal([first, first, second], ReadAsPrivatemodeProxy());
    }

    [Fact]
    public async Task KilledWriter_LosesNothing()
    {
        string[] adopted = [await AdoptAsync(), await AdoptAsync()];
        _ = Directory.CreateDirectory(Mirror);

        // Killed after each step of the first manifest: log.txt, the temporary file, the file without its line.
        await File.WriteAllTextAsync(Path.Combine(Mirror, "log.txt"), "");
        await File.WriteAllTextAsync(Path.Combine(Mirror, "1.json.tmp"), "{");
        await File.WriteAllTextAsync(Path.Combine(Mirror, "1.json"), "cut");

        await UpdateAsync();

        Assert.Equal(adopted, ReadAsPrivatemodeProxy());
    }

    [Fact]
    public async Task ReturnToAnEarlierManifest_IsALineOfItsOwn()
    {
        string first = await AdoptAsync();
        await UpdateAsync();
        string second = await AdoptAsync();
        await UpdateAsync();

        // The authoritative log has a third line for the first manifest; the chain is that of the library.
        await File.WriteAllTextAsync(Path.Combine(LogDirectory, "log.txt"), ThreeLines(await File.ReadAllLinesAsync(Path.Combine(LogDirectory, "log.txt"))));
        await UpdateAsync();

        Assert.Equal([first, second, first], ReadAsPrivatemodeProxy());
    }

    /// <summary>privatemode-proxy does not start then. Writing a new list would hide that the old one was removed, and overwrite its manifests.</summary>
    [Fact]
    public async Task LostList_IsNotReplaced()
    {
        _ = await AdoptAsync();
        _ = Directory.CreateDirectory(Mirror);
        File.WriteAllText(Path.Combine(Mirror, "1.json"), "of privatemode-proxy");

        IOException exception = await Assert.ThrowsAsync<IOException>(UpdateAsync);

        Assert.Contains("log.txt is missing", exception.Message, StringComparison.Ordinal);
        Assert.Equal("of privatemode-proxy", File.ReadAllText(Path.Combine(Mirror, "1.json")));
        Assert.False(File.Exists(Path.Combine(Mirror, "log.txt")));
    }

    [Fact]
    public async Task WithoutAdoption_NothingIsWritten()
    {
        await UpdateAsync();

        Assert.False(Directory.Exists(Mirror));
    }

    private async Task UpdateAsync()
    {
        // The deployment is a test deployment, whose log is marked and elsewhere.
        await using PrivatemodeProxyManifestLog mirror = new(Mirror, LogDirectory, TimeProvider.System);
        await mirror.UpdateAsync();
    }

    /// <summary>Adopts the next manifest, and copies the log to where that of production is.</summary>
    private async Task<string> AdoptAsync()
    {
        string directory = Path.Combine(_workspace.FullName, "adopted");
        if (Directory.Exists(directory))
        {
            _deployment.Evidence.ChangeManifest();
        }

        await using (PrivatemodeClient client = _deployment.CreateClient(options => options.Verification.Manifest = ManifestPolicy.Latest(directory)))
        {
            await client.ConnectAsync();
        }

        string marked = Path.Combine(directory, ManifestLog.InsecureLoopbackDirectoryName);
        _ = Directory.CreateDirectory(LogDirectory);
        foreach (string file in Directory.GetFiles(marked))
        {
            File.Copy(file, Path.Combine(LogDirectory, Path.GetFileName(file)), overwrite: true);
        }

        return ManifestLog.Read(LogDirectory).Entries[^1].Sha256;
    }

    /// <summary>Reads the mirror as <c>privatemode-proxy</c> does, and returns the digest of the file of each line.</summary>
    private List<string> ReadAsPrivatemodeProxy()
    {
        string[] lines = File.ReadAllText(Path.Combine(Mirror, "log.txt")).Split('\n')[..^1];
        List<string> digests = [];
        foreach ((int index, string line) in lines.Index())
        {
            string file = Path.Combine(Mirror, Path.GetFileName(line.Split(' ')[1]));
            Assert.Equal($"{index + 1}.json", Path.GetFileName(file));
            digests.Add(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))));
        }

        return digests;
    }

    private static string ThreeLines(string[] lines)
    {
        byte[] chain = Convert.FromHexString(lines[1].Split("chain:")[1]);
        string record = lines[0][..lines[0].LastIndexOf(' ')];
        byte[] next = SHA256.HashData([.. chain, .. System.Text.Encoding.UTF8.GetBytes(record)]);
        return string.Concat(lines.Append($"{record} chain:{Convert.ToHexStringLower(next)}").Select(line => $"{line}\n"));
    }
}
