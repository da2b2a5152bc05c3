using System.Buffers.Text;
using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Privatemode.AI.Attestation.Certificates;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Verification;

/// <summary>Stores downloaded files. A cache that fails behaves like an empty one and never throws.</summary>
internal interface ICollateralCache
{
    /// <summary>Returns a file, or null if the cache does not have it or if it is longer than the limit in bytes.</summary>
    ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken);

    /// <summary>Stores a file until it must no longer be used.</summary>
    ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken);
}

/// <summary>Stores downloaded files in memory for all clients of the process: they are public, and each client verifies them again.</summary>
/// <param name="scope">Separates the files of different trust anchors; empty for those of AMD and Intel.</param>
internal sealed class MemoryCollateralCache(string scope) : ICollateralCache
{
    private const long SizeLimit = 32 * 1024 * 1024;

    private static readonly MemoryCache Files = new(new MemoryCacheOptions { SizeLimit = SizeLimit });

    public ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken) =>
        new(Files.Get<byte[]>(scope + key) is { } file && file.Length <= limit ? file : null);

    public ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken)
    {
        _ = Files.Set(scope + key, file, new MemoryCacheEntryOptions { Size = file.Length });
        return default;
    }
}

/// <summary>A cache with a timeout: one that hangs behaves like an empty one.</summary>
/// <remarks>
/// Calls to a file system or an application's cache might never return, so they run on another thread. For a synchronous caller, they are synchronous and run
/// on a dedicated thread, so they do not wait for the thread pool.
/// </remarks>
internal sealed class TimedCollateralCache(ICollateralCache inner, TimeProvider time) : ICollateralCache
{
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(2);

    // A call that was abandoned. While it hangs, the cache is not called again: that would mean another wait, and another thread.
    private volatile Task? _givenUp;

    public ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken) =>
        CallAsync(token => inner.GetAsync(key, limit, async, token), async, cancellationToken);

    public async ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken) =>
        _ = await CallAsync(token => SetAndReturnAsync(key, file, validUntil, async, token), async, cancellationToken).ConfigureAwait(false);

    private async ValueTask<byte[]?> SetAndReturnAsync(
        string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken)
    {
        await inner.SetAsync(key, file, validUntil, async, cancellationToken).ConfigureAwait(false);
        return null;
    }

    private async ValueTask<byte[]?> CallAsync(Func<CancellationToken, ValueTask<byte[]?>> call, bool async, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_givenUp is { IsCompleted: false })
        {
            return null;
        }

        using CallDeadline deadline = new(MaxWait, time, async, cancellationToken);
        CancellationToken token = deadline.Token;
        Task<byte[]?> work = Task.Factory.StartNew(
            () => call(token).AsTask(),
            CancellationToken.None,
            async ? TaskCreationOptions.DenyChildAttach : TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Unwrap();
        try
        {
            return await SyncOrAsync.WaitAsync(work, async, token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _givenUp = work;
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }
}

/// <summary>Stores downloaded files in the application's distributed cache, each until it must no longer be used.</summary>
internal sealed class DistributedCollateralCache(IDistributedCache cache, TimeProvider time) : ICollateralCache
{
    // Certificates of chips are valid for seven years, which is longer than caches usually keep entries.
    private static readonly TimeSpan MaxRetention = TimeSpan.FromDays(400);

    public async ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken)
    {
        try
        {
            // The interface returns only whole values; whether the cache reads more than the limit is up to it.
            byte[]? file = async ? await cache.GetAsync(NameOf(key), cancellationToken).ConfigureAwait(false) : cache.Get(NameOf(key));
            return file?.Length <= limit ? file : null;
        }
        catch (Exception exception) when (!IsCallers(exception, cancellationToken))
        {
            // The exception type of an unavailable cache is unknown.
            return null;
        }
    }

    public async ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken)
    {
        TimeSpan left = validUntil - time.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            return;
        }

        DistributedCacheEntryOptions kept = new() { AbsoluteExpirationRelativeToNow = left < MaxRetention ? left : MaxRetention };
        try
        {
            if (async)
            {
                await cache.SetAsync(NameOf(key), file, kept, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                cache.Set(NameOf(key), file, kept);
            }
        }
        catch (Exception exception) when (!IsCallers(exception, cancellationToken))
        {
            // See GetAsync.
        }
    }

    /// <summary>Returns whether the caller canceled. A slow cache can also cancel its own work.</summary>
    private static bool IsCallers(Exception exception, CancellationToken caller) => exception is OperationCanceledException && caller.IsCancellationRequested;

    private static string NameOf(string key) => $"Privatemode.AI:collateral:{key}";
}

/// <summary>Stores downloaded files in a directory, which several processes can share: each file is written to a temporary file and then renamed.</summary>
/// <remarks>
/// Whenever a file is written, expired files and abandoned temporary files are deleted. If too many remain, the oldest ones are deleted too, certificates
/// first: certificates can be downloaded again, and an attacker with one platform can cause many of them. If a revocation list were deleted, an older one could
/// replace it.
/// </remarks>
internal sealed class DirectoryCollateralCache(string directory, TimeProvider time) : ICollateralCache
{
    /// <summary>The maximum number of files. A deployment needs at most six; the others belong to other machines.</summary>
    public const int MaxFiles = 256;

    private const int NameLength = 2 * SHA256.HashSizeInBytes;
    private const string Extension = ".collateral";
    private const string BesideExtension = ".tmp";

    // Another process may replace it meanwhile.
    private static readonly FileStreamOptions Reading = new() { Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };

    // Longer than revocation lists and documents are valid; certificates of chips are valid for seven years, and those above them for longer.
    private static readonly TimeSpan MaxListAge = TimeSpan.FromDays(2 * 365);

    // Temporary files of a process that ended while it wrote.
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

            // Read only the expected length: the path may be a device, or a file that grows.
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
            // Without the stored copy, the file is downloaded again next time.
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

    /// <summary>Deletes old files of this library. Other files in the directory are not deleted.</summary>
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

            // The file system uses the machine's clock, whichever clock the client uses.
            DateTimeOffset? validUntil = isBeside ? null : ReadValidUntil(file);
            if (isBeside ? TimeProvider.System.GetUtcNow() - file.LastWriteTimeUtc > BesideFor : validUntil < now)
            {
                TryDelete(file.FullName);
            }
            else if (!isBeside)
            {
                kept.Add((file, !(validUntil - now <= MaxListAge)));
            }
        }

        foreach ((FileInfo file, _) in kept.OrderBy(one => one.IsCertificate).ThenByDescending(one => one.File.LastWriteTimeUtc).Skip(MaxFiles))
        {
            TryDelete(file.FullName);
        }
    }

    /// <summary>Returns the time until which the file can be used, or null if it cannot be read. Such a file is not deleted.</summary>
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

    // The last exception: the path is invalid.
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

/// <summary>A downloaded file that a verification uses. It is authentic only if it has a <see cref="Version"/>.</summary>
/// <param name="Chain">The header with the signer's certificates, unchanged; empty for a file without such a header.</param>
/// <param name="FetchedAt">The time of the download; <see cref="NeverFetched"/> for a file that came with the evidence.</param>
internal sealed record CollateralFile(byte[] Body, string Chain, DateTimeOffset FetchedAt)
{
    /// <summary>The number of bytes at the start that contain the time until which the file may be used.</summary>
    public const int HeadLength = 64;

    /// <summary>The maximum number of bytes that <see cref="Encode"/> adds: several times what an HTTP client accepts as headers.</summary>
    private const int MaxAddedSize = 256 * 1024;

    /// <summary>The time of download of a file that was not downloaded.</summary>
    public static DateTimeOffset NeverFetched => DateTimeOffset.UnixEpoch;

    private static ReadOnlySpan<byte> Mark => "privatemode-collateral-2\n"u8;

    /// <summary>Whether the file is a copy from a cache.</summary>
    public bool IsFromCache { get; init; }

    /// <summary>Whether the file is a copy that is older than required, because a download failed or returned nothing newer.</summary>
    public bool IsStale { get; init; }

    /// <summary>Whether the file is a copy of a file that its host no longer offers.</summary>
    public bool IsWithdrawn { get; init; }

    /// <summary>The version, if the file was found authentic; only such files are stored.</summary>
    public DocumentVersion? Version { get; init; }

    /// <summary>
    /// Encodes the file for caches: a mark, the time of download and the end of validity in Unix milliseconds, and the chain in base64, each on a
    /// line, and the file.
    /// </summary>
    public byte[] Encode()
    {
        string times = string.Create(
            CultureInfo.InvariantCulture, $"{FetchedAt.ToUnixTimeMilliseconds()} {Version.GetValueOrDefault().ValidUntil.ToUnixTimeMilliseconds()}");
        return [.. Mark, .. Encoding.ASCII.GetBytes($"{times}\n{Convert.ToBase64String(Encoding.UTF8.GetBytes(Chain))}\n"), .. Body];
    }

    /// <summary>The maximum length of an encoded file whose content is not longer than a limit.</summary>
    public static int EncodedLimit(int limit) => limit + MaxAddedSize;

    /// <summary>Decodes the result of <see cref="Encode"/>; null for anything else, which a cache may contain as well.</summary>
    public static CollateralFile? Decode(byte[] bytes)
    {
        if (ReadTimes(bytes) is not { } times)
        {
            return null;
        }

        ReadOnlySpan<byte> rest = bytes.AsSpan(times.Length);
        int chain = rest.IndexOf((byte)'\n');
        if (chain < 0)
        {
            return null;
        }

        byte[] header = new byte[chain];
        return Base64.DecodeFromUtf8(rest[..chain], header, out _, out int written) == OperationStatus.Done
            ? new CollateralFile(rest[(chain + 1)..].ToArray(), Encoding.UTF8.GetString(header, 0, written), times.FetchedAt) { IsFromCache = true }
            : null;
    }

    /// <summary>Reads the time until which an encoded file may be used from its first <see cref="HeadLength"/> bytes; null for anything else.</summary>
    public static DateTimeOffset? ReadValidUntil(ReadOnlySpan<byte> head) => ReadTimes(head)?.ValidUntil;

    private static (DateTimeOffset FetchedAt, DateTimeOffset ValidUntil, int Length)? ReadTimes(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Mark))
        {
            return null;
        }

        ReadOnlySpan<byte> line = bytes[Mark.Length..];
        line = line[..Math.Max(line.IndexOf((byte)'\n'), 0)];
        int space = line.IndexOf((byte)' ');
        return space > 0 && ReadTime(line[..space]) is { } fetchedAt && ReadTime(line[(space + 1)..]) is { } validUntil
            ? (fetchedAt, validUntil, Mark.Length + line.Length + 1)
            : null;
    }

    private static DateTimeOffset? ReadTime(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out long milliseconds, out int read) && read == text.Length && milliseconds is >= 0 and <= 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;
}
