using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Internal;
using Privatemode.AI.Verification;

namespace Privatemode.AI;

/// <summary>Represents the log of adopted manifests in a directory. It is append-only, and a hash chain makes changes detectable.</summary>
/// <remarks>
/// <para>The directory contains each manifest once, in a file that is named after the number of the line that adopted it first:
/// <c>1.json</c>, <c>2.json</c>, and so on. Each line of <c>log.txt</c> consists of the time (RFC 3339), the file name, the SHA-256 digest
/// (<c>approved-sha256:</c> if the manifest was approved, otherwise <c>sha256:</c>) and the chain: SHA-256 over the chain of the previous line (32 bytes, zero
/// for the first line) and the text of its own line up to the space before the chain.</para>
/// <para>Later versions of this library can write other words before <c>sha256:</c>, and more members before the chain. Such entries can be read:
/// an unknown word is <see cref="ManifestSource.Unknown"/>, and unknown members are ignored.</para>
/// <para>Lines that were removed at the end cannot be detected from the directory alone. To detect this, keep <see cref="HeadSha256"/> elsewhere, and pass
/// it to <see cref="ContainsHead"/>.</para>
/// <para>Clients with <see cref="InsecureLoopbackTrust"/> adopt manifests in the subdirectory <see cref="InsecureLoopbackDirectoryName"/>, and their digests
/// begin with <c>insecure-loopback-</c>. A log with both kinds of lines is refused.</para>
/// </remarks>
public sealed class ManifestLog
{
    /// <summary>The name of the subdirectory that clients with <see cref="InsecureLoopbackTrust"/> use instead of the log's directory.</summary>
    public const string InsecureLoopbackDirectoryName = "insecure-loopback-trust";

    internal const string FileName = "log.txt";

    internal const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const string DigestMark = "sha256:";
    private const string ApprovedWord = "approved-";
    private const string InsecureMark = "insecure-loopback-";
    private const string ChainMark = "chain:";

    private static readonly SearchValues<char> WordCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz-");

    private readonly IReadOnlyList<byte[]> _chains; // zeros, then one for each line

    private ManifestLog(IReadOnlyList<AdoptedManifest> entries, IReadOnlyList<byte[]> chains, bool isInsecureLoopback)
    {
        Entries = entries;
        IsInsecureLoopback = isInsecureLoopback;
        _chains = chains;
    }

    /// <summary>Gets all entries, from the oldest to the newest.</summary>
    public IReadOnlyList<AdoptedManifest> Entries { get; }

    /// <summary>Gets a value that indicates whether the manifests were verified under <see cref="InsecureLoopbackTrust"/>.</summary>
    /// <value><see langword="true"/> if anyone could have forged the evidence; <see langword="false"/> otherwise, and for an empty log.</value>
    public bool IsInsecureLoopback { get; }

    /// <summary>Gets the hash chain value of the last line, which depends on all lines.</summary>
    /// <value>64 lower-case hexadecimal digits; zeros for an empty log.</value>
    public string HeadSha256 => Convert.ToHexStringLower(_chains[^1]);

    /// <summary>Returns a value that indicates whether the log still has all entries that it had when <see cref="HeadSha256"/> had the specified
    /// value.</summary>
    /// <param name="headSha256">The head that you kept elsewhere, 64 hexadecimal digits; zeros for an empty log.</param>
    /// <returns><see langword="true"/> if the log begins with those entries; <see langword="false"/> if entries were removed or replaced, or if this is another
    /// log.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="headSha256"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="headSha256"/> is not 64 hexadecimal digits.</exception>
    public bool ContainsHead(string headSha256)
    {
        ArgumentNullException.ThrowIfNull(headSha256);
        if (!MemberNames.IsSha256(headSha256))
        {
            throw new ArgumentException("Pass 64 hexadecimal digits.", nameof(headSha256));
        }

        byte[] head = Convert.FromHexString(headSha256);
        return _chains.Any(chain => chain.AsSpan().SequenceEqual(head));
    }

    /// <summary>Reads a log and checks all lines and manifests.</summary>
    /// <param name="directory">The directory that was passed to <see cref="ManifestPolicy"/>.</param>
    /// <returns>The log. It is empty if the directory or the log does not exist.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="directory"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="directory"/> is empty.</exception>
    /// <exception cref="PrivatemodeVerificationException">The log or a manifest was changed.</exception>
    /// <exception cref="UnauthorizedAccessException">A file is a link, or this process does not have the permission to read it.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ManifestLog Read(string directory)
    {
        ManifestLog log = ReadLines(directory);
        foreach (AdoptedManifest entry in log.Entries.DistinctBy(entry => entry.FileName))
        {
            _ = ReadManifest(directory, entry);
        }

        return log;
    }

    /// <summary>Reads a log and checks every line, but no manifest: for adoptions, which need only one manifest.</summary>
    internal static ManifestLog ReadLines(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);

        // One character for each byte: no byte is lost in decoding.
        string text = Encoding.Latin1.GetString(ManifestFiles.Read(Path.Combine(directory, FileName)));
        List<AdoptedManifest> entries = [];
        Dictionary<string, string> digests = new(StringComparer.Ordinal);
        List<byte[]> chains = [new byte[SHA256.HashSizeInBytes]];
        bool isInsecure = false;

        // A last line without its line end was being written when the process ended. Its manifest was not used yet, so the line is ignored.
        foreach (string line in text.Split('\n')[..^1])
        {
            (AdoptedManifest entry, byte[] chain, bool isMarked) = ParseEntry(line, entries.Count + 1, digests, chains[^1]);
            if (entries.Count > 0 && isMarked != isInsecure)
            {
                throw Changed($"line {entries.Count + 1} was written under a different kind of trust than the lines before it", null, null);
            }

            isInsecure = isMarked;
            entries.Add(entry);
            chains.Add(chain);
            digests[entry.FileName] = entry.Sha256;
        }

        return new ManifestLog(entries, chains, isInsecure);
    }

    /// <summary>The bytes of one manifest, checked against its entry.</summary>
    internal static byte[] ReadManifest(string directory, AdoptedManifest entry)
    {
        byte[] manifest = ManifestFiles.Read(Path.Combine(directory, entry.FileName));
        string found = Convert.ToHexStringLower(SHA256.HashData(manifest));
        return found == entry.Sha256 ? manifest : throw Changed($"{entry.FileName} is not the manifest that was recorded", entry.Sha256, found);
    }

    /// <summary>The file name of a manifest that a new line adopts for the first time.</summary>
    internal string NextFile => FileOf(Entries.Count + 1);

    /// <summary>Creates a new line; the log itself does not change.</summary>
    internal string Line(AdoptedManifest entry, bool isInsecureLoopback)
    {
        string time = entry.AdoptedAt.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        string mark = (isInsecureLoopback ? InsecureMark : "") + (entry.Source == ManifestSource.Approved ? ApprovedWord : "") + DigestMark;
        string record = $"{time} {entry.FileName} {mark}{entry.Sha256}";
        return $"{record} {ChainMark}{Convert.ToHexStringLower(Next(_chains[^1], record))}";
    }

    private static (AdoptedManifest Entry, byte[] Chain, bool IsInsecureLoopback) ParseEntry(
        string line, int number, Dictionary<string, string> digests, byte[] before)
    {
        // Members of newer versions are between the digest and the chain, which covers them.
        string[] parts = line.Split(' ');
        bool isInsecure = parts.Length >= 4 && parts[2].StartsWith(InsecureMark, StringComparison.Ordinal);
        string marked = parts.Length < 4 ? "" : isInsecure ? parts[2][InsecureMark.Length..] : parts[2];
        if (DigestOf(marked) is not { } digest || !IsFile(parts[1], number, digest, digests) ||
            !DateTimeOffset.TryParseExact(parts[0], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
        {
            throw Changed($"line {number} does not have the form of a line of the log", null, null);
        }

        byte[] chain = Next(before, line[..^(parts[^1].Length + 1)]);
        string expected = ChainMark + Convert.ToHexStringLower(chain);
        ManifestSource source = SourceOf(marked[..^(DigestMark.Length + digest.Length)]);
        AdoptedManifest entry = new() { AdoptedAt = time, FileName = parts[1], Sha256 = digest, Source = source };
        return parts[^1] == expected
            ? (entry, chain, isInsecure)
            : throw Changed($"line {number} does not follow from the one before", expected, parts[^1]);
    }

    /// <summary>The digits at the end, after an optional word of lower-case letters; null if there is anything else.</summary>
    private static string? DigestOf(string text)
    {
        int mark = text.IndexOf(DigestMark, StringComparison.Ordinal);
        bool isWord = mark == 0 || (mark > 1 && text[mark - 1] == '-' && text.AsSpan(0, mark).IndexOfAnyExcept(WordCharacters) < 0);
        string digest = mark < 0 ? "" : text[(mark + DigestMark.Length)..];
        return isWord && MemberNames.IsLowerSha256(digest) ? digest : null;
    }

    private static ManifestSource SourceOf(string word) => word switch
    {
        "" => ManifestSource.Published,
        ApprovedWord => ManifestSource.Approved,
        _ => ManifestSource.Unknown,
    };

    /// <summary>A new file, named after the line, or the file of an earlier line with the same manifest.</summary>
    private static bool IsFile(string file, int number, string digest, Dictionary<string, string> digests) =>
        digests.TryGetValue(file, out string? known) ? known == digest : file == FileOf(number);

    private static string FileOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{number}.json");

    private static byte[] Next(byte[] chain, string record) => SHA256.HashData([.. chain, .. Encoding.UTF8.GetBytes(record)]);

    private static PrivatemodeVerificationException Changed(string what, string? expected, string? found) => PrivatemodeVerificationException.Create(
        "manifest-log", $"The log of adopted manifests was changed: {what}. Do not send anything; find out who changed it.", expected, found);
}

/// <summary>Represents one entry of a <see cref="ManifestLog"/>.</summary>
public sealed record AdoptedManifest
{
    /// <summary>Gets the time at which the manifest was adopted.</summary>
    public required DateTimeOffset AdoptedAt { get; init; }

    /// <summary>Gets the name of the manifest's file in the directory of the log, for example <c>12.json</c>.</summary>
    public required string FileName { get; init; }

    /// <summary>Gets the SHA-256 digest of the manifest, as 64 lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Gets the reason why the manifest was adopted.</summary>
    /// <value><see cref="ManifestSource.Approved"/> or <see cref="ManifestSource.Published"/>, or <see cref="ManifestSource.Unknown"/> if a newer version
    /// of this library wrote the entry.</value>
    public required ManifestSource Source { get; init; }
}

/// <summary>Specifies why a verification expected a manifest.</summary>
public enum ManifestSource
{
    /// <summary>The reason is unknown, because a newer version of this library recorded it.</summary>
    /// <remarks>Such an entry of a <see cref="ManifestLog"/> can be read, but is never used to verify a deployment.</remarks>
    Unknown,

    /// <summary>The service published the manifest when the deployment was verified.</summary>
    Published,

    /// <summary>The manifest was the last adopted one, and no acceptable manifest could be retrieved from the publisher when the deployment was
    /// verified.</summary>
    LastAdopted,

    /// <summary>The digest of the manifest was pinned.</summary>
    Pinned,

    /// <summary>The manifest was approved with <see cref="ManifestPolicy.RequireApproval"/>, during the verification or before it.</summary>
    Approved,
}
