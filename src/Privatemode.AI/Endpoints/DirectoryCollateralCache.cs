using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Endpoints;

/// <summary>Downloaded files in a directory, which several processes may share: each is written beside and moved into place.</summary>
internal sealed class DirectoryCollateralCache(string directory) : ICollateralCache
{
    // Others may replace it meanwhile.
    private static readonly FileStreamOptions Reading = new() { Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };

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

    public async ValueTask SetAsync(string key, byte[] file, bool async, CancellationToken cancellationToken)
    {
        string path = PathOf(key);
        string beside = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp";
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

    private string PathOf(string key) => Path.Combine(directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))) + ".collateral");

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
