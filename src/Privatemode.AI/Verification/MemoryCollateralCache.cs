using Microsoft.Extensions.Caching.Memory;

namespace Privatemode.AI.Verification;

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
