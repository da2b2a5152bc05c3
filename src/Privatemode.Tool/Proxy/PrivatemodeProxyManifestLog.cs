using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Privatemode.AI;
using Privatemode.Tool.Logging;
using Privatemode.Tool.Services;

namespace Privatemode.Tool.Proxy;

/// <summary>Writes adopted manifests a second time, in the form of <c>privatemode-proxy</c>, so that both programs can use one workspace.</summary>
/// <remarks>
/// <c>privatemode-proxy</c> appends <c>time path</c> to <c>manifests/log.txt</c> and stores each manifest as <c>N.json</c> beside it. Nothing is read from
/// these files to verify a deployment: the log in <c>manifests/verified</c> decides. It is a logger provider because adoptions are reported as log events.
/// </remarks>
internal sealed class PrivatemodeProxyManifestLog(string directory, string logDirectory, TimeProvider time) : ILoggerProvider, ILogger, IAsyncDisposable
{
    private const int MaxLines = 1_000_000;

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);
    private static readonly string[] Adoptions = ["ManifestAdopted", "ManifestChanged", "ManifestReturned", "DeploymentVerified"];

    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Task _work = Task.CompletedTask;

    /// <summary>Appends the missing entries, now and after each adoption, in the background.</summary>
    public void Start(ILogger log)
    {
        _ = _wishes.Writer.TryWrite(true);
        _work = Task.Run(() => WorkAsync(log));
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (Adoptions.Contains(eventId.Name))
        {
            _ = _wishes.Writer.TryWrite(true);
        }
    }

    public void Dispose()
    {
    }

    public async ValueTask DisposeAsync()
    {
        _ = _wishes.Writer.TryComplete();
        await _work;
    }

    /// <summary>Appends a line and a file for each entry of the authoritative log that is missing.</summary>
    /// <exception cref="IOException">A file cannot be written, or another process holds the lock.</exception>
    public async Task UpdateAsync()
    {
        IReadOnlyList<AdoptedManifest> entries = ManifestLog.Read(logDirectory).Entries;
        if (entries.Count == 0)
        {
            return;
        }

        StateDirectory.CreateDirectory(directory);
        await using FileStream held = await LockAsync();
        string log = Path.Combine(directory, "log.txt");
        List<string> lines = ReadLines(log);

        // privatemode-proxy writes a line for each fetch, even of the same manifest, so only the order of changes counts.
        Queue<string> mirrored = new(lines.Select(DigestOfLine).OfType<string>());
        foreach (AdoptedManifest entry in entries)
        {
            if (!TakeThrough(mirrored, entry.Sha256))
            {
                Append(log, lines, entry);
            }
        }
    }

    private async Task WorkAsync(ILogger log)
    {
        await foreach (bool _ in _wishes.Reader.ReadAllAsync())
        {
            try
            {
                await UpdateAsync();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PrivatemodeException)
            {
                ToolLog.MirrorFailed(log, exception.Message);
            }
        }
    }

    private static bool TakeThrough(Queue<string> mirrored, string digest)
    {
        if (!mirrored.Contains(digest))
        {
            return false;
        }

        while (mirrored.TryDequeue(out string? next) && next != digest)
        {
        }

        return true;
    }

    private async Task<FileStream> LockAsync()
    {
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return StateDirectory.CreateFile(Path.Combine(directory, ".lock"), FileMode.OpenOrCreate, FileShare.None);
            }
            catch (IOException) when (time.GetElapsedTime(start) < LockTimeout)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time);
            }
        }
    }

    private static List<string> ReadLines(string log)
    {
        if (!File.Exists(log))
        {
            if (Directory.EnumerateFiles(Path.GetDirectoryName(log)!, "*.json").Any())
            {
                // A lost log must not look like a new one, and its manifests must not be overwritten.
                throw new IOException($"{log} is missing, but its manifests are there. Restore it, or move them away");
            }

            // Created before the manifests: privatemode-proxy refuses to start if there is a manifest without this file.
            StateDirectory.CreateFile(log, FileMode.CreateNew).Dispose();
            return [];
        }

        string text = File.ReadAllText(log);
        if (text.Length > 0 && !text.EndsWith('\n'))
        {
            // The writer was killed while it wrote this line. privatemode-proxy counts line ends.
            AppendText(log, "\n");
        }

        List<string> lines = [.. text.Split('\n')];
        if (lines[^1].Length == 0)
        {
            lines.RemoveAt(lines.Count - 1);
        }

        return lines.Count <= MaxLines ? lines : throw new IOException($"{log} has more than {MaxLines} lines");
    }

    private string? DigestOfLine(string line)
    {
        string[] parts = line.Split(' ', 2);
        if (parts.Length != 2)
        {
            return null;
        }

        // Only the file name is used, because the workspace may have been moved since.
        string file = Path.Combine(directory, Path.GetFileName(parts[1].TrimEnd('\r')));
        return File.Exists(file) ? Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))) : null;
    }

    private void Append(string log, List<string> lines, AdoptedManifest entry)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{lines.Count + 1}.json");
        string file = Path.Combine(directory, name);
        string temporary = $"{file}.tmp";
        using (FileStream target = StateDirectory.CreateFile(temporary))
        {
            target.Write(File.ReadAllBytes(Path.Combine(logDirectory, entry.FileName)));
            target.Flush(flushToDisk: true);
        }

        File.Move(temporary, file, overwrite: true);
        string line = $"{entry.AdoptedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)} {file}";
        AppendText(log, $"{line}\n");
        lines.Add(line);
    }

    private static void AppendText(string log, string text)
    {
        using FileStream target = new(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        target.Write(Encoding.UTF8.GetBytes(text));
        target.Flush(flushToDisk: true);
    }
}
