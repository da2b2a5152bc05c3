using System.Net;
using System.Security.Cryptography;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.IntegrationTests.Canary;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>Who decides about manifests, and what is remembered of it.</summary>
public sealed class ManifestPolicyEvaluatorTests : IDisposable
{
    private static readonly DateTimeOffset Day = new(2026, 5, 4, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] First = new IssuedEvidence(new EvidenceSettings(), Day).Manifest;
    private static readonly byte[] Second = new IssuedEvidence(new EvidenceSettings { Revision = 7 }, Day).Manifest;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-evaluator-");
    private readonly ManualTimeProvider _time = new(Day);
    private readonly FakeHandler _handler = new();
    private readonly HttpClient _http;

    public ManifestPolicyEvaluatorTests()
    {
        _http = new HttpClient(_handler);
        Publish(First);
    }

    public void Dispose()
    {
        _http.Dispose();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Adopt_Latest_FollowsThePublisherAndRecords(bool async)
    {
        ManifestPolicyEvaluator evaluator = Evaluator(ManifestPolicy.Latest(_directory.FullName));
        Assert.True(evaluator.FollowsThePublisher);
        ManifestDecision first = await ProveAsync(evaluator, async);
        _time.Advance(TimeSpan.FromHours(1));
        ManifestDecision again = await ProveAsync(evaluator, async);
        Publish(Second);
        ManifestDecision second = await ProveAsync(evaluator, async);
        Assert.Equal((ManifestSource.Published, Day), (first.Source, first.AdoptedAt));
        Assert.Equal(Day, again.AdoptedAt);
        Assert.Equal(Day.AddHours(1), second.AdoptedAt);
        Assert.Equal([Digest(First), Digest(Second)], ManifestLog.Read(_directory.FullName).Entries.Select(entry => entry.Sha256));
        Assert.StartsWith("?t=", _handler.Requests[0].RequestUri!.Query, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Adopt_PublisherIsUnreachable_LastAdoptedManifestStaysValid(bool async)
    {
        ManifestPolicyEvaluator evaluator = Evaluator(ManifestPolicy.Latest());
        _handler.Answer = _ => new HttpResponseMessage(HttpStatusCode.NotFound);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => evaluator.ExpectAsync(async, default).AsTask());
        Publish(First);
        _ = await ProveAsync(evaluator, async);
        _handler.Answer = _ => new HttpResponseMessage(HttpStatusCode.NotFound);
        _time.Advance(TimeSpan.FromDays(3));
        ManifestDecision last = await ProveAsync(evaluator, async);
        Assert.Equal((ManifestSource.LastAdopted, Day), (last.Source, last.AdoptedAt));
        Assert.Null(await evaluator.HasChangedAsync(Digest(Second), async, default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("<html>please log in</html>")]
    public async Task Adopt_PublisherReturnsInvalidData_LastAdoptedManifestStaysValidAndNothingIsRecorded(string published)
    {
        ManifestPolicyEvaluator evaluator = Evaluator(ManifestPolicy.Latest(_directory.FullName));
        Publish(System.Text.Encoding.UTF8.GetBytes(published));
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => evaluator.ExpectAsync(async: true, default).AsTask());
        Assert.Empty(ManifestLog.Read(_directory.FullName).Entries);

        Publish(First);
        _ = await ProveAsync(evaluator, async: true);
        Publish(System.Text.Encoding.UTF8.GetBytes(published));
        _time.Advance(TimeSpan.FromDays(3));
        ExpectedManifest last = await evaluator.ExpectAsync(async: true, default);
        ManifestDecision grounds = await evaluator.AdoptAsync(last, last.Manifest!, async: true, default);
        Assert.Equal((ManifestSource.LastAdopted, Day), (grounds.Source, grounds.AdoptedAt));
        Assert.Equal(First, last.Manifest!.Raw.ToArray());
        Assert.NotNull(last.Refused);
        Assert.Null(await evaluator.HasChangedAsync(Digest(First), async: true, default));
        Assert.Single(ManifestLog.Read(_directory.FullName).Entries);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Adopt_Approve_AsksAboutEachNewOneOnce(bool async)
    {
        List<ManifestUpdate> asked = [];
        bool answer = true;
        ManifestPolicy policy = ManifestPolicy.RequireApproval(
            async (update, cancellationToken) =>
            {
                await Task.Yield();
                asked.Add(update);
                return answer;
            },
            _directory.FullName);
        Assert.Equal(ManifestSource.Approved, (await ProveAsync(Evaluator(policy), async)).Source);
        Assert.Equal(ManifestSource.Approved, (await ProveAsync(Evaluator(policy), async)).Source);
        (string? before, string after) = (Assert.Single(asked).CurrentSha256, asked[0].NewSha256);
        Assert.Equal((null, Digest(First)), (before, after));
        Assert.Equal(First, asked[0].NewManifest.ToArray());
        Assert.Null(asked[0].CurrentManifest);
        Assert.True(asked[0] is { IsDeployed: true, HasOmittedChanges: false, PreviouslyAdoptedAt: null });
        Assert.StartsWith($"manifest (none) -> {Digest(First)}\n", asked[0].ToString(), StringComparison.Ordinal);

        Publish(Second);
        answer = false;
        for (int i = 0; i < 3; i++)
        {
            PrivatemodeVerificationException refused =
                await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => ProveAsync(Evaluator(policy), async));
            Assert.Equal((ManifestPolicyEvaluator.ApprovalCheck, Digest(First), Digest(Second)), (refused.ErrorType, refused.Expected, refused.Found));
            Assert.Contains($"delete \"{DecisionsPath}\"", refused.Message, StringComparison.Ordinal);
            Assert.Equal(2, asked.Count);
        }

        Assert.Equal(Digest(First), asked[1].CurrentSha256);
        Assert.Equal(First, asked[1].CurrentManifest!.Value.ToArray());
        Assert.NotEmpty(asked[1].Changes);
        Assert.Single(ManifestLog.Read(_directory.FullName).Entries);

        // The way to decide anew that the exception names.
        File.Delete(DecisionsPath);
        answer = true;
        Assert.Equal(ManifestSource.Approved, (await ProveAsync(Evaluator(policy), async)).Source);
        Assert.Equal(3, asked.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Expect_DecisionsAreDamaged_IsLoggedAndAsksAgain(bool async)
    {
        int asked = 0;
        ManifestPolicy policy = ManifestPolicy.RequireApproval(
            (_, _) =>
            {
                asked++;
                return ValueTask.FromResult(false);
            },
            _directory.FullName);
        Publish(First);
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => ProveAsync(Evaluator(policy), async));
        await File.WriteAllTextAsync(DecisionsPath, "damaged");
        CapturingLoggerFactory logs = new();
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => ProveAsync(Evaluator(policy, logs: logs), async));
        Assert.Equal(2, asked);
        Assert.Single(logs.Lines, line => line.Contains("Warning DecisionsIgnored", StringComparison.Ordinal));
    }

    // What was adopted without asking is neither approved nor a fallback for somebody who approves.
    [Fact]
    public async Task Adopt_LogOfAnotherPolicy_OnlyApprovedEntriesCount()
    {
        _ = await ProveAsync(Evaluator(ManifestPolicy.Latest(_directory.FullName)), async: true);
        List<ManifestUpdate> asked = [];
        ManifestPolicy policy = ManifestPolicy.RequireApproval(
            (update, _) =>
            {
                asked.Add(update);
                return new(true);
            },
            _directory.FullName);
        _handler.Answer = _ => new HttpResponseMessage(HttpStatusCode.NotFound);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => Evaluator(policy).ExpectAsync(async: true, default).AsTask());
        Publish(First);
        _ = await ProveAsync(Evaluator(policy), async: true);
        Assert.Null(Assert.Single(asked).CurrentSha256);
        Assert.Equal(
            [ManifestSource.Published, ManifestSource.Approved], ManifestLog.Read(_directory.FullName).Entries.Select(entry => entry.Source));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Adopt_DifferenceCannotBeShown_IsRefusedUnlessAskedOtherwise(bool asksAllTheSame)
    {
        List<ManifestUpdate> asked = [];
        ManifestPolicy policy = ManifestPolicy.RequireApproval(
            (update, _) =>
            {
                asked.Add(update);
                return new(true);
            },
            _directory.FullName,
            asksAllTheSame);
        _ = await ProveAsync(Evaluator(policy), async: true);
        string junk = string.Concat(Enumerable.Range(0, 1_300).Select(
            i => $"\"{i:x64}\": {{\"SANs\": [\"{new string('n', 200)}\"], \"WorkloadSecretID\": \"a\"}}, "));
        string text = System.Text.Encoding.UTF8.GetString(First);
        int policies = text.IndexOf('{', text.IndexOf("\"Policies\"", StringComparison.Ordinal)) + 1;
        byte[] heap = System.Text.Encoding.UTF8.GetBytes(text.Insert(policies, junk));
        Publish(heap);
        ManifestDecision? grounds = null;
        Exception? exception = await Record.ExceptionAsync(async () => grounds = await ProveAsync(Evaluator(policy), async: true));
        if (asksAllTheSame)
        {
            Assert.Null(exception);
            Assert.True(asked[1].HasOmittedChanges);
        }
        else
        {
            Assert.Equal(ManifestPolicyEvaluator.ApprovalCheck, Assert.IsType<PrivatemodeVerificationException>(exception).ErrorType);
            Assert.Single(asked);
        }

        Assert.Equal(asksAllTheSame ? 2 : 1, ManifestLog.Read(_directory.FullName).Entries.Count);
    }

    // A manifest that is on no record is not used: somebody else's entry stands where the log was.
    [Fact]
    public async Task Adopt_RecordingFails_TheManifestIsNotUsed()
    {
        ManifestPolicyEvaluator evaluator = Evaluator(ManifestPolicy.Latest(_directory.FullName));
        ExpectedManifest expected = await evaluator.ExpectAsync(async: true, default);
        _ = Directory.CreateDirectory(Path.Combine(_directory.FullName, "log.txt"));
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(
            () => evaluator.AdoptAsync(expected, expected.Manifest!, async: true, default).AsTask());
        Assert.Equal("Verification.Manifest", exception.Setting);
        Assert.True(evaluator.IsClosed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Expect_LogOfTheOtherKindOfTrust_IsRefusedAndNotTouched(bool isTestTrust)
    {
        // A log with real roots, in the directory where a client with test roots keeps its log.
        string directory = isTestTrust ? _directory.CreateSubdirectory(ManifestLog.InsecureLoopbackDirectoryName).FullName : _directory.FullName;
        ManifestRecorder other = isTestTrust ? new(directory, _time) : new(_directory.CreateSubdirectory("tests").FullName, _time, isTestTrust: true);
        if (isTestTrust)
        {
            string elsewhere = _directory.CreateSubdirectory("elsewhere").FullName;
            new ManifestRecorder(elsewhere, _time).Record(First);
            File.Copy(Path.Combine(elsewhere, "log.txt"), Path.Combine(directory, "log.txt"));
        }
        else
        {
            other.Record(First);
            File.Copy(Path.Combine(_directory.FullName, "tests", ManifestLog.InsecureLoopbackDirectoryName, "log.txt"), Path.Combine(directory, "log.txt"));
            Assert.True(ManifestLog.Read(Path.Combine(_directory.FullName, "tests", ManifestLog.InsecureLoopbackDirectoryName)).IsInsecureLoopback);
        }

        byte[] log = File.ReadAllBytes(Path.Combine(directory, "log.txt"));
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(
            () => ProveAsync(Evaluator(ManifestPolicy.Latest(_directory.FullName), isTestTrust), async: true));
        Assert.Contains("InsecureLoopbackTrust", exception.Message, StringComparison.Ordinal);
        Assert.Equal(log, File.ReadAllBytes(Path.Combine(directory, "log.txt")));
    }

    [Fact]
    public async Task Expect_ProductionLogIsWhereTestsKeepTheirs_IsRefused()
    {
        string directory = Path.Combine(_directory.FullName, ManifestLog.InsecureLoopbackDirectoryName);
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(
            () => ProveAsync(Evaluator(ManifestPolicy.Latest(directory + Path.DirectorySeparatorChar)), async: true));
        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public async Task Expect_Pinned_FetchesNothing()
    {
        ManifestPolicyEvaluator evaluator = Evaluator(ManifestPolicy.Pinned(First));
        ExpectedManifest expected = await evaluator.ExpectAsync(async: true, default);
        Assert.Null(expected.Manifest);
        Assert.False(evaluator.FollowsThePublisher);
        Assert.Empty(_handler.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HasChanged_AnotherManifestIsPublished_IsTrue(bool async)
    {
        ManifestPolicyEvaluator evaluator = Evaluator(ManifestPolicy.Latest());
        _ = await ProveAsync(evaluator, async);
        Assert.False(await evaluator.HasChangedAsync(Digest(First), async, default));
        Assert.False(evaluator.IsClosed);
        Assert.True(await evaluator.HasChangedAsync(Digest(Second), async, default));
        Publish(Second);
        Assert.True(await evaluator.HasChangedAsync(Digest(First), async, default));
        Assert.True(evaluator.IsClosed);
    }

    [Fact]
    public void Policy_NonsenseDigests_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => ManifestPolicy.Pinned());
        Assert.Throws<ArgumentException>(() => ManifestPolicy.Pinned(new string('0', 63)));
        Assert.Throws<ArgumentException>(() => ManifestPolicy.Pinned(new string('0', 64), null!));
        Assert.Throws<ArgumentException>(() => ManifestPolicy.Pinned(new string('g', 64)));
        Assert.Throws<ArgumentNullException>(() => ManifestPolicy.Pinned((string[])null!));
        Assert.Throws<ArgumentException>(() => ManifestPolicy.Pinned(ReadOnlyMemory<byte>.Empty));
        Assert.Throws<ArgumentNullException>(() => ManifestPolicy.RequireApproval(null!));
    }

    /// <summary>As if a deployment had proved what is expected.</summary>
    private static async Task<ManifestDecision> ProveAsync(ManifestPolicyEvaluator evaluator, bool async)
    {
        ExpectedManifest expected = await evaluator.ExpectAsync(async, default);
        return await evaluator.AdoptAsync(expected, expected.Manifest!, async, default);
    }

    private ManifestPolicyEvaluator Evaluator(ManifestPolicy policy, bool isTestTrust = false, CapturingLoggerFactory? logs = null)
    {
        ManifestEndpoint published = new(new PublicDownloads(new BoundedHttpClient(_http, _time), _time), ManifestEndpoint.Production, _time);
        return new ManifestPolicyEvaluator(policy, published, new ClientEvents(logs, ManifestEndpoint.Production), _time, isTestTrust);
    }

    private string DecisionsPath => Path.Combine(_directory.FullName, PendingManifests.DecisionsFileName);

    private void Publish(byte[] manifest) => _handler.Answer = _ => new HttpResponseMessage { Content = new ByteArrayContent(manifest) };

    private static string Digest(byte[] manifest) => Convert.ToHexStringLower(SHA256.HashData(manifest));
}
