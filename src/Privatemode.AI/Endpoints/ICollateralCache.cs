namespace Privatemode.AI.Endpoints;

/// <summary>Keeps downloaded files. A cache that fails is a cache without the file, never an error.</summary>
internal interface ICollateralCache
{
    ValueTask<byte[]?> GetAsync(string key, bool async, CancellationToken cancellationToken);

    ValueTask SetAsync(string key, byte[] file, bool async, CancellationToken cancellationToken);
}
