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

/// <summary>Keeps downloaded files. A cache that fails is a cache without the file, never an error.</summary>
internal interface ICollateralCache
{
    /// <summary>A file; null when there is none, or one that is longer than the limit in bytes.</summary>
    ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken);

    /// <summary>Keeps a file, for as long as it may be used.</summary>
    ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken);
}

/// <summary>Downloaded files in memory, shared by all clients of the process: they are public, and judged anew by each.</summary>
/// <param name="scope">Keeps the files of one world of trust apart from those of another; empty for the vendors' own.</param>
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

/// <summary>A cache with a limit to how long it may take: one that hangs is a cache without the file.</summary>
/// <remarks>
/// Neither a file system nor an application's cache can be relied on to give a thread back, so they are called on another one. A synchronous
/// caller's calls are synchronous there too, and their thread is their own: they do not wait for the thread pool.
/// </remarks>
internal sealed class TimedCollateralCache(ICollateralCache inner, TimeProvider time) : ICollateralCache
{
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    // A call that was given up. While it hangs the cache is not asked again: that would cost another wait, and another thread.
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

        using CallDeadline deadline = new(LongestWait, time, async, cancellationToken);
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

/// <summary>Downloaded files in the application's distributed cache, each until it may not be used any more.</summary>
internal sealed class DistributedCollateralCache(IDistributedCache cache, TimeProvider time) : ICollateralCache
{
    // Certificates of chips are valid for seven years, which is longer than caches are asked to keep anything.
    private static readonly TimeSpan LongestKept = TimeSpan.FromDays(400);

    public async ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken)
    {
        try
        {
            // The interface hands out whole values only; whether it reads more than this before is up to the cache.
            byte[]? file = async ? await cache.GetAsync(NameOf(key), cancellationToken).ConfigureAwait(false) : cache.Get(NameOf(key));
            return file?.Length <= limit ? file : null;
        }
        catch (Exception exception) when (!IsCallers(exception, cancellationToken))
        {
            // Whatever the cache throws when it is away.
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

        DistributedCacheEntryOptions kept = new() { AbsoluteExpirationRelativeToNow = left < LongestKept ? left : LongestKept };
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

    /// <summary>A cache that takes too long may cancel its own work; that is not the caller's cancellation.</summary>
    private static bool IsCallers(Exception exception, CancellationToken caller) => exception is OperationCanceledException && caller.IsCancellationRequested;

    private static string NameOf(string key) => $"Privatemode.AI:collateral:{key}";
}

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

/// <summary>A downloaded file that evidence is judged by. Trusted only as far as its <see cref="Version"/> was read from authentic bytes.</summary>
/// <param name="Chain">The header with the signer's certificates, as it came; empty when there is none.</param>
/// <param name="FetchedAt">When it was downloaded; <see cref="NeverFetched"/> for a file that came with the evidence.</param>
internal sealed record CollateralFile(byte[] Body, string Chain, DateTimeOffset FetchedAt)
{
    /// <summary>Bytes from the beginning that say until when the file may be used.</summary>
    public const int HeadLength = 64;

    /// <summary>Most that <see cref="Encode"/> adds to a file, in bytes: several times what an HTTP client accepts as headers.</summary>
    private const int MostAdded = 256 * 1024;

    /// <summary>The time of download of a file that was not downloaded.</summary>
    public static DateTimeOffset NeverFetched => DateTimeOffset.UnixEpoch;

    private static ReadOnlySpan<byte> Mark => "privatemode-collateral-2\n"u8;

    /// <summary>True when it was not downloaded just now.</summary>
    public bool IsFromCache { get; init; }

    /// <summary>True when it is a copy that is older than demanded, because a download is impossible or brought nothing newer.</summary>
    public bool IsStale { get; init; }

    /// <summary>True when it is a copy of a file that its host says it does not hand out any more.</summary>
    public bool IsWithdrawn { get; init; }

    /// <summary>The version, if the file was found authentic; only such files are stored.</summary>
    public DocumentVersion? Version { get; init; }

    /// <summary>
    /// Writes one byte string for caches: a mark, the time of download and the end of validity in Unix milliseconds, the chain in base64, each on a
    /// line, and the file.
    /// </summary>
    public byte[] Encode()
    {
        string times = string.Create(
            CultureInfo.InvariantCulture, $"{FetchedAt.ToUnixTimeMilliseconds()} {Version.GetValueOrDefault().ValidUntil.ToUnixTimeMilliseconds()}");
        return [.. Mark, .. Encoding.ASCII.GetBytes($"{times}\n{Convert.ToBase64String(Encoding.UTF8.GetBytes(Chain))}\n"), .. Body];
    }

    /// <summary>Longest encoding of a file that is no longer than a limit.</summary>
    public static int EncodedLimit(int limit) => limit + MostAdded;

    /// <summary>The reverse of <see cref="Encode"/>; null for anything else, which a cache may hold as well.</summary>
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

    /// <summary>Reads until when an encoded file may be used from its first <see cref="HeadLength"/> bytes; null for anything else.</summary>
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
