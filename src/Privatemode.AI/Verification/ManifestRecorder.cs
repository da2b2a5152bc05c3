using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Verification;

/// <summary>Records adopted and pending manifests: in memory, or in a directory that several processes can share.</summary>
/// <param name="directory">The directory of the policy; null for memory.</param>
/// <param name="approving">Whether only manifests that the user approved are used, not those that another process adopted without approval.</param>
/// <param name="isTestTrust">Whether manifests are proved under <see cref="InsecureLoopbackTrust"/>. They are recorded in a separate directory.</param>
internal sealed class ManifestRecorder(string? directory, TimeProvider time, bool approving = false, bool isTestTrust = false)
{
    private const string LockName = "log.lock";

    // Sharing violations: EWOULDBLOCK of flock (Linux, macOS and BSD), ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION.
    private static readonly int[] SharingViolations =
        OperatingSystem.IsWindows() ? [unchecked((int)0x80070020), unchecked((int)0x80070021)] : OperatingSystem.IsLinux() ? [11] : [35];

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);

    private readonly string? _directory =
        isTestTrust && directory is { Length: > 0 } ? Path.Combine(directory, ManifestLog.InsecureLoopbackDirectoryName) : directory;

    // For use without a directory.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, DateTimeOffset> _adopted = new(StringComparer.Ordinal);
    private ManifestRecord _memory = new(null, PendingManifests.None, null);

    /// <summary>Records that the publisher names this manifest, unless it is the last adopted one, and returns the record. The record is on disk when this
    /// method returns.</summary>
    /// <param name="published">SHA-256 of the manifest; null if the publisher names none.</param>
    /// <exception cref="PrivatemodeVerificationException">The record was changed.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The directory cannot be used.</exception>
    public ValueTask<ManifestRecord> ObserveAsync(string? published, bool async, CancellationToken cancellationToken) => DoAsync(
        () =>
        {
            ManifestLog? log = _directory is null ? null : ReadLog();
            ManifestRecord record = Read(log);
            if (published is null || record.Last?.Sha256 == published)
            {
                return record;
            }

            DateTimeOffset? earlier = log is not null ? log.Entries.LastOrDefault(entry => entry.Sha256 == published)?.AdoptedAt
                : _adopted.TryGetValue(published, out DateTimeOffset at) ? at
                : null;
            return record with { Pending = Save(record.Pending.Name(published, Now(), approving)), EarlierAt = earlier };
        },
        async,
        cancellationToken);

    /// <summary>Adopts a manifest: records it unless it is the last adopted one. The record is on disk when this method returns.</summary>
    /// <param name="seen">The pending manifest that this resolves; see <see cref="PendingManifests.Resolve"/>.</param>
    /// <returns>Whether it differs from the last adopted manifest, and the manifests that are pending afterwards.</returns>
    /// <exception cref="PrivatemodeVerificationException">The record was changed.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The directory cannot be used.</exception>
    public ValueTask<(bool IsNew, PendingManifests Pending)> RecordAsync(
        byte[] manifest, PendingManifest? seen, bool async, CancellationToken cancellationToken) => DoAsync(
        () =>
        {
            string digest = Convert.ToHexStringLower(SHA256.HashData(manifest));
            bool isNew = _directory is null ? Remember(manifest, digest) : Append(manifest, digest);
            return (isNew, Change(pending => pending.Resolve(seen, digest)));
        },
        async,
        cancellationToken);

    /// <summary>Changes only the pending manifests.</summary>
    /// <exception cref="PrivatemodeConfigurationException">The directory cannot be used.</exception>
    public ValueTask<PendingManifests> ChangeAsync(
        Func<PendingManifests, PendingManifests> change, bool async, CancellationToken cancellationToken) =>
        DoAsync(() => Change(change), async, cancellationToken);

    /// <summary>The file with the user's decisions; null without a directory.</summary>
    public string? DecisionsPath => _directory is null ? null : Path.GetFullPath(Path.Combine(_directory, PendingManifests.DecisionsFileName));

    private PendingManifests Change(Func<PendingManifests, PendingManifests> change) => Save(change(ReadPending()));

    private ManifestRecord Read(ManifestLog? log)
    {
        if (log is null)
        {
            return _memory;
        }

        AdoptedManifest? last = LastOf(log);
        RecordedManifest? adopted = last is null ? null
            : new RecordedManifest(ManifestLog.ReadManifest(_directory!, last), last.Sha256, last.AdoptedAt);

        // A process that ended between writing the two files left an adopted manifest pending.
        return new ManifestRecord(adopted, ReadPending().Resolve(null, adopted?.Sha256), null);
    }

    private PendingManifests ReadPending() => _directory is null ? _memory.Pending : PendingManifests.Parse(
        ManifestFiles.Read(Path.Combine(_directory, PendingManifests.FileName)),
        ManifestFiles.Read(Path.Combine(_directory, PendingManifests.DecisionsFileName)));

    private PendingManifests Save(PendingManifests now)
    {
        if (_directory is null)
        {
            _memory = _memory with { Pending = now };
            return now;
        }

        foreach ((string name, byte[] content) in now.Write())
        {
            string path = Path.Combine(_directory, name);
            if (!ManifestFiles.Read(path).AsSpan().SequenceEqual(content))
            {
                ManifestFiles.Replace(path, content);
            }
        }

        return now;
    }

    /// <summary>Returns the last entry that can be used, or null if a newer version of the library wrote an unknown entry after it, because an earlier manifest
    /// would undo that entry.</summary>
    private AdoptedManifest? LastOf(ManifestLog log)
    {
        AdoptedManifest? last = log.Entries.LastOrDefault(
            entry => !approving || entry.Source is ManifestSource.Approved or ManifestSource.Unknown);
        return last?.Source == ManifestSource.Unknown ? null : last;
    }

    private bool Remember(byte[] manifest, string digest)
    {
        if (_memory.Last?.Sha256 == digest)
        {
            return false;
        }

        _adopted[digest] = Now();
        _memory = _memory with { Last = new RecordedManifest(manifest, digest, Now()) };
        return true;
    }

    /// <summary>Adds a line, and the file of the manifest unless it exists. Returns false if the manifest is the last adopted one.</summary>
    private bool Append(byte[] manifest, string digest)
    {
        ManifestLog log = ReadLog();
        AdoptedManifest? known = log.Entries.FirstOrDefault(entry => entry.Sha256 == digest);
        if (known is not null)
        {
            _ = ManifestLog.ReadManifest(_directory!, known);
        }

        if (LastOf(log)?.Sha256 == digest)
        {
            return false;
        }

        if (known is null)
        {
            ManifestFiles.Write(Path.Combine(_directory!, log.NextFile), manifest);
        }

        AdoptedManifest entry = new()
        {
            AdoptedAt = Now(),
            FileName = known?.FileName ?? log.NextFile,
            Sha256 = digest,
            Source = approving ? ManifestSource.Approved : ManifestSource.Published,
        };
        using FileStream lines = ManifestFiles.Open(Path.Combine(_directory!, ManifestLog.FileName), FileShare.Read);
        RemoveTornLine(lines);
        lines.Write(Encoding.UTF8.GetBytes(log.Line(entry, isTestTrust) + "\n"));
        lines.Flush(flushToDisk: true);
        return true;
    }

    /// <summary>Reads the log, whose entries must have the same kind of trust as the new record.</summary>
    private ManifestLog ReadLog()
    {
        ManifestLog log = ManifestLog.ReadLines(_directory!);
        return log.Entries.Count == 0 || log.IsInsecureLoopback == isTestTrust ? log : throw Mixed();
    }

    private static PrivatemodeConfigurationException Mixed() => new(
        OptionNames.Manifest,
        "The manifest log mixes manifests with and without Verification.InsecureLoopbackTrust. " +
        "Use different directories for production and tests.");

    /// <summary>Removes a last line without an end, which a process left that ended while it was writing; see <see cref="ManifestLog.Read"/>.</summary>
    private static void RemoveTornLine(FileStream lines)
    {
        byte[] text = new byte[lines.Length];
        lines.ReadExactly(text);
        lines.SetLength(text.AsSpan().LastIndexOf((byte)'\n') + 1);
        _ = lines.Seek(0, SeekOrigin.End);
    }

    // In the precision of the files, so that a value that was written and read again is equal.
    private DateTimeOffset Now() =>
        _directory is null ? time.GetUtcNow() : DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());

    private async ValueTask<T> DoAsync<T>(Func<T> work, bool async, CancellationToken cancellationToken)
    {
        if (_directory is null)
        {
            lock (_gate)
            {
                return work();
            }
        }

        try
        {
            // The directory of tests: anything in it is not to be relied on.
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(_directory)));
            if (!isTestTrust && name.Equals(ManifestLog.InsecureLoopbackDirectoryName, StringComparison.OrdinalIgnoreCase))
            {
                throw Mixed();
            }

            _ = Directory.CreateDirectory(_directory);
            using FileStream exclusive = await LockAsync(async, cancellationToken).ConfigureAwait(false);
            return work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new PrivatemodeConfigurationException(
                OptionNames.Manifest,
                $"The manifest log cannot be used: {exception.Message} Use a directory that this process can read and write.",
                exception);
        }
    }

    private async ValueTask<FileStream> LockAsync(bool async, CancellationToken cancellationToken)
    {
        // The system's clock: another process holds the file in real time, whichever clock this client uses.
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return ManifestFiles.Open(Path.Combine(_directory!, LockName), FileShare.None);
            }
            catch (IOException exception) when (
                SharingViolations.Contains(exception.HResult) && TimeProvider.System.GetElapsedTime(start) < LockTimeout)
            {
                // Another process holds it.
            }

            await TimeProvider.System.DelayAsync(LockPause, async, cancellationToken).ConfigureAwait(false);
        }
    }
}

/// <summary>The recorded manifests at one moment.</summary>
/// <param name="Last">The last adopted manifest; null if no manifest was adopted.</param>
/// <param name="Pending">The manifests that the publisher named and that were not adopted.</param>
/// <param name="EarlierAt">The time at which the published manifest was adopted earlier; null if it was not, or if it is the last adopted one.</param>
internal sealed record ManifestRecord(RecordedManifest? Last, PendingManifests Pending, DateTimeOffset? EarlierAt);

/// <summary>The last adopted manifest.</summary>
internal sealed record RecordedManifest(byte[] Manifest, string Sha256, DateTimeOffset At);
