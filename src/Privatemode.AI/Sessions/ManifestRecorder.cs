using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Sessions;

/// <summary>Remembers the last adopted manifest: in memory, or in a directory that several processes may share.</summary>
/// <param name="directory">Null: in memory.</param>
/// <param name="time">The clock.</param>
/// <param name="approving">Only what somebody approved counts; what another process adopted without asking does not.</param>
internal sealed class ManifestRecorder(string? directory, TimeProvider time, bool approving = false)
{
    private const string LockName = "log.lock";

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);

    private (byte[] Manifest, DateTimeOffset At)? _last;

    /// <summary>The last adopted manifest and when that was; null when there is none.</summary>
    /// <exception cref="PrivatemodeVerificationException">The record was changed.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The directory cannot be used.</exception>
    public async ValueTask<(byte[] Manifest, DateTimeOffset At)?> LastAsync(bool async, CancellationToken cancellationToken) =>
        directory is null ? _last : await InDirectoryAsync(ReadLast, async, cancellationToken).ConfigureAwait(false);

    /// <summary>Records a manifest unless it is the last one already. On disk when this returns.</summary>
    /// <exception cref="PrivatemodeVerificationException">The record was changed.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The directory cannot be used.</exception>
    public async ValueTask RecordAsync(byte[] manifest, bool async, CancellationToken cancellationToken)
    {
        if (directory is null)
        {
            _last = (manifest, time.GetUtcNow());
            return;
        }

        _ = await InDirectoryAsync(() => Append(manifest), async, cancellationToken).ConfigureAwait(false);
    }

    private (byte[] Manifest, DateTimeOffset At)? ReadLast()
    {
        AdoptedManifest? last = LastOf(ManifestLog.ReadLines(directory!));
        return last is null ? null : (ManifestLog.ReadManifest(directory!, last), last.AdoptedAt);
    }

    private AdoptedManifest? LastOf(ManifestLog log) => log.Entries.LastOrDefault(entry => !approving || entry.Source == ManifestSource.Approved);

    /// <summary>Adds a line, and the manifest unless it is there. False when it is the last one already.</summary>
    private bool Append(byte[] manifest)
    {
        ManifestLog log = ManifestLog.ReadLines(directory!);
        string digest = Convert.ToHexStringLower(SHA256.HashData(manifest));
        AdoptedManifest? known = log.Entries.FirstOrDefault(entry => entry.Sha256 == digest);
        if (known is not null)
        {
            _ = ManifestLog.ReadManifest(directory!, known);
        }

        if (LastOf(log)?.Sha256 == digest)
        {
            return false;
        }

        if (known is null)
        {
            ManifestFiles.Write(Path.Combine(directory!, log.NextFile), manifest);
        }

        AdoptedManifest entry = new(
            time.GetUtcNow(), known?.File ?? log.NextFile, digest, approving ? ManifestSource.Approved : ManifestSource.Published);
        using FileStream lines = ManifestFiles.Open(Path.Combine(directory!, ManifestLog.FileName), FileShare.Read);
        RemoveTornLine(lines);
        lines.Write(Encoding.UTF8.GetBytes(log.Line(entry) + "\n"));
        lines.Flush(flushToDisk: true);
        return true;
    }

    /// <summary>See <see cref="ManifestLog.Read"/> about a line without its end.</summary>
    private static void RemoveTornLine(FileStream lines)
    {
        byte[] text = new byte[lines.Length];
        lines.ReadExactly(text);
        lines.SetLength(text.AsSpan().LastIndexOf((byte)'\n') + 1);
        _ = lines.Seek(0, SeekOrigin.End);
    }

    private async ValueTask<T> InDirectoryAsync<T>(Func<T> work, bool async, CancellationToken cancellationToken)
    {
        try
        {
            _ = Directory.CreateDirectory(directory!);
            using FileStream exclusive = await LockAsync(async, cancellationToken).ConfigureAwait(false);
            return work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeOptions.Manifest), $"The adoption log cannot be used ({exception.GetType().Name}). Give a directory that can be written.");
        }
    }

    private async ValueTask<FileStream> LockAsync(bool async, CancellationToken cancellationToken)
    {
        // The system's clock: another process holds the file in real time, whatever clock this client was given.
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return ManifestFiles.Open(Path.Combine(directory!, LockName), FileShare.None);
            }
            catch (IOException) when (TimeProvider.System.GetElapsedTime(start) < LockPatience)
            {
                // Somebody holds it.
            }

            await Pause.ForAsync(LockPause, TimeProvider.System, async, cancellationToken).ConfigureAwait(false);
        }
    }
}
