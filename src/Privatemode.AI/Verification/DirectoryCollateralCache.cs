using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Verification;

/// <summary>Downloaded files in a directory, which several processes may share: each is written beside and moved into place.</summary>
/// <remarks>
/// Whenever a file is written, those that may not be used any more are deleted, and the oldest when there are too many: certificates first. They can
/// be downloaded again, and a platform of one's own is enough to have many of them kept. A lost revocation list could be replaced by an older one.
/// </remarks>
internal sealed class DirectoryCollateralCache(string directory, TimeProvider time) : ICollateralCache
{
    /// <summary>Most files kept. A deployment needs at most six; the rest are those of other machines.</summary>
    public const int MostFiles = 256;

    private const int NameLength = 2 * SHA256.HashSizeInBytes;
    private const string Extension = ".collateral";
    private const string BesideExtension = ".tmp";

    // Others may replace it meanwhile.
    private static readonly FileStreamOptions Reading = new() { Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };

    // Longer than revocation lists and documents are valid; certificates of chips are for seven years, and those above them for longer.
    private static readonly TimeSpan LongestList = TimeSpan.FromDays(2 * 365);

    // What a process left behind that was stopped while it wrote.
    private static readonly TimeSpan BesideFor = TimeSpan.FromHours(1);

    public async ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken)
    {
        try
        {
            FileInfo file = new(PathOf(key));
            if (!file.Exists || file.Length > limit)
            {
                return null;
            }

            // Not more than was measured: what stands there may be a device, or grow while it is read.
            byte[] bytes = new byte[file.Length + 1];
            using FileStream stream = new(file.FullName, Reading);
            int read = async
                ? await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false)
                : stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return read < bytes.Length ? bytes[..read] : null;
        }
        catch (Exception exception) when (IsTrouble(exception))
        {
            return null;
        }
    }

    public async ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken)
    {
        if (validUntil < time.GetUtcNow())
        {
            return;
        }

        string path = PathOf(key);
        string beside = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}{BesideExtension}";
        try
        {
            _ = Directory.CreateDirectory(directory);
            if (async)
            {
                await File.WriteAllBytesAsync(beside, file, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                File.WriteAllBytes(beside, file);
            }

            File.Move(beside, path, overwrite: true);
            Prune();
        }
        catch (Exception exception) when (IsTrouble(exception))
        {
            // Without the copy it is downloaded again next time.
            TryDelete(beside);
        }
        catch (OperationCanceledException)
        {
            TryDelete(beside);
            throw;
        }
    }

    private string PathOf(string key) =>
        Path.Combine(directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))) + Extension);

    /// <summary>Deletes own files only: the directory may hold others.</summary>
    private void Prune()
    {
        DateTimeOffset now = time.GetUtcNow();
        List<(FileInfo File, bool IsCertificate)> kept = [];
        foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles())
        {
            bool isBeside = file.Name.EndsWith(BesideExtension, StringComparison.Ordinal);
            string name = isBeside ? Path.GetFileNameWithoutExtension(Path.GetFileNameWithoutExtension(file.Name)) : file.Name;
            if (name.Length != NameLength + Extension.Length || !name.EndsWith(Extension, StringComparison.Ordinal))
            {
                continue;
            }

            // Files are dated by the machine's clock, whatever clock the client was given.
            DateTimeOffset? validUntil = isBeside ? null : ReadValidUntil(file);
            if (isBeside ? TimeProvider.System.GetUtcNow() - file.LastWriteTimeUtc > BesideFor : validUntil < now)
            {
                TryDelete(file.FullName);
            }
            else if (!isBeside)
            {
                kept.Add((file, !(validUntil - now <= LongestList)));
            }
        }

        foreach ((FileInfo file, _) in kept.OrderBy(one => one.IsCertificate).ThenByDescending(one => one.File.LastWriteTimeUtc).Skip(MostFiles))
        {
            TryDelete(file.FullName);
        }
    }

    /// <summary>Until when the file may be used; null for what cannot be read, which is left alone.</summary>
    private static DateTimeOffset? ReadValidUntil(FileInfo file)
    {
        try
        {
            Span<byte> head = stackalloc byte[CollateralFile.HeadLength];
            using FileStream stream = new(file.FullName, Reading);
            return CollateralFile.ReadValidUntil(head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)]);
        }
        catch (Exception exception) when (IsTrouble(exception))
        {
            return null;
        }
    }

    // The last when the path is none at all.
    private static bool IsTrouble(Exception exception) => exception is IOException or UnauthorizedAccessException or ArgumentException;

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (IsTrouble(exception))
        {
        }
    }
}
