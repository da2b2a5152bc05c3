using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI;

/// <summary>The record of adopted manifests in a directory: append-only and hash-chained, so that what it says can be checked later.</summary>
/// <remarks>
/// The manifests lie beside it as <c>1.json</c>, <c>2.json</c>… Each line of <c>log.txt</c> is the time (RFC 3339), the file, its SHA-256
/// (<c>approved-sha256:</c> where somebody approved it, otherwise <c>sha256:</c>) and the chain: SHA-256 over the chain of the line before (32 bytes,
/// zero at first) and the line up to there. Lines cut off at the end cannot be noticed
/// from the directory alone: keep <see cref="Head"/> elsewhere for that.
/// </remarks>
public sealed class ManifestLog
{
    internal const string FileName = "log.txt";

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const string DigestMark = "sha256:";
    private const string ApprovedMark = "approved-sha256:";
    private const string ChainMark = "chain:";

    private readonly byte[] _chain;

    private ManifestLog(IReadOnlyList<AdoptedManifest> entries, byte[] chain)
    {
        Entries = entries;
        _chain = chain;
    }

    /// <summary>All entries, the oldest first.</summary>
    public IReadOnlyList<AdoptedManifest> Entries { get; }

    /// <summary>The chain of the last line, 64 lower-case hexadecimal digits; zeros for an empty log.</summary>
    public string Head => Convert.ToHexStringLower(_chain);

    /// <summary>Reads a log and checks every line and every manifest in it.</summary>
    /// <param name="directory">The directory given to <see cref="ManifestPolicy"/>. A log that does not exist is empty.</param>
    /// <returns>The log.</returns>
    /// <exception cref="PrivatemodeVerificationException">Something in it was changed.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ManifestLog Read(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string path = Path.Combine(directory, FileName);
        ManifestLog log = new([], new byte[SHA256.HashSizeInBytes]);
        if (!File.Exists(path))
        {
            return log;
        }

        // Each byte a letter: nothing is decoded away, so that every byte counts.
        string text = Encoding.Latin1.GetString(ReadAll(path));

        // A line without its end was being written when the process ended. Nothing depends on it: what it records had not been used yet.
        foreach (string line in text.Split('\n')[..^1])
        {
            log = log.Take(line);
        }

        foreach (AdoptedManifest entry in log.Entries)
        {
            _ = ReadManifest(directory, entry);
        }

        return log;
    }

    /// <summary>The bytes of one manifest, checked against its entry.</summary>
    internal static byte[] ReadManifest(string directory, AdoptedManifest entry)
    {
        string path = Path.Combine(directory, entry.File);
        byte[] manifest = File.Exists(path) ? ReadAll(path) : [];
        string found = Convert.ToHexStringLower(SHA256.HashData(manifest));
        return found == entry.Sha256 ? manifest : throw Changed($"{entry.File} is not the manifest that was recorded", entry.Sha256, found);
    }

    /// <summary>Makes the line for a new manifest; the log itself stays as it is.</summary>
    internal string Line(DateTimeOffset now, string file, ReadOnlySpan<byte> manifest, ManifestSource source)
    {
        string time = now.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        string mark = source == ManifestSource.Approved ? ApprovedMark : DigestMark;
        string record = $"{time} {file} {mark}{Convert.ToHexStringLower(SHA256.HashData(manifest))}";
        return $"{record} {ChainMark}{Convert.ToHexStringLower(Next(record))}";
    }

    // Another process may be appending.
    private static byte[] ReadAll(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using MemoryStream content = new();
        file.CopyTo(content);
        return content.ToArray();
    }

    private ManifestLog Take(string line)
    {
        int end = line.LastIndexOf(' ');
        string[] parts = line.Split(' ');
        string expectedFile = string.Create(CultureInfo.InvariantCulture, $"{Entries.Count + 1}.json");
        if (parts.Length != 4 || parts[1] != expectedFile || !parts[2].Contains(DigestMark, StringComparison.Ordinal) ||
            !DateTimeOffset.TryParseExact(parts[0], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
        {
            throw Changed($"line {Entries.Count + 1} is not one of this log", null, null);
        }

        bool isApproved = parts[2].StartsWith(ApprovedMark, StringComparison.Ordinal);
        AdoptedManifest entry = new(
            time, parts[1], parts[2][(isApproved ? ApprovedMark : DigestMark).Length..], isApproved ? ManifestSource.Approved : ManifestSource.Published);
        byte[] chain = Next(line[..end]);
        return parts[3] == ChainMark + Convert.ToHexStringLower(chain)
            ? new ManifestLog([.. Entries, entry], chain)
            : throw Changed($"line {Entries.Count + 1} does not follow from the one before", ChainMark + Convert.ToHexStringLower(chain), parts[3]);
    }

    private byte[] Next(string record) => SHA256.HashData([.. _chain, .. Encoding.UTF8.GetBytes(record)]);

    private static PrivatemodeVerificationException Changed(string what, string? expected, string? found) => new(
        "manifest-log", $"The log of adopted manifests was changed: {what}. Do not send anything; find out who changed it.", expected, found);
}
