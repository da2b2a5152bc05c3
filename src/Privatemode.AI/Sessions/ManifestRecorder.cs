using System.Globalization;
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
    public (byte[] Manifest, DateTimeOffset At)? Last() => directory is null ? _last : InDirectory(() =>
    {
        AdoptedManifest? last = LastOf(ManifestLog.Read(directory));
        return last is null ? default((byte[], DateTimeOffset)?) : (ManifestLog.ReadManifest(directory, last), last.AdoptedAt);
    });

    /// <summary>Records a manifest unless it is the last one already. On disk when this returns.</summary>
    /// <exception cref="PrivatemodeVerificationException">The record was changed.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The directory cannot be used.</exception>
    public void Record(byte[] manifest)
    {
        if (directory is null)
        {
            _last = (manifest, time.GetUtcNow());
            return;
        }

        _ = InDirectory(() =>
        {
            ManifestLog log = ManifestLog.Read(directory);
            AdoptedManifest? last = LastOf(log);
            if (last is null || !ManifestLog.ReadManifest(directory, last).AsSpan().SequenceEqual(manifest))
            {
                Append(log, manifest);
            }

            return true;
        });
    }

    private ManifestSource Source => approving ? ManifestSource.Approved : ManifestSource.Published;

    private AdoptedManifest? LastOf(ManifestLog log) => log.Entries.LastOrDefault(entry => !approving || entry.Source == ManifestSource.Approved);

    private void Append(ManifestLog log, byte[] manifest)
    {
        string file = string.Create(CultureInfo.InvariantCulture, $"{log.Entries.Count + 1}.json");
        using (FileStream content = new(Path.Combine(directory!, file), FileMode.Create, FileAccess.Write))
        {
            content.Write(manifest);
            content.Flush(flushToDisk: true);
        }

        using FileStream lines = new(Path.Combine(directory!, ManifestLog.FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        RemoveTornLine(lines);
        lines.Write(Encoding.UTF8.GetBytes(log.Line(time.GetUtcNow(), file, manifest, Source) + "\n"));
        lines.Flush(flushToDisk: true);
    }

    /// <summary>See <see cref="ManifestLog.Read"/> about a line without its end.</summary>
    private static void RemoveTornLine(FileStream lines)
    {
        byte[] text = new byte[lines.Length];
        lines.ReadExactly(text);
        lines.SetLength(text.AsSpan().LastIndexOf((byte)'\n') + 1);
        _ = lines.Seek(0, SeekOrigin.End);
    }

    private T InDirectory<T>(Func<T> work)
    {
        try
        {
            _ = Directory.CreateDirectory(directory!);
            using FileStream exclusive = Lock();
            return work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeOptions.Manifest), $"The adoption log cannot be used ({exception.GetType().Name}). Give a directory that can be written.");
        }
    }

    private FileStream Lock()
    {
        // The system's clock: another process holds the file in real time, whatever clock this client was given.
        long start = TimeProvider.System.GetTimestamp();
        using ManualResetEventSlim never = new(false);
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(directory!, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (TimeProvider.System.GetElapsedTime(start) < LockPatience)
            {
                _ = never.Wait(LockPause);
            }
        }
    }
}
