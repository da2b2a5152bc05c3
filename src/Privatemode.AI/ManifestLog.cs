using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Sessions;

namespace Privatemode.AI;

/// <summary>The record of adopted manifests in a directory: append-only and hash-chained, so that what it says can be checked later.</summary>
/// <remarks>
/// Each manifest lies beside it once, named after the line that adopted it first: <c>1.json</c>, <c>2.json</c>… Each line of <c>log.txt</c> is the
/// time (RFC 3339), the file, its SHA-256 (<c>approved-sha256:</c> where somebody approved it, otherwise <c>sha256:</c>) and the chain: SHA-256 over
/// the chain of the line before (32 bytes, zero at first) and the line up to there. Lines cut off at the end cannot be noticed from the directory
/// alone: keep <see cref="Head"/> elsewhere for that. Under <see cref="InsecureLoopbackTrust"/> manifests are adopted in the subdirectory
/// <see cref="InsecureLoopbackDirectory"/>, and the marks of their digests begin with <c>insecure-loopback-</c>; a log with both kinds of lines is
/// refused.
/// </remarks>
public sealed class ManifestLog
{
    /// <summary>The subdirectory of the adoption log's directory that clients with <see cref="InsecureLoopbackTrust"/> use in its place.</summary>
    public const string InsecureLoopbackDirectory = "insecure-loopback-trust";

    internal const string FileName = "log.txt";

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const string DigestMark = "sha256:";
    private const string ApprovedMark = "approved-sha256:";
    private const string InsecureMark = "insecure-loopback-";
    private const string ChainMark = "chain:";

    private readonly byte[] _chain;

    private ManifestLog(IReadOnlyList<AdoptedManifest> entries, byte[] chain, bool isInsecureLoopback)
    {
        Entries = entries;
        IsInsecureLoopback = isInsecureLoopback;
        _chain = chain;
    }

    /// <summary>All entries, the oldest first.</summary>
    public IReadOnlyList<AdoptedManifest> Entries { get; }

    /// <summary>Gets a value that indicates whether the manifests were proved under <see cref="InsecureLoopbackTrust"/>: anybody can forge that.</summary>
    /// <value><see langword="false"/> for an empty log.</value>
    public bool IsInsecureLoopback { get; }

    /// <summary>The chain of the last line, 64 lower-case hexadecimal digits; zeros for an empty log.</summary>
    public string Head => Convert.ToHexStringLower(_chain);

    /// <summary>Reads a log and checks every line and every manifest in it.</summary>
    /// <param name="directory">The directory given to <see cref="ManifestPolicy"/>. A log that does not exist is empty.</param>
    /// <returns>The log.</returns>
    /// <exception cref="PrivatemodeVerificationException">Something in it was changed.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read, or is a link.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ManifestLog Read(string directory)
    {
        ManifestLog log = ReadLines(directory);
        foreach (AdoptedManifest entry in log.Entries.DistinctBy(entry => entry.File))
        {
            _ = ReadManifest(directory, entry);
        }

        return log;
    }

    /// <summary>Reads a log and checks every line, but no manifest: for adoptions, which look at one manifest only.</summary>
    internal static ManifestLog ReadLines(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);

        // Each byte a letter: nothing is decoded away, so that every byte counts.
        string text = Encoding.Latin1.GetString(ManifestFiles.Read(Path.Combine(directory, FileName)));
        List<AdoptedManifest> entries = [];
        Dictionary<string, string> digests = new(StringComparer.Ordinal);
        byte[] chain = new byte[SHA256.HashSizeInBytes];
        bool isInsecure = false;

        // A line without its end was being written when the process ended. Nothing depends on it: what it records had not been used yet.
        foreach (string line in text.Split('\n')[..^1])
        {
            (AdoptedManifest entry, chain, bool isMarked) = Take(line, entries.Count + 1, digests, chain);
            if (entries.Count > 0 && isMarked != isInsecure)
            {
                throw Changed($"line {entries.Count + 1} was written under another kind of trust than the ones before", null, null);
            }

            isInsecure = isMarked;
            entries.Add(entry);
            digests[entry.File] = entry.Sha256;
        }

        return new ManifestLog(entries, chain, isInsecure);
    }

    /// <summary>The bytes of one manifest, checked against its entry.</summary>
    internal static byte[] ReadManifest(string directory, AdoptedManifest entry)
    {
        byte[] manifest = ManifestFiles.Read(Path.Combine(directory, entry.File));
        string found = Convert.ToHexStringLower(SHA256.HashData(manifest));
        return found == entry.Sha256 ? manifest : throw Changed($"{entry.File} is not the manifest that was recorded", entry.Sha256, found);
    }

    /// <summary>The file of a manifest that a new line adopts for the first time.</summary>
    internal string NextFile => FileOf(Entries.Count + 1);

    /// <summary>Makes a new line; the log itself stays as it is.</summary>
    internal string Line(AdoptedManifest entry, bool isInsecureLoopback)
    {
        string time = entry.AdoptedAt.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        string mark = (isInsecureLoopback ? InsecureMark : "") + (entry.Source == ManifestSource.Approved ? ApprovedMark : DigestMark);
        string record = $"{time} {entry.File} {mark}{entry.Sha256}";
        return $"{record} {ChainMark}{Convert.ToHexStringLower(Next(_chain, record))}";
    }

    private static (AdoptedManifest Entry, byte[] Chain, bool IsInsecureLoopback) Take(
        string line, int number, Dictionary<string, string> digests, byte[] before)
    {
        string[] parts = line.Split(' ');
        bool isInsecure = parts.Length == 4 && parts[2].StartsWith(InsecureMark, StringComparison.Ordinal);
        string marked = parts.Length != 4 ? "" : isInsecure ? parts[2][InsecureMark.Length..] : parts[2];
        if (parts.Length != 4 || DigestOf(marked) is not { } digest || !IsFile(parts[1], number, digest, digests) ||
            !DateTimeOffset.TryParseExact(parts[0], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
        {
            throw Changed($"line {number} is not one of this log", null, null);
        }

        byte[] chain = Next(before, line[..^(parts[3].Length + 1)]);
        string expected = ChainMark + Convert.ToHexStringLower(chain);
        bool isApproved = marked.StartsWith(ApprovedMark, StringComparison.Ordinal);
        return parts[3] == expected
            ? (new AdoptedManifest
            {
                AdoptedAt = time,
                File = parts[1],
                Sha256 = digest,
                Source = isApproved ? ManifestSource.Approved : ManifestSource.Published,
            }, chain, isInsecure)
            : throw Changed($"line {number} does not follow from the one before", expected, parts[3]);
    }

    /// <summary>Digits behind one of the marks, and nothing else.</summary>
    private static string? DigestOf(string text)
    {
        string? digest = new[] { DigestMark, ApprovedMark }.Where(mark => text.StartsWith(mark, StringComparison.Ordinal))
            .Select(mark => text[mark.Length..]).FirstOrDefault();
        return digest is { Length: 2 * SHA256.HashSizeInBytes } && digest.All(char.IsAsciiHexDigitLower) ? digest : null;
    }

    /// <summary>A file of its own, named after the line, or that of an earlier line with the same manifest.</summary>
    private static bool IsFile(string file, int number, string digest, Dictionary<string, string> digests) =>
        digests.TryGetValue(file, out string? known) ? known == digest : file == FileOf(number);

    private static string FileOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{number}.json");

    private static byte[] Next(byte[] chain, string record) => SHA256.HashData([.. chain, .. Encoding.UTF8.GetBytes(record)]);

    private static PrivatemodeVerificationException Changed(string what, string? expected, string? found) => new(
        "manifest-log", $"The log of adopted manifests was changed: {what}. Do not send anything; find out who changed it.")
    {
        Expected = expected,
        Found = found,
    };
}
