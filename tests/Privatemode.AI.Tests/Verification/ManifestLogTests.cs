using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Verification;

/// <summary>What was recorded can be read again, and whatever was changed in it is noticed.</summary>
public sealed class ManifestLogTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-log-");
    private readonly ManualTimeProvider _time = new(new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero));

    public ManifestLogTests()
    {
        ManifestRecorder recorder = new(_directory.FullName, _time);
        foreach (string manifest in (string[])["one", "two", "three"])
        {
            recorder.Record(Encoding.UTF8.GetBytes(manifest));
            _time.Advance(TimeSpan.FromHours(1));
        }
    }

    /// <summary>Each takes the lines of a log of three entries and gives those of a changed one.</summary>
    public static TheoryData<string, Func<string[], string>> Edits => new()
    {
        { "time", lines => Join(lines[0].Replace("03:02:01", "03:02:02", StringComparison.Ordinal), lines[1], lines[2]) },
        { "time of the last line", lines => Join(lines[0], lines[1], lines[2].Replace("2026-", "2027-", StringComparison.Ordinal)) },
        { "digest", lines => Join(lines[0], lines[1].Replace("sha256:", "sha256:0", StringComparison.Ordinal), lines[2]) },
        { "digest of another entry", lines => Join(lines[0], lines[1].Replace(Digest(lines[1]), Digest(lines[0]), StringComparison.Ordinal), lines[2]) },
        { "chain", lines => Join(lines[0], lines[1], Flip(lines[2])) },
        { "chain in the middle", lines => Join(lines[0], Flip(lines[1]), lines[2]) },
        { "no chain", lines => Join(lines[0], lines[1], lines[2][..lines[2].LastIndexOf(' ')]) },
        { "first line gone", lines => Join(lines[1], lines[2]) },
        { "middle line gone", lines => Join(lines[0], lines[2]) },
        { "middle line gone, renumbered", lines => Join(lines[0], lines[2].Replace("3.json", "2.json", StringComparison.Ordinal)) },
        { "order", lines => Join(lines[0], lines[2], lines[1]) },
        { "line twice", lines => Join(lines[0], lines[1], lines[1], lines[2]) },
        { "numbering", lines => Join(lines[0], lines[1].Replace("2.json", "1.json", StringComparison.Ordinal), lines[2]) },
        { "file elsewhere", lines => Join(lines[0], lines[1].Replace("2.json", "../2.json", StringComparison.Ordinal), lines[2]) },
        { "blank line", lines => Join(lines[0], "", lines[1], lines[2]) },
        { "blank line at the end", lines => Join(lines[0], lines[1], lines[2], "") },
        { "blank", lines => Join(lines[0] + " ", lines[1], lines[2]) },
        { "other line ends", lines => string.Join("\r\n", [.. lines, ""]) },
        { "byte order mark", lines => "\uFEFF" + Join(lines) },
        { "zero byte", lines => Join(lines[0], "\0" + lines[1], lines[2]) },
        { "mark", lines => Join(lines[0], lines[1].Replace(" sha256:", " xsha256:", StringComparison.Ordinal), lines[2]) },
        { "file of another manifest", lines => Join(lines[0], lines[1], lines[2].Replace("3.json", "1.json", StringComparison.Ordinal)) },
        { "upper case", lines => Join(lines[0], lines[1], lines[2].ToUpperInvariant()) },
    };

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Read_WhatWasRecorded_IsThere()
    {
        ManifestLog log = ManifestLog.Read(_directory.FullName);
        Assert.Equal(["1.json", "2.json", "3.json"], log.Entries.Select(entry => entry.FileName));
        Assert.Equal(new DateTimeOffset(2026, 5, 4, 4, 2, 1, TimeSpan.Zero), log.Entries[1].AdoptedAt);
        Assert.Equal("8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f", log.Entries[2].Sha256);
        Assert.Equal(Lines()[2][^64..], log.HeadSha256);
    }

    [Theory]
    [MemberData(nameof(Edits))]
    public void Read_LogEdited_SaysSo(string what, Func<string[], string> edit)
    {
        File.WriteAllText(LogFile, edit(Lines()), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        Assert.Equal((what, "manifest-log"), (what, Changed().ErrorType));
        ManifestRecorder recorder = new(_directory.FullName, _time);
        Assert.Throws<PrivatemodeVerificationException>(() => recorder.Last());
        Assert.Throws<PrivatemodeVerificationException>(() => recorder.Record("four"u8.ToArray()));
        Assert.False(File.Exists(Path.Combine(_directory.FullName, "4.json")));
    }

    [Theory]
    [InlineData("1.json", "one ")]
    [InlineData("2.json", "one")]
    [InlineData("3.json", null)]
    public void Read_ManifestEdited_SaysWhich(string file, string? content)
    {
        string path = Path.Combine(_directory.FullName, file);
        if (content is null)
        {
            File.Delete(path);
        }
        else
        {
            File.WriteAllText(path, content);
        }

        PrivatemodeVerificationException exception = Changed();
        Assert.Contains(file, exception.Message, StringComparison.Ordinal);
        Assert.NotEqual(exception.Expected, exception.Found);
    }

    [Fact]
    public void Read_TornLastLine_IsNotAnEntryAndIsWrittenOver()
    {
        string[] lines = Lines();
        for (int length = 0; length < lines[2].Length; length += 7)
        {
            File.WriteAllText(LogFile, Join(lines[0], lines[1]) + lines[2][..length]);
            Assert.Equal(2, ManifestLog.Read(_directory.FullName).Entries.Count);
        }

        new ManifestRecorder(_directory.FullName, _time).Record("other"u8.ToArray());
        Assert.Equal(3, ManifestLog.Read(_directory.FullName).Entries.Count);
        Assert.Equal("other", File.ReadAllText(Path.Combine(_directory.FullName, "3.json")));
    }

    [Fact]
    public void Read_ManyLines_TakesMemoryInProportion()
    {
        const int count = 10_000;
        string record = Lines()[0].Split(' ')[2];
        StringBuilder text = new();
        byte[] chain = new byte[32];
        for (int i = 0; i < count; i++)
        {
            string line = $"2026-05-04T03:02:01.000Z 1.json {record}";
            chain = System.Security.Cryptography.SHA256.HashData([.. chain, .. Encoding.UTF8.GetBytes(line)]);
            text.Append(line).Append(" chain:").Append(Convert.ToHexStringLower(chain)).Append('\n');
        }

        File.WriteAllText(LogFile, text.ToString());
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(count, ManifestLog.Read(_directory.FullName).Entries.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, count * 4096);
    }

    [Fact]
    public void Read_LinesCutOffAtTheEnd_ShowInTheHeadOnly()
    {
        string head = ManifestLog.Read(_directory.FullName).HeadSha256;
        File.WriteAllText(LogFile, Join(Lines()[..2]));
        ManifestLog shorter = ManifestLog.Read(_directory.FullName);
        Assert.Equal(2, shorter.Entries.Count);
        Assert.NotEqual(head, shorter.HeadSha256);
    }

    [Fact]
    public void Read_NoLog_IsEmpty()
    {
        ManifestLog missing = ManifestLog.Read(Path.Combine(_directory.FullName, "nowhere"));
        File.WriteAllText(LogFile, "");
        ManifestLog empty = ManifestLog.Read(_directory.FullName);
        Assert.All([missing, empty], log => Assert.Equal((0, new string('0', 64)), (log.Entries.Count, log.HeadSha256)));
        Assert.ThrowsAny<ArgumentException>(() => ManifestLog.Read(""));
    }

    [Fact]
    public void Read_WhileALineIsAppended_Succeeds()
    {
        using FileStream appending = new(LogFile, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        Assert.Equal(3, ManifestLog.Read(_directory.FullName).Entries.Count);
    }

    // Whoever can write the directory can compute the chain as well.
    [Theory]
    [InlineData("5.json", false)]
    [InlineData("below/4.json", false)]
    [InlineData("4.json", true)]
    public void Read_LineThatFollowsButThatNoRecorderWrites_IsRefused(string file, bool isInsecureLoopback)
    {
        byte[] manifest = "four"u8.ToArray();
        _ = _directory.CreateSubdirectory("below");
        File.WriteAllBytes(Path.Combine(_directory.FullName, file), manifest);
        AdoptedManifest entry = new()
        {
            AdoptedAt = _time.GetUtcNow(),
            FileName = file,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(manifest)),
            Source = ManifestSource.Published,
        };
        File.AppendAllText(LogFile, ManifestLog.Read(_directory.FullName).Line(entry, isInsecureLoopback) + "\n");
        _ = Changed();
    }

    [Theory]
    [InlineData("sha256:", "", ManifestSource.Published)]
    [InlineData("approved-sha256:", "", ManifestSource.Approved)]
    [InlineData("sha256:", " signer:0a size:4", ManifestSource.Published)]
    [InlineData("reviewed-sha256:", "", ManifestSource.Unknown)]
    [InlineData("approved-by-two-sha256:", " by:a,b", ManifestSource.Unknown)]
    public void Read_LineOfANewerVersion_IsAnEntry(string mark, string members, ManifestSource source)
    {
        string head = AppendLine("four", mark, members);
        ManifestLog log = ManifestLog.Read(_directory.FullName);
        Assert.Equal((4, source, head), (log.Entries.Count, log.Entries[3].Source, log.HeadSha256));
        Assert.Equal((ManifestSource.Published, "4.json"), (log.Entries[2].Source, log.Entries[3].FileName));

        string[] lines = Lines();
        File.WriteAllText(LogFile, Join([.. lines[..3], lines[3].Replace(" chain:", " more:1 chain:", StringComparison.Ordinal)]));
        _ = Changed();
    }

    [Theory]
    [InlineData("-sha256:")]
    [InlineData("Approved-sha256:")]
    [InlineData("approved sha256:")]
    [InlineData("approvedsha256:")]
    [InlineData("sha256:sha256:")]
    [InlineData("sha512:")]
    public void Read_MarkThatIsNoWord_IsRefused(string mark)
    {
        AppendLine("four", mark, "");
        _ = Changed();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Record_AfterALineOfANewerVersion_UsesNoEarlierManifest(bool approving)
    {
        ManifestRecorder recorder = new(_directory.FullName, _time, approving);
        recorder.Record("three"u8.ToArray());
        Assert.NotNull(recorder.Last());
        string head = AppendLine("four", "reviewed-sha256:", "");

        Assert.Null(recorder.Last());

        recorder.Record("four"u8.ToArray());
        Assert.Equal("four"u8.ToArray(), recorder.Last()!.Manifest);
        ManifestLog log = ManifestLog.Read(_directory.FullName);
        Assert.Equal(approving ? ManifestSource.Approved : ManifestSource.Published, log.Entries[^1].Source);
        Assert.Contains(head, File.ReadAllText(LogFile), StringComparison.Ordinal);
    }

    [Fact]
    public void ContainsHead_OfEachLine_IsTrueUntilEntriesAreRemoved()
    {
        string[] heads = [new string('0', 64), .. Lines().Select(line => line[^64..])];
        ManifestLog log = ManifestLog.Read(_directory.FullName);
        Assert.All(heads, head => Assert.True(log.ContainsHead(head.ToUpperInvariant())));
        File.WriteAllText(LogFile, Join(Lines()[..^1]));
        ManifestLog shorter = ManifestLog.Read(_directory.FullName);
        Assert.All(heads[..^1], head => Assert.True(shorter.ContainsHead(head)));
        Assert.False(shorter.ContainsHead(heads[^1]));
        Assert.Throws<ArgumentException>(() => log.ContainsHead("12"));
        Assert.Throws<ArgumentNullException>(() => log.ContainsHead(null!));
    }

    /// <summary>A line with its manifest, as another version would write it; its chain.</summary>
    private string AppendLine(string manifest, string mark, string members)
    {
        int number = Lines().Length + 1;
        File.WriteAllText(Path.Combine(_directory.FullName, $"{number}.json"), manifest);
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(manifest)));
        string record = $"2026-06-01T00:00:00.000Z {number}.json {mark}{digest}{members}";
        byte[] before = Convert.FromHexString(Lines()[^1][^64..]);
        string chain = Convert.ToHexStringLower(SHA256.HashData([.. before, .. Encoding.UTF8.GetBytes(record)]));
        File.AppendAllText(LogFile, $"{record} chain:{chain}\n");
        return chain;
    }

    private string LogFile => Path.Combine(_directory.FullName, "log.txt");

    private string[] Lines() => File.ReadAllLines(LogFile);

    private PrivatemodeVerificationException Changed() =>
        Assert.Throws<PrivatemodeVerificationException>(() => ManifestLog.Read(_directory.FullName));

    private static string Join(params string[] lines) => string.Concat(lines.Select(line => line + "\n"));

    private static string Digest(string line) => line.Split(' ')[2];

    private static string Flip(string line) => line[..^1] + (line[^1] == '0' ? '1' : '0');
}
