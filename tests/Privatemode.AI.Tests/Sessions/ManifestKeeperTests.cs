using System.Net;
using System.Security.Cryptography;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Endpoints;
using Privatemode.AI.Sessions;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

/// <summary>Who decides about manifests, and what is remembered of it.</summary>
public sealed class ManifestKeeperTests : IDisposable
{
    private static readonly DateTimeOffset Day = new(2026, 5, 4, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] First = new IssuedEvidence(new EvidenceSettings(), Day).Manifest;
    private static readonly byte[] Second = new IssuedEvidence(new EvidenceSettings { Revision = 7 }, Day).Manifest;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-keeper-");
    private readonly ManualTimeProvider _time = new(Day);
    private readonly FakeHandler _handler = new();
    private readonly HttpClient _http;

    public ManifestKeeperTests()
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
    public async Task Decide_Latest_FollowsThePublisherAndRecords(bool async)
    {
        ManifestKeeper keeper = Keeper(ManifestPolicy.Latest(_directory.FullName));
        Assert.True(keeper.FollowsThePublisher);
        ExpectedManifest first = await keeper.DecideAsync(async, default);
        _time.Advance(TimeSpan.FromHours(1));
        ExpectedManifest again = await keeper.DecideAsync(async, default);
        Publish(Second);
        ExpectedManifest second = await keeper.DecideAsync(async, default);
        Assert.Equal((ManifestSource.Published, Day), (first.Source, first.AdoptedAt));
        Assert.Equal(Day, again.AdoptedAt);
        Assert.Equal(Day.AddHours(1), second.AdoptedAt);
        Assert.Equal([Digest(First), Digest(Second)], ManifestLog.Read(_directory.FullName).Entries.Select(entry => entry.Sha256));
        Assert.StartsWith("?t=", _handler.Requests[0].RequestUri!.Query, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Decide_PublisherIsAway_TheLastAdoptedCounts(bool async)
    {
        ManifestKeeper keeper = Keeper(ManifestPolicy.Latest());
        _handler.Answer = _ => new HttpResponseMessage(HttpStatusCode.NotFound);
        await Assert.ThrowsAsync<PrivatemodeServiceException>(() => keeper.DecideAsync(async, default).AsTask());
        Publish(First);
        _ = await keeper.DecideAsync(async, default);
        _handler.Answer = _ => new HttpResponseMessage(HttpStatusCode.NotFound);
        _time.Advance(TimeSpan.FromDays(3));
        ExpectedManifest last = await keeper.DecideAsync(async, default);
        Assert.Equal((ManifestSource.LastAdopted, Day), (last.Source, last.AdoptedAt));
        Assert.Null(await keeper.HasChangedAsync(SHA256.HashData(Second), async, default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("<html>please log in</html>")]
    public async Task Decide_PublisherAnswersRubbish_TheLastAdoptedCountsAndNothingIsRecorded(string published)
    {
        ManifestKeeper keeper = Keeper(ManifestPolicy.Latest(_directory.FullName));
        Publish(System.Text.Encoding.UTF8.GetBytes(published));
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => keeper.DecideAsync(async: true, default).AsTask());
        Assert.Empty(ManifestLog.Read(_directory.FullName).Entries);

        Publish(First);
        _ = await keeper.DecideAsync(async: true, default);
        Publish(System.Text.Encoding.UTF8.GetBytes(published));
        _time.Advance(TimeSpan.FromDays(3));
        ExpectedManifest last = await keeper.DecideAsync(async: true, default);
        Assert.Equal((ManifestSource.LastAdopted, Day), (last.Source, last.AdoptedAt));
        Assert.Equal(First, last.Manifest!.Raw.ToArray());
        Assert.NotNull(last.Refused);
        Assert.Null(await keeper.HasChangedAsync(SHA256.HashData(First), async: true, default));
        Assert.Single(ManifestLog.Read(_directory.FullName).Entries);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Decide_Approve_AsksAboutEachNewOneOnce(bool async)
    {
        List<ManifestUpdate> asked = [];
        bool answer = true;
        ManifestPolicy policy = ManifestPolicy.Approve(
            async (update, cancellationToken) =>
            {
                await Task.Yield();
                asked.Add(update);
                return answer;
            },
            _directory.FullName);
        Assert.Equal(ManifestSource.Approved, (await DecideAsync(policy, async)).Source);
        Assert.Equal(ManifestSource.Approved, (await DecideAsync(policy, async)).Source);
        (string? before, string after) = (Assert.Single(asked).CurrentSha256, asked[0].NewSha256);
        Assert.Equal((null, Digest(First)), (before, after));
        Assert.Equal(First, asked[0].NewManifest.ToArray());
        Assert.StartsWith($"manifest (none) -> {Digest(First)}\n", asked[0].ToString(), StringComparison.Ordinal);

        Publish(Second);
        answer = false;
        PrivatemodeVerificationException refused = await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => DecideAsync(policy, async));
        Assert.Equal((ManifestKeeper.ApprovalCheck, Digest(First), Digest(Second)), (refused.Check, refused.Expected, refused.Found));
        Assert.Equal(Digest(First), asked[1].CurrentSha256);
        Assert.NotEmpty(asked[1].Changes);
        Assert.Single(ManifestLog.Read(_directory.FullName).Entries);

        answer = true;
        Assert.Equal(Second, (await DecideAsync(policy, async)).Manifest!.Raw.ToArray());
        Assert.Equal(3, asked.Count);
    }

    [Fact]
    public async Task Decide_Pinned_FetchesNothing()
    {
        ManifestKeeper keeper = Keeper(ManifestPolicy.Pinned(First));
        ExpectedManifest expected = await keeper.DecideAsync(async: true, default);
        Assert.Null(expected.Manifest);
        Assert.False(keeper.FollowsThePublisher);
        Assert.Empty(_handler.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HasChanged_AnotherManifestIsPublished_IsTrue(bool async)
    {
        ManifestKeeper keeper = Keeper(ManifestPolicy.Latest());
        Assert.False(await keeper.HasChangedAsync(SHA256.HashData(First), async, default));
        Assert.True(await keeper.HasChangedAsync(SHA256.HashData(Second), async, default));
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
        Assert.Throws<ArgumentNullException>(() => ManifestPolicy.Approve(null!));
    }

    private Task<ExpectedManifest> DecideAsync(ManifestPolicy policy, bool async) => Keeper(policy).DecideAsync(async, default).AsTask();

    private ManifestKeeper Keeper(ManifestPolicy policy)
    {
        ManifestEndpoint published = new(new PublicDownloads(new BoundedHttp(_http, _time), _time), ManifestEndpoint.Production, _time);
        return new ManifestKeeper(policy, published, new ClientEvents(null, ManifestEndpoint.Production), _time);
    }

    private void Publish(byte[] manifest) => _handler.Answer = _ => new HttpResponseMessage { Content = new ByteArrayContent(manifest) };

    private static string Digest(byte[] manifest) => Convert.ToHexStringLower(SHA256.HashData(manifest));
}
