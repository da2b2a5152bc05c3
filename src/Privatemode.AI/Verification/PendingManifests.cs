using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Verification;

/// <summary>Manifests that the publisher named and that were not adopted: by digest and time only. Immutable.</summary>
/// <param name="Unproved">The one that no deployment has proved since the publisher named it last; null if every manifest was proved. While it is not null, no
/// session is established with an earlier manifest.</param>
/// <param name="Decided">What the user decided about others, the oldest first; at most <see cref="MostDecided"/>.</param>
/// <remarks>
/// In the adoption log's directory this is the file <c>pending.txt</c>, a line each: time (RFC 3339), state, digest. It has at most 1 KiB, however
/// many manifests the publisher names.
/// </remarks>
internal sealed record PendingManifests(PendingManifest? Unproved, IReadOnlyList<PendingManifest> Decided)
{
    public const string FileName = "pending.txt";

    /// <summary>A file that is longer was not written by this library.</summary>
    public const int MaxSize = 1024;

    public const int MostDecided = 7;

    private const string DigestMark = "sha256:";

    public static PendingManifests None { get; } = new(null, []);

    /// <summary>What was decided about a manifest; <see cref="PendingState.Unproved"/> if nothing was.</summary>
    public PendingState StateOf(string digest) => Decided.FirstOrDefault(entry => entry.Sha256 == digest)?.State ?? PendingState.Unproved;

    /// <summary>The publisher names this manifest.</summary>
    /// <param name="heedsRefusals">Whether one that the user refused before closes nothing.</param>
    public PendingManifests Name(string digest, DateTimeOffset at, bool heedsRefusals) =>
        Unproved?.Sha256 == digest || (heedsRefusals && StateOf(digest) == PendingState.Refused)
            ? this
            : this with { Unproved = new PendingManifest(at, digest, PendingState.Unproved) };

    /// <summary>The user, or the policy, has decided about this manifest.</summary>
    public PendingManifests Decide(string digest, PendingState state, DateTimeOffset at) => this with
    {
        Decided = [.. Decided.Where(entry => entry.Sha256 != digest).Append(new PendingManifest(at, digest, state)).TakeLast(MostDecided)],
    };

    /// <summary>A deployment has proved what the publisher named, or the user stays with the current manifest.</summary>
    /// <param name="seen">The unproved manifest that this refers to: another process may have seen a newer one meanwhile, which stays.</param>
    /// <param name="adopted">The manifest adopted now; null if none was.</param>
    public PendingManifests Resolve(PendingManifest? seen, string? adopted) => new(
        Unproved == seen || Unproved?.Sha256 == adopted ? null : Unproved, [.. Decided.Where(entry => entry.Sha256 != adopted)]);

    /// <summary>Reads a file. What cannot be read counts as an unproved manifest: nothing is established until the publisher names a proved one.</summary>
    public static PendingManifests Parse(byte[] file)
    {
        string text = Encoding.Latin1.GetString(file);
        PendingManifest?[] entries = [.. text.Split('\n')[..^1].Select(ParseLine)];
        bool isSound = file.Length <= MaxSize && (text.Length == 0 || text[^1] == '\n') && entries.All(entry => entry is not null)
            && entries.Count(entry => entry!.State == PendingState.Unproved) <= 1;
        return isSound
            ? new PendingManifests(
                Array.Find(entries, entry => entry!.State == PendingState.Unproved),
                [.. entries.Where(entry => entry!.State != PendingState.Unproved).Select(entry => entry!).TakeLast(MostDecided)])
            : new PendingManifests(
                new PendingManifest(DateTimeOffset.UnixEpoch, Convert.ToHexStringLower(SHA256.HashData(file)), PendingState.Unproved), []);
    }

    public byte[] Write()
    {
        StringBuilder text = new();
        foreach (PendingManifest entry in Unproved is null ? Decided : Decided.Prepend(Unproved))
        {
            text.Append(entry.NamedAt.UtcDateTime.ToString(ManifestLog.TimeFormat, CultureInfo.InvariantCulture)).Append(' ').Append(NameOf(entry.State))
                .Append(' ').Append(DigestMark).Append(entry.Sha256).Append('\n');
        }

        return Encoding.ASCII.GetBytes(text.ToString());
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

/// <summary>One of <see cref="PendingManifests"/>.</summary>
internal sealed record PendingManifest(DateTimeOffset NamedAt, string Sha256, PendingState State);

/// <summary>What is known about a manifest that the publisher named and that was not adopted.</summary>
internal enum PendingState
{
    /// <summary>No deployment has proved it, and it is not decided about.</summary>
    Unproved,

    /// <summary>The user approved it; no deployment has proved it yet.</summary>
    Approved,

    /// <summary>The user does not approve it.</summary>
    Refused,
}

/// <summary>Files in the directory of the adoption log. Only plain ones are opened: a link leads elsewhere, and a pipe waits for its other end.</summary>
/// <remarks>
/// This guards against accidents and leftovers. Whoever can write the directory can exchange a file between the look at it and its use; he could
/// write an approval as well.
/// </remarks>
internal static class ManifestFiles
{
    /// <summary>All of a file; nothing when it does not exist. Another process may be appending.</summary>
    /// <exception cref="UnauthorizedAccessException">It is no plain file, or may not be read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path)
    {
        // Pipes and devices have no length, so that they are not opened: reading from one may never end.
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

    /// <summary>Makes a file anew, on disk when this returns. What stood there was left by a process that ended before it wrote its line.</summary>
    /// <remarks>
    /// The directory is not flushed: .NET does not open directories. The usual file systems write a new file's name along with its content; should
    /// one not, and the power fail, the log names a file that is missing, which is noticed and trusted in nothing.
    /// </remarks>
    public static void Write(string path, byte[] content)
    {
        File.Delete(path); // a link itself, not where it leads
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Replaces a file, so that a reader sees either the old content or the new one. On disk when this returns.</summary>
    public static void Replace(string path, byte[] content)
    {
        string next = path + ".new";
        Write(next, content);
        File.Move(next, path, overwrite: true); // a link itself, not where it leads
    }

    /// <summary>Opens a file for reading and writing, or makes it.</summary>
    /// <exception cref="UnauthorizedAccessException">It is no plain file, or may not be written.</exception>
    /// <exception cref="IOException">It cannot be opened, for example because another process holds it.</exception>
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
