using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Internal;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>Manifests that were named and not adopted: little is kept of them, and none of it opens what an unproved one has closed.</summary>
public sealed class PendingManifestsTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-pending-");
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Observe_PublisherNamesThousands_KeepsTheLastInOneKibibyte()
    {
        ManifestRecorder recorder = Recorder();
        recorder.Record([1]);
        for (int i = 0; i < 300; i++)
        {
            string digest = Digest($"{i}");
            recorder.Observe(digest);
            if (i % 2 == 0)
            {
                _ = recorder.ChangeAsync(pending => pending.Decide(digest, PendingState.Refused, _time.GetUtcNow()), async: false, default).Completed();
            }
        }

        Assert.Equal(Digest("299"), Recorder().Observe(null).Pending.Unproved!.Sha256);
        Assert.Equal(PendingState.Refused, Recorder().Observe(null).Pending.StateOf(Digest("298")));
        Assert.InRange(new FileInfo(PendingPath).Length, 1, PendingManifests.MaxSize);
        Assert.InRange(new FileInfo(DecisionsPath).Length, 1, PendingManifests.MaxSize);
        Assert.Equal(
            ["1.json", "decisions.txt", "log.lock", "log.txt", "pending.txt"], _directory.GetFiles().Select(file => file.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Write_ReadAgain_IsEqual()
    {
        DateTimeOffset at = new(2026, 5, 4, 3, 2, 1, 7, TimeSpan.Zero);
        PendingManifests pending = PendingManifests.None.Decide(Digest("a"), PendingState.Refused, at).Decide(Digest("b"), PendingState.Approved, at)
            .Name(Digest("c"), at, heedsRefusals: true);
        Dictionary<string, byte[]> files = pending.Write().ToDictionary(file => file.FileName, file => file.Content);
        PendingManifests read = PendingManifests.Parse(files[PendingManifests.FileName], files[PendingManifests.DecisionsFileName]);
        Assert.Equal(pending.Unproved, read.Unproved);
        Assert.Equal(pending.Decided, read.Decided);
    }

    [Theory]
    [InlineData("2026-05-04T00:00:00.000Z approved", "2026-05-05T00:00:00.000Z refused")]
    [InlineData("2026-05-05T00:00:00.000Z refused", "2026-05-04T00:00:00.000Z approved")]
    [InlineData("2026-05-04T00:00:00.000Z approved", "2026-05-04T00:00:00.000Z refused")]
    [InlineData("2026-05-04T00:00:00.000Z refused", "2026-05-04T00:00:00.000Z approved")]
    public void StateOf_TwoDecisions_IsTheNewestOrTheRefusalOfOneTime(string first, string second)
    {
        File.WriteAllText(DecisionsPath, $"{first} sha256:{Digest("a")}\n{second} sha256:{Digest("a")}\n");
        Assert.Equal(PendingState.Refused, Recorder().Observe(null).Pending.StateOf(Digest("a")));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("2026-05-04T00:00:00.000Z unproved sha256:0000000000000000000000000000000000000000000000000000000000000000\n")]
    public void Read_DecisionsAreDamaged_TheUserDecidesAgain(string text)
    {
        ManifestRecorder recorder = Recorder();
        recorder.Observe(Digest("b"));
        File.WriteAllText(DecisionsPath, text);
        PendingManifests pending = recorder.Observe(Digest("b")).Pending;
        Assert.Equal(Digest("b"), pending.Unproved!.Sha256);
        Assert.Empty(pending.Decided);
        Assert.True(pending.HasDamagedDecisions);
        Assert.False(recorder.Observe(Digest("b")).Pending.HasDamagedDecisions);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("\n")]
    [InlineData("2026-05-04T00:00:00.000Z refused sha256:12\n")]
    [InlineData("2026-05-04T00:00:00.000Z refused sha256:0000000000000000000000000000000000000000000000000000000000000000\n")]
    [InlineData("2026-05-04T00:00:00.000Z approved sha256:0000000000000000000000000000000000000000000000000000000000000000\n")]
    [InlineData("2026-05-04T00:00:00.000Z forgiven sha256:0000000000000000000000000000000000000000000000000000000000000000\n")]
    [InlineData("2026-05-04T00:00:00.000Z refused sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    public void Read_FileIsDamaged_IsClosedUntilAManifestIsProved(string text)
    {
        ManifestRecorder recorder = Recorder();
        recorder.Record([1]);
        File.WriteAllText(PendingPath, text);
        ManifestRecord record = recorder.Observe(Digest([1]));
        Assert.NotNull(record.Pending.Unproved);
        Assert.Null(recorder.ChangeAsync(pending => pending.Resolve(record.Pending.Unproved, null), async: false, default).Completed().Unproved);
        Assert.Null(Recorder().Observe(null).Pending.Unproved);
    }

    // Between the look of one process and its proof, another has heard newer news.
    [Fact]
    public void Settle_AnotherProcessSawANewerManifest_ThatStaysUnproved()
    {
        ManifestRecorder recorder = Recorder();
        recorder.Record([1]);
        PendingManifest? seen = recorder.Observe(Digest([2])).Pending.Unproved;
        Recorder().Observe(Digest([3]));
        _ = recorder.RecordAsync([2], seen, async: false, default).Completed();
        Assert.Equal(Digest([3]), recorder.Observe(null).Pending.Unproved!.Sha256);
        Assert.Equal(Digest([2]), recorder.Last()!.Sha256);
    }

    [Fact]
    public void Observe_ProcessEndedRightAfterTheAdoption_IsNotClosed()
    {
        ManifestRecorder recorder = Recorder();
        recorder.Record([1]);
        recorder.Observe(Digest([2]));
        byte[] pending = File.ReadAllBytes(PendingPath);
        recorder.Record([2]);
        File.WriteAllBytes(PendingPath, pending);
        Assert.Null(Recorder().Observe(null).Pending.Unproved);
    }

    // A refusal is the word of those who approve; who follows the publisher has not refused anything.
    [Fact]
    public void Observe_AnotherPolicyRefusedIt_ClosesForThoseWhoFollowThePublisher()
    {
        ManifestRecorder approving = new(_directory.FullName, _time, approving: true);
        approving.Record([1]);
        _ = approving.ChangeAsync(pending => pending.Decide(Digest([2]), PendingState.Refused, _time.GetUtcNow()), async: false, default).Completed();
        Assert.Null(approving.Observe(Digest([2])).Pending.Unproved);
        Assert.NotNull(Recorder().Observe(Digest([2])).Pending.Unproved);
    }

    private string PendingPath => Path.Combine(_directory.FullName, PendingManifests.FileName);

    private string DecisionsPath => Path.Combine(_directory.FullName, PendingManifests.DecisionsFileName);

    private ManifestRecorder Recorder() => new(_directory.FullName, _time);

    private static string Digest(string text) => Digest(Encoding.UTF8.GetBytes(text));

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
