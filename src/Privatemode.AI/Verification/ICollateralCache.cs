namespace Privatemode.AI.Verification;

/// <summary>Keeps downloaded files. A cache that fails is a cache without the file, never an error.</summary>
internal interface ICollateralCache
{
    /// <summary>A file; null when there is none, or one that is longer than the limit in bytes.</summary>
    ValueTask<byte[]?> GetAsync(string key, int limit, bool async, CancellationToken cancellationToken);

    /// <summary>Keeps a file, for as long as it may be used.</summary>
    ValueTask SetAsync(string key, byte[] file, DateTimeOffset validUntil, bool async, CancellationToken cancellationToken);
}
