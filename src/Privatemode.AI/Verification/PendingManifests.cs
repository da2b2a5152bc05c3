using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Verification;

/// <summary>The digests and times of manifests that the publisher named and that were not adopted. Immutable.</summary>
/// <param name="Unproved">The manifest that no deployment has proved since the publisher last named it, or null. While it is not null, no session
/// is established with an earlier manifest.</param>
/// <param name="Decided">The user's decisions about other manifests, from the oldest; at most <see cref="MaxDecided"/>.</param>
/// <remarks>
/// In the log directory, the unproved manifest is in the file <c>pending.txt</c>, and the decisions are in <c>decisions.txt</c>, which the user
/// deletes to decide again. Each line is a time (RFC 3339), a state and a digest. Each file has at most 1 KiB, regardless of how many manifests the
/// publisher names.
/// </remarks>
internal sealed record PendingManifests(PendingManifest? Unproved, IReadOnlyList<PendingManifest> Decided)
{
    public const string FileName = "pending.txt";

    public const string DecisionsFileName = "decisions.txt";

    /// <summary>The maximum size of each file in bytes. A longer file was not written by this library.</summary>
    public const int MaxSize = 1024;

    public const int MaxDecided = 7;

    private const string DigestMark = "sha256:";

    public static PendingManifests None { get; } = new(null, []);

    /// <summary>Whether the file of decisions cannot be read. The next change replaces it.</summary>
    public bool HasDamagedDecisions { get; init; }

    /// <summary>Returns the newest decision about a manifest, or <see cref="PendingState.Unproved"/> if the user has not decided. Of two decisions of one time,
    /// the refusal counts.</summary>
    public PendingState StateOf(string digest) =>
        Decided.Where(entry => entry.Sha256 == digest).MaxBy(entry => (entry.NamedAt, entry.State))?.State ?? PendingState.Unproved;

    /// <summary>Records that the publisher names this manifest.</summary>
    /// <param name="heedsRefusals"><see langword="true"/> to ignore a manifest that the user refused before.</param>
    public PendingManifests Name(string digest, DateTimeOffset at, bool heedsRefusals) =>
        Unproved?.Sha256 == digest || (heedsRefusals && StateOf(digest) == PendingState.Refused)
            ? this
            : this with { Unproved = new PendingManifest(at, digest, PendingState.Unproved) };

    /// <summary>Records the decision of the user, or of the policy, about this manifest.</summary>
    public PendingManifests Decide(string digest, PendingState state, DateTimeOffset at) => this with
    {
        Decided = [.. Decided.Where(entry => entry.Sha256 != digest).Append(new PendingManifest(at, digest, state)).TakeLast(MaxDecided)],
    };

    /// <summary>Records that a deployment has proved the published manifest, or that the user refused it and keeps the current one.</summary>
    /// <param name="seen">The unproved manifest to remove. If another process has recorded a newer one in the meantime, the newer one is not removed.</param>
    /// <param name="adopted">The manifest adopted now, or null.</param>
    public PendingManifests Resolve(PendingManifest? seen, string? adopted) => this with
    {
        Unproved = Unproved == seen || Unproved?.Sha256 == adopted ? null : Unproved,
        Decided = [.. Decided.Where(entry => entry.Sha256 != adopted)],
    };

    /// <summary>Reads both files.</summary>
    /// <param name="pending">If it cannot be read, an unproved manifest is assumed: no session is established until the publisher names a proved one.</param>
    /// <param name="decisions">If it cannot be read, the user decides again.</param>
    public static PendingManifests Parse(byte[] pending, byte[] decisions)
    {
        PendingManifest[]? decided = ParseLines(decisions) is { } lines && lines.All(entry => entry.State != PendingState.Unproved) ? lines : null;
        PendingManifest? unproved = ParseLines(pending) switch
        {
            [] => null,
            [{ State: PendingState.Unproved } entry] => entry,
            _ => new PendingManifest(DateTimeOffset.UnixEpoch, Convert.ToHexStringLower(SHA256.HashData(pending)), PendingState.Unproved),
        };
        return new PendingManifests(unproved, [.. (decided ?? []).TakeLast(MaxDecided)]) { HasDamagedDecisions = decided is null };
    }

    /// <summary>The contents of the files, by name, in the order in which they are written.</summary>
    public IEnumerable<(string FileName, byte[] Content)> Write() =>
        [(DecisionsFileName, WriteLines(Decided)), (FileName, WriteLines(Unproved is null ? [] : [Unproved]))];

    private static byte[] WriteLines(IEnumerable<PendingManifest> entries)
    {
        StringBuilder text = new();
        foreach (PendingManifest entry in entries)
        {
            text.Append(entry.NamedAt.UtcDateTime.ToString(ManifestLog.TimeFormat, CultureInfo.InvariantCulture)).Append(' ').Append(NameOf(entry.State))
                .Append(' ').Append(DigestMark).Append(entry.Sha256).Append('\n');
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>The lines of a file, or null if it was not written by this library.</summary>
    private static PendingManifest[]? ParseLines(byte[] file)
    {
        string text = Encoding.Latin1.GetString(file);
        PendingManifest?[] entries = [.. text.Split('\n')[..^1].Select(ParseLine)];
        return file.Length <= MaxSize && (text.Length == 0 || text[^1] == '\n') && entries.All(entry => entry is not null)
            ? [.. entries.Select(entry => entry!)]
            : null;
    }

    private static PendingManifest? ParseLine(string line)
    {
        string[] parts = line.Split(' ');
        return parts.Length == 3 && StateOfName(parts[1]) is { } state
            && parts[2].StartsWith(DigestMark, StringComparison.Ordinal) && parts[2][DigestMark.Length..] is { } digest && MemberNames.IsLowerSha256(digest)
            && DateTimeOffset.TryParseExact(
                parts[0], ManifestLog.TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out DateTimeOffset at)
            ? new PendingManifest(at, digest, state)
            : null;
    }

    private static string NameOf(PendingState state) => state switch
    {
        PendingState.Approved => "approved",
        PendingState.Refused => "refused",
        _ => "unproved",
    };

    private static PendingState? StateOfName(string name) => Enum.GetValues<PendingState>().Cast<PendingState?>().FirstOrDefault(
        state => NameOf(state!.Value) == name);
}

/// <summary>An entry of <see cref="PendingManifests"/>.</summary>
internal sealed record PendingManifest(DateTimeOffset NamedAt, string Sha256, PendingState State);

/// <summary>The state of a manifest that the publisher named and that was not adopted.</summary>
internal enum PendingState
{
    /// <summary>No deployment has proved it, and the user has not decided about it.</summary>
    Unproved,

    /// <summary>The user approved it; no deployment has proved it yet.</summary>
    Approved,

    /// <summary>The user does not approve it.</summary>
    Refused,
}

/// <summary>Reads and writes files in the log directory. Only regular files are opened, because links lead elsewhere and pipes wait for their other
/// end.</summary>
/// <remarks>
/// This guards against accidents and leftovers. A process that can write to the directory can replace a file between the check and the use, but it could also
/// write an approval itself.
/// </remarks>
internal static class ManifestFiles
{
    /// <summary>Reads a whole file; empty if it does not exist. Another process can be appending to it.</summary>
    /// <exception cref="UnauthorizedAccessException">The path is not a regular file, or this process does not have the permission to read it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static byte[] Read(string path)
    {
        // Pipes and devices have no length, so they are not opened: reading from one may never end.
        FileInfo look = GetPlainFile(path);
        if (!look.Exists || look.Length == 0)
        {
            return [];
        }

        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] content = new byte[look.Length];
        int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return content[..length];
    }

    /// <summary>Creates a file, which is on disk when this method returns. An existing file is replaced: a process left it that ended before it wrote its
    /// line.</summary>
    /// <remarks>
    /// The directory is not flushed: .NET does not open directories. The usual file systems write a new file's name along with its content. If one
    /// does not, and the power fails, the log names a missing file, which is detected and not trusted.
    /// </remarks>
    public static void Write(string path, byte[] content)
    {
        File.Delete(path); // a link itself, not its target
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Replaces a file atomically: a reader sees either the old content or the new one. The file is on disk when this method returns.</summary>
    public static void Replace(string path, byte[] content)
    {
        string next = path + ".new";
        Write(next, content);
        File.Move(next, path, overwrite: true); // a link itself, not its target
    }

    /// <summary>Opens a file for reading and writing, or creates it.</summary>
    /// <exception cref="UnauthorizedAccessException">The path is not a regular file, or this process does not have the permission to write it.</exception>
    /// <exception cref="IOException">The file cannot be opened, for example because another process uses it.</exception>
    public static FileStream Open(string path, FileShare share)
    {
        _ = GetPlainFile(path);
        FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, share); // open for both, so that opening a pipe does not wait
        if (!file.CanSeek)
        {
            file.Dispose();
            throw new UnauthorizedAccessException("This is a pipe or a device, not a file.");
        }

        return file;
    }

    private static FileInfo GetPlainFile(string path)
    {
        FileInfo file = new(path);
        return file.LinkTarget is null ? file : throw new UnauthorizedAccessException("This is a link, not a file.");
    }
}
