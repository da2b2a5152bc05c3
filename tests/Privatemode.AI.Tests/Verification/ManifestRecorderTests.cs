using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

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
        Assert.Equal("one"u8.ToArray(), recorder.Last()!.Manifest);
        Assert.Equal(_time.GetUtcNow(), recorder.Last()!.At);
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
        Assert.Equal("one"u8.ToArray(), Recorder().Last()!.Manifest);
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

    [Fact]
    public async Task Record_AnotherProcessHoldsTheLock_AnAsynchronousCallerKeepsNoThread()
    {
        using CancellationTokenSource cancellation = new();
        Task recording;
        using (FileStream held = new(Path.Combine(_directory.FullName, "log.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            recording = Recorder().RecordAsync("one"u8.ToArray(), null, async: true, default).AsTask();
            Assert.False(recording.IsCompleted);
            Task cancelled = Recorder().RecordAsync("two"u8.ToArray(), null, async: true, cancellation.Token).AsTask();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.OrTimeout());
        }

        await recording.OrTimeout();
        Assert.Single(ManifestLog.Read(_directory.FullName).Entries);
    }

    [Fact]
    public void Record_PublisherFlipsBetweenTwo_EachIsStoredOnce()
    {
        ManifestRecorder recorder = Recorder();
        for (int i = 0; i < 10; i++)
        {
            recorder.Record("one"u8.ToArray());
            recorder.Record("two"u8.ToArray());
            recorder.Record("two"u8.ToArray());
        }

        recorder.Record("three"u8.ToArray());
        Assert.Equal(
            ["1.json", "2.json", "21.json"],
            _directory.GetFiles("*.json").Select(file => file.Name).Order(StringComparer.Ordinal));
        ManifestLog log = ManifestLog.Read(_directory.FullName);
        Assert.Equal(21, log.Entries.Count);
        Assert.Equal(["1.json", "2.json", "21.json"], log.Entries.Select(entry => entry.FileName).Distinct());
        File.WriteAllText(Path.Combine(_directory.FullName, "1.json"), "other");
        Assert.Throws<PrivatemodeVerificationException>(() => recorder.Record("one"u8.ToArray()));
    }

    // Every verification asks for the last one: what was adopted long ago is looked at by whoever reads the whole log.
    [Fact]
    public void Last_AnOldManifestWasChanged_OnlyTheWholeLogSaysSo()
    {
        ManifestRecorder recorder = Recorder();
        recorder.Record("one"u8.ToArray());
        recorder.Record("two"u8.ToArray());
        File.WriteAllText(Path.Combine(_directory.FullName, "1.json"), "other");
        Assert.Equal("two"u8.ToArray(), recorder.Last()!.Manifest);
        Assert.Throws<PrivatemodeVerificationException>(() => ManifestLog.Read(_directory.FullName));
    }

    [Theory]
    [InlineData("log.txt")]
    [InlineData("log.lock")]
    public void Record_FileIsALinkElsewhere_ThatIsNotWritten(string name)
    {
        string elsewhere = Path.Combine(_directory.FullName, "elsewhere");
        foreach (bool exists in (bool[])[false, true])
        {
            File.Delete(Path.Combine(_directory.FullName, name));
            File.CreateSymbolicLink(Path.Combine(_directory.FullName, name), elsewhere);
            Assert.Throws<PrivatemodeConfigurationException>(() => Recorder().Last());
            Assert.Throws<PrivatemodeConfigurationException>(() => Recorder().Record([1]));
            Assert.Equal(exists, File.Exists(elsewhere));
            File.WriteAllText(elsewhere, "");
        }

        Assert.Empty(File.ReadAllText(elsewhere));
    }

    [Fact]
    public void Record_ManifestsFileIsALinkElsewhere_IsReplacedAndThatIsNotWritten()
    {
        string elsewhere = Path.Combine(_directory.FullName, "elsewhere");
        File.WriteAllText(elsewhere, "mine");
        File.CreateSymbolicLink(Path.Combine(_directory.FullName, "1.json"), elsewhere);
        Recorder().Record("one"u8.ToArray());
        Assert.Equal("mine", File.ReadAllText(elsewhere));
        Assert.Equal("one"u8.ToArray(), Recorder().Last()!.Manifest);
    }

    [UnixTheory]
    [InlineData("log.txt")]
    [InlineData("log.lock")]
    [InlineData("1.json")]
    public async Task Record_FileIsAPipe_DoesNotWaitForItsOtherEnd(string name)
    {
        using (Process make = Process.Start("mkfifo", [Path.Combine(_directory.FullName, name)]))
        {
            await make.WaitForExitAsync().OrTimeout();
        }

        Task<Exception?> recording = TestTimeouts.OnOwnThread<Exception?>(() => Xunit.Record.Exception(() => Recorder().Record("one"u8.ToArray())));
        Assert.Equal(name == "1.json" ? null : typeof(PrivatemodeConfigurationException), (await recording.OrTimeout())?.GetType());
        await TestTimeouts.OnOwnThread<Exception?>(() => Xunit.Record.Exception(() => ManifestLog.Read(_directory.FullName))).OrTimeout();
    }

    [Theory]
    [MemberData(nameof(UnusableDirectories))]
    public void Record_DirectoryCannotBeUsed_NamesTheSetting(string name)
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "a file"), "");
        ManifestRecorder recorder = new(name.Length == 0 ? "" : Path.Combine(_directory.FullName, name), _time);
        Assert.Equal("Verification.Manifest", Assert.Throws<PrivatemodeConfigurationException>(() => recorder.Last()).Setting);
        Assert.Equal("Verification.Manifest", Assert.Throws<PrivatemodeConfigurationException>(() => recorder.Record([1])).Setting);
    }

    [Fact]
    public void Record_LockCannotBeMade_NamesTheSetting()
    {
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "log.lock"));
        Assert.Throws<PrivatemodeConfigurationException>(() => Recorder().Last());
    }

    // A socket's file cannot be opened, and no waiting changes that: like a read-only file system, it is no sharing violation.
    [UnixTheory]
    [InlineData(true)]
    public async Task Record_LogCannotBeOpenedForGood_FailsAtOnceAndNamesTheCause(bool async)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(_directory.FullName, "log.lock")));
        Task recording = Recorder().RecordAsync("one"u8.ToArray(), null, async, default).AsTask();
        Assert.True(recording.IsCompleted);
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => recording.OrTimeout());
        Assert.Contains("log.lock", exception.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<IOException>(exception.InnerException);
    }

    private ManifestRecorder Recorder() => new(_directory.FullName, _time);
}
