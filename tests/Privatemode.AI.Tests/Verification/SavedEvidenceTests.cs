using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Verification;

/// <summary>Whatever was changed in a file of evidence, it is refused, by our exceptions only.</summary>
public sealed class SavedEvidenceTests
{
    private const string Amd = "vcek intermediate root crl";
    private const string Intel = "tcbInfo tcbInfoChain qeIdentity qeIdentityChain pckCrl pckCrlChain rootCrl";

    [Theory]
    [InlineData(EvidenceKind.SevSnp, "amd", Amd)]
    [InlineData(EvidenceKind.Tdx, "intel", Intel)]
    public async Task Verify_AnyMemberEdited_IsRefused(EvidenceKind kind, string vendor, string members)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(kind);
        (JsonObject file, EvidenceExpectation expectation) = await SaveAsync(scene);
        Assert.Null(Refusal(file, expectation));
        foreach (string name in (string[])["nonce", "document"])
        {
            Assert.True(IsRefused(Edited(file, name), expectation), name);
            Assert.IsType<FormatException>(Refusal(Without(file, name), expectation));
        }

        foreach (string member in members.Split(' '))
        {
            JsonObject edited = Edited((JsonObject)file[vendor]!, member);
            JsonObject whole = (JsonObject)file.DeepClone();
            whole[vendor] = edited;
            Assert.True(IsRefused(whole, expectation), member);
            whole[vendor] = Without((JsonObject)file[vendor]!, member);
            Assert.IsType<FormatException>(Refusal(whole, expectation));
            ((JsonObject)whole[vendor]!)[member] = "";

            // The list of platforms counts under the quote's own CA; its chain is looked at where there is one.
            Assert.Equal(member != "pckCrlChain", IsRefused(whole, expectation));
        }

        Assert.True(IsRefused(Without(file, vendor), expectation), "no collateral");
    }

    [Theory]
    [InlineData("format", "\"privatemode-evidence-2\"")]
    [InlineData("format", "1")]
    [InlineData("nonce", "\"AAAA\"")]
    [InlineData("nonce", "\"not base64!\"")]
    [InlineData("nonce", "null")]
    [InlineData("endpoint", "\"/relative\"")]
    [InlineData("endpoint", "null")]
    [InlineData("verifiedAt", "\"yesterday\"")]
    [InlineData("verifiedAt", "5")]
    [InlineData("amd", "null")]
    [InlineData("amd", "[]")]
    [InlineData("intel", "{}")]
    [InlineData("document", "\"\\ud800\"")]
    public async Task Load_MemberOfAnotherForm_IsAFormatError(string name, string value)
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        (JsonObject file, EvidenceExpectation expectation) = await SaveAsync(scene);
        file.Remove(name);
        string text = $"{file.ToJsonString()[..^1]},\"{name}\":{value}}}";
        Assert.Throws<FormatException>(() => SavedEvidence.Load(new MemoryStream(Encoding.UTF8.GetBytes(text))));
        Assert.NotNull(expectation.Hardware);
    }

    [Fact]
    public async Task Verify_MembersOfANewerVersion_AreIgnored()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        (JsonObject file, EvidenceExpectation expectation) = await SaveAsync(scene);
        file["savedBy"] = "a newer version";
        file["arm"] = JsonNode.Parse("""{"token":"AAAA","chain":[{"der":"AAAA","deeper":{"still":[[1]]}},{"der":"BBBB"}],"isTest":false,"extra":null}""");
        file["amd"]!["caches"] = new JsonArray("one", "two");

        Assert.Null(Refusal(file, expectation));
        Assert.True(IsRefused(Edited(file, "document"), expectation));
    }

    [Theory]
    [InlineData("\"privatemode-evidence-2\"", "Update the package")]
    [InlineData("\"privatemode-evidence-1.1\"", "Update the package")]
    [InlineData("\"another-evidence-2\"", "SaveEvidenceAsync")]
    [InlineData("1", "SaveEvidenceAsync")]
    public void Load_AnotherFormat_SaysWhatToDo(string format, string advice)
    {
        string text = "{\"format\":" + format + ",\"attested\":{\"by\":[\"others\"]}}";
        FormatException exception = Assert.Throws<FormatException>(() => SavedEvidence.Load(new MemoryStream(Encoding.UTF8.GetBytes(text))));
        Assert.Contains(advice, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_EdgesOfTime_AreRefusedByOurExceptions()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        (JsonObject file, EvidenceExpectation expectation) = await SaveAsync(scene);
        SavedEvidence saved = Load(file);
        foreach (DateTimeOffset at in (DateTimeOffset[])[DateTimeOffset.MinValue, DateTimeOffset.MaxValue, DateTimeOffset.UnixEpoch])
        {
            Assert.Throws<PrivatemodeVerificationException>(() => saved.Verify(expectation, at));
        }
    }

    [Fact]
    public async Task Verify_TestRootsForEvidenceFromElsewhere_AreRefused()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        (JsonObject file, EvidenceExpectation expectation) = await SaveAsync(scene);
        foreach (Uri? endpoint in (Uri?[])[null, new Uri("https://api.privatemode.ai"), new Uri("/relative", UriKind.Relative), new Uri("file:///path")])
        {
            EvidenceExpectation elsewhere = new([.. expectation.ManifestSha256])
            {
                Endpoint = endpoint,
                InsecureLoopbackTrust = expectation.InsecureLoopbackTrust,
            };
            Assert.IsType<PrivatemodeConfigurationException>(Refusal(file, elsewhere));
        }
    }

    [Fact]
    public async Task Verify_EndpointInTheFile_IsAClaimAndDecidesNothing()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        (JsonObject file, EvidenceExpectation expectation) = await SaveAsync(scene);
        file["endpoint"] = "https://api.privatemode.ai";
        SavedEvidence saved = Load(file);

        Assert.Equal(new Uri("https://api.privatemode.ai"), saved.ClaimedEndpoint);
        Assert.Equal(scene.Deployment.Endpoint, saved.Verify(expectation, saved.ClaimedVerifiedAt).Endpoint);
    }

    [Fact]
    public async Task Verify_HardwarePolicy_IsObeyed()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync();
        (JsonObject file, EvidenceExpectation expectation) = await SaveAsync(scene);
        foreach (HardwarePolicy policy in (HardwarePolicy[])
            [
                new() { AllowedAmdProducts = [AmdProduct.Milan] },
                new() { AllowedAmdChipIds = [new string('1', 128)] },
                new() { AllowedTees = [TeeKind.Tdx] },
                new() { AllowedTees = [] },
            ])
        {
            EvidenceExpectation stricter = new([.. expectation.ManifestSha256])
            {
                Hardware = policy,
                Endpoint = expectation.Endpoint,
                InsecureLoopbackTrust = expectation.InsecureLoopbackTrust,
            };
            Assert.StartsWith("option-", Assert.IsType<PrivatemodeVerificationException>(Refusal(file, stricter)).ErrorType, StringComparison.Ordinal);
        }

        EvidenceExpectation same = new([.. expectation.ManifestSha256])
        {
            Hardware = new HardwarePolicy { AllowedAmdProducts = [AmdProduct.Genoa, AmdProduct.Milan], AllowedTees = [TeeKind.SevSnp] },
            Endpoint = expectation.Endpoint,
            InsecureLoopbackTrust = expectation.InsecureLoopbackTrust,
        };
        Assert.Null(Refusal(file, same));
    }

    [Fact]
    public async Task Load_EndlessFile_IsAFormatError()
    {
        Assert.Throws<FormatException>(() => SavedEvidence.Load(new EndlessStream()));
        await Assert.ThrowsAsync<FormatException>(() => SavedEvidence.LoadAsync(new EndlessStream()).OrTimeout());
    }

    [Theory]
    [InlineData("{\"format\":[", "0,", "0]}")]
    [InlineData("{", "\"a\":\"\",", "\"b\":0}")]
    [InlineData("{\"format\":\"privatemode-evidence-1\",\"nonce\":\"", "AAAA", "\"}")]
    [InlineData("{\"format\":\"", "A", "\"}")]
    public void Load_BodyOfARequest_IsReadWithinSixteenMegabytesAndLittleMore(string before, string repeated, string after)
    {
        const int FileLimit = 16 * 1024 * 1024;
        const int Most = 2 * FileLimit + 1024 * 1024; // the buffer, and all that it was before it grew
        byte[] body = new byte[FileLimit];
        body.AsSpan().Fill((byte)' ');
        Encoding.ASCII.GetBytes(before, body);
        int at = before.Length;
        for (; at + repeated.Length + after.Length <= body.Length; at += repeated.Length)
        {
            Encoding.ASCII.GetBytes(repeated, body.AsSpan(at));
        }

        Encoding.ASCII.GetBytes(after, body.AsSpan(at));
        long allocated = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<FormatException>(() => SavedEvidence.Load(new MemoryStream(body)));

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.True(allocated <= Most, $"{allocated} bytes for {FileLimit}");
    }

    [Fact]
    public async Task LoadAsync_BodyThatCannotBeReadSynchronously_IsRead()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(EvidenceKind.SevSnp);
        (JsonObject file, EvidenceExpectation expectation) = await SaveAsync(scene);

        SavedEvidence saved = await SavedEvidence.LoadAsync(new AsynchronousStream(Encoding.UTF8.GetBytes(file.ToJsonString()))).OrTimeout();

        Assert.Equal(Load(file).ClaimedVerifiedAt, saved.ClaimedVerifiedAt);
        Assert.Equal(Assert.Single(expectation.ManifestSha256), saved.Verify(expectation, saved.ClaimedVerifiedAt).ManifestSha256);
        await Assert.ThrowsAsync<FormatException>(() => SavedEvidence.LoadAsync(new AsynchronousStream("{}"u8.ToArray())).OrTimeout());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => SavedEvidence.LoadAsync(new AsynchronousStream([]), new CancellationToken(canceled: true)).OrTimeout());
        await Assert.ThrowsAsync<ArgumentNullException>(() => SavedEvidence.LoadAsync(null!));
    }

    private static async Task<(JsonObject File, EvidenceExpectation Expectation)> SaveAsync(DeploymentScene scene)
    {
        using PrivatemodeClient client = scene.Client();
        VerifiedDeployment proof = await client.VerifyAsync().OrTimeout();
        using MemoryStream file = new();
        await proof.SaveEvidenceAsync(file);
        EvidenceExpectation expectation = new(proof.ManifestSha256)
        {
            Endpoint = scene.Deployment.Endpoint,
            InsecureLoopbackTrust = scene.Deployment.InsecureLoopbackTrust,
        };
        return ((JsonObject)JsonNode.Parse(file.ToArray())!, expectation);
    }

    private static SavedEvidence Load(JsonObject file) => SavedEvidence.Load(new MemoryStream(Encoding.UTF8.GetBytes(file.ToJsonString())));

    private static Exception? Refusal(JsonObject file, EvidenceExpectation expectation) => Record.Exception(() =>
    {
        SavedEvidence saved = Load(file);
        _ = saved.Verify(expectation, saved.ClaimedVerifiedAt);
    });

    private static bool IsRefused(JsonObject file, EvidenceExpectation expectation) =>
        Refusal(file, expectation) is PrivatemodeVerificationException or FormatException;

    private static JsonObject Without(JsonObject file, string name)
    {
        JsonObject copy = (JsonObject)file.DeepClone();
        copy.Remove(name);
        return copy;
    }

    /// <summary>One bit in the middle of a member is another.</summary>
    private static JsonObject Edited(JsonObject file, string name)
    {
        JsonObject copy = (JsonObject)file.DeepClone();
        byte[] bytes = Convert.FromBase64String((string)copy[name]!);
        bytes[bytes.Length / 2] ^= 1;
        copy[name] = Convert.ToBase64String(bytes);
        return copy;
    }

    /// <summary>As the body of a request in ASP.NET Core.</summary>
    private sealed class AsynchronousStream(byte[] content) : MemoryStream
    {
        private readonly MemoryStream _content = new(content);

        public override int Read(Span<byte> buffer) => throw new InvalidOperationException("Synchronous operations are disallowed.");

        public override int Read(byte[] buffer, int offset, int count) => throw new InvalidOperationException("Synchronous operations are disallowed.");

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _content.ReadAsync(buffer, cancellationToken);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(buffer.Length);

        public override int Read(Span<byte> buffer) => buffer.Length;

        public override int Read(byte[] buffer, int offset, int count) => count;
    }
}
