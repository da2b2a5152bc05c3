using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Testing;
using Privatemode.Tool.Tests.Fakes;
using Privatemode.Tool.Verity;

namespace Privatemode.Tool.Tests.Verity;

public sealed class VerityCommandTests : IAsyncLifetime
{
    // Two blocks of 4,096 zero bytes with the salt 00: `veritysetup format --salt=00 --uuid=00000000-0000-0000-0000-000000000000 image tree`.
    private const string ZerosRootHash = "5a3ffc73d6351ee7fe12d102a691070df84fb561619c43af6a1af8c887904f88";

    private readonly ToolRun _run = new();

    public Task InitializeAsync()
    {
        File.WriteAllBytes(Path.Combine(_run.WorkingDirectory, "image"), new byte[8192]);
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _run.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task WithoutExpectation_TheRootHashIsOnlyComputed()
    {
        (int exitCode, string text, _) = await _run.InvokeAsync("verity", "image", "--hash-offset", "8192", "--json");

        JsonElement json = JsonDocument.Parse(text).RootElement;
        Assert.Equal((0, "computed", ZerosRootHash), (exitCode, json.GetProperty("verdict").GetString(), json.GetProperty("rootHash").GetString()));
        Assert.Equal((2, 4096, "00"), (
            json.GetProperty("dataBlocks").GetInt32(), json.GetProperty("dataBlockSize").GetInt32(), json.GetProperty("saltHex").GetString()));
    }

    [Theory]
    [InlineData(ZerosRootHash, 0, "EQUAL to --root-hash")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 3, "DIFFERENT from --root-hash")]
    public async Task GivenRootHash_DecidesTheExitCode(string rootHash, int expected, string line)
    {
        (int exitCode, string text, _) = await _run.InvokeAsync("verity", "image", "--hash-offset", "8192", "--root-hash", rootHash);

        Assert.Equal(expected, exitCode);
        Assert.Contains(line, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "EQUAL", "--name", "model-b")]
    [InlineData(3, "DIFFERENT", "--name", "model-a")]
    [InlineData(2, "", "--name", "model-c")]
    [InlineData(2, "")]
    public async Task ListOfModels_HasTheRootHash(int expected, string line, params string[] args)
    {
        _ = _run.WriteFile("models.yaml", $$"""
            models:
              model-a: |-
                { "root_hash": "{{new string('1', 64)}}" }
              model-b: |-
                {
                  "file_hash_sha256": "{{new string('2', 64)}}",
                  "root_hash": "{{ZerosRootHash}}"
                }
            """);

        (int exitCode, string text, _) = await _run.InvokeAsync(["verity", "image", "--hash-offset", "8192", "--models", "models.yaml", .. args]);

        Assert.Equal(expected, exitCode);
        Assert.Contains(line, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("This is not an EROFS image. Use --hash-offset.", "image")]
    [InlineData("\"missing\" cannot be read: the file does not exist.", "missing")]
    [InlineData("--hash-offset: \"-1\" is not a number of bytes.", "image", "--hash-offset=-1")]
    [InlineData("--root-hash: \"xyz\" is not 64 hexadecimal digits.", "image", "--root-hash", "xyz")]
    [InlineData("--deployed cannot be combined with --evidence.", "image", "--deployed", "--evidence", "x")]
    [InlineData("--evidence needs --manifest, and cannot be combined with --demo: say which manifest you expect.", "image", "--evidence", "x")]
    public async Task WrongFlags_AreOneLine(string expected, params string[] args)
    {
        (int exitCode, _, string error) = await _run.InvokeAsync(["verity", .. args]);

        Assert.Equal((2, $"Error: {expected}\n"), (exitCode, error));
    }

    [Fact]
    public async Task PartOfTheFileSystemOutsideTheTree_IsRefused()
    {
        byte[] image = new byte[3 * 4096];
        new byte[] { 0xE2, 0xE1, 0xF5, 0xE0 }.CopyTo(image, 1024);
        image[1024 + 12] = 12;
        image[1024 + 0x24] = 3;
        File.WriteAllBytes(Path.Combine(_run.WorkingDirectory, "erofs"), image);

        (int exitCode, _, string error) = await _run.InvokeAsync("verity", "erofs", "--hash-offset", "8192");

        Assert.Equal(3, exitCode);
        Assert.Contains("covers only 8192 of 12288 bytes", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deployment_WhosePoliciesDoNotNameTheHash_IsDifferent()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        _run.ConfigureClient = deployment.ConfigureClient;
        _run.SetVariable("PRIVATEMODE_API_KEY", deployment.ApiKey);

        (int exitCode, string text, _) = await _run.InvokeAsync("verity", "image", "--hash-offset", "8192", "--deployed");

        Assert.Equal(3, exitCode);
        Assert.Contains("NOT DEPLOYED", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deployment_ThatIsNotVerified_IsRefused()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        deployment.Evidence.Defect = EvidenceDefect.SnpWrongMeasurement;
        _run.ConfigureClient = deployment.ConfigureClient;
        _run.SetVariable("PRIVATEMODE_API_KEY", deployment.ApiKey);

        (int exitCode, string text, _) = await _run.InvokeAsync("verity", "image", "--hash-offset", "8192", "--deployed");

        Assert.Equal((3, ""), (exitCode, text));
    }

    /// <summary>Only a policy whose digest the verified manifest lists counts, and only the whole hash.</summary>
    [Theory]
    [InlineData("args: [ROOT]", true, true, true)]
    [InlineData("args: [ROOT]", false, false, false)]
    [InlineData("args: [aROOT]", true, true, false)]
    [InlineData("args: [ROOT0]", true, true, false)]
    [InlineData("ROOT", true, true, true)]
    public void Policies_AreSearched(string policy, bool isListed, bool isKnown, bool isFound)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(policy.Replace("ROOT", ZerosRootHash, StringComparison.Ordinal));
        string digest = isListed ? Convert.ToHexStringLower(SHA256.HashData(bytes)) : new string('0', 64);
        byte[] manifest = Encoding.UTF8.GetBytes("{\"Policies\":{\"" + digest + "\":{\"WorkloadSecretID\":\"w\"}}}");
        byte[] document = Encoding.UTF8.GetBytes(
            $$"""{"manifests":["{{Convert.ToBase64String(manifest)}}"],"policies":["?",7,null,"{{Convert.ToBase64String(bytes)}}"]}""");
        byte[] evidence = Encoding.UTF8.GetBytes($$"""{"document":"{{Convert.ToBase64String(document)}}"}""");

        NamingPolicy? found = RootHashes.Search(evidence, manifest, ZerosRootHash, out bool known);

        Assert.Equal((isKnown, isFound ? new NamingPolicy(digest, "w") : null), (known, found));
    }
}
