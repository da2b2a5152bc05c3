using System.Text;
using Privatemode.AI.Sessions;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Sessions;

/// <summary>Several recorders share a directory; a directory that cannot be used is a mistake in the settings.</summary>
public sealed class ManifestRecorderTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-record-");
    private readonly ManualTimeProvider _time = new();

    public static TheoryData<string> UnusableDirectories => new("", "zero\0byte", "a file", "a file/below");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Record_WithoutADirectory_RemembersTheLast()
    {
        ManifestRecorder recorder = new(null, _time);
        Assert.Null(recorder.Last());
        recorder.Record("one"u8.ToArray());
        Assert.Equal("one"u8.ToArray(), recorder.Last()!.Value.Manifest);
        Assert.Equal(_time.GetUtcNow(), recorder.Last()!.Value.At);
    }

    [Fact]
    public void Record_TheSameAgain_IsOneEntry()
    {
        ManifestRecorder recorder = Recorder();
        Assert.Null(recorder.Last());
        foreach (string manifest in (string[])["one", "one", "two", "one"])
        {
            recorder.Record(Encoding.UTF8.GetBytes(manifest));
        }

        Assert.Equal(3, ManifestLog.Read(_directory.FullName).Entries.Count);
        Assert.Equal("one"u8.ToArray(), Recorder().Last()!.Value.Manifest);
    }

    [Fact]
    public async Task Record_ManyAtOnce_LosesNothingAndMixesNothing()
    {
        const int writers = 8;
        const int each = 6;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => TestTimeouts.OnOwnThread(() =>
        {
            ManifestRecorder recorder = Recorder();
            for (int i = 0; i < each; i++)
            {
                recorder.Record(Encoding.UTF8.GetBytes($"manifest {writer} {i} {new string('x', 1000 * writer)}"));
            }

            return true;
        })));
        ManifestLog log = ManifestLog.Read(_directory.FullName);
        Assert.Equal(writers * each, log.Entries.Count);
        Assert.Equal(writers * each, log.Entries.Select(entry => entry.Sha256).Distinct().Count());
    }

    [Fact]
    public async Task Record_AnotherProcessHoldsTheLock_Waits()
    {
        // As another process would: the lock belongs to the open file, not to the thread.
        Task<bool> recording;
        using (FileStream held = new(Path.Combine(_directory.FullName, "log.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            recording = TestTimeouts.OnOwnThread(() =>
            {
                Recorder().Record("one"u8.ToArray());
                return true;
            });
            Assert.False(recording.IsCompleted);
            Assert.Empty(ManifestLog.Read(_directory.FullName).Entries);
        }

        Assert.True(await recording);
        Assert.Single(ManifestLog.Read(_directory.FullName).Entries);
    }

    [Theory]
    [MemberData(nameof(UnusableDirectories))]
    public void Record_DirectoryCannotBeUsed_NamesTheSetting(string name)
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "a file"), "");
        ManifestRecorder recorder = new(name.Length == 0 ? "" : Path.Combine(_directory.FullName, name), _time);
        Assert.Equal("Manifest", Assert.Throws<PrivatemodeConfigurationException>(() => recorder.Last()).Setting);
        Assert.Equal("Manifest", Assert.Throws<PrivatemodeConfigurationException>(() => recorder.Record([1])).Setting);
    }

    [Fact]
    public void Record_LockCannotBeMade_NamesTheSetting()
    {
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "log.lock"));
        Assert.Throws<PrivatemodeConfigurationException>(() => Recorder().Last());
    }

    private ManifestRecorder Recorder() => new(_directory.FullName, _time);
}
