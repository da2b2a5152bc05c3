using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.AspNetCore.Gate;

/// <summary>Compares two digests of keys. Tests count the calls.</summary>
internal delegate bool DigestComparer(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right);

/// <summary>The accepted caller keys, as SHA-256 digests. Immutable.</summary>
internal sealed class CallerKeySet
{
    public const int MaxKeys = 10_000;
    public const int MinKeyLength = 16;
    public const int MaxKeyLength = 512;

    /// <summary>The maximum number of characters that are hashed. Longer texts are cut; no key is that long.</summary>
    private const int MaxHashedLength = 4096;

    private readonly byte[][] _digests;

    private CallerKeySet(byte[][] digests) => _digests = digests;

    public int Count => _digests.Length;

    /// <summary>Returns the digest of the key that a caller sent.</summary>
    public static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key.Length <= MaxHashedLength ? key : key[..MaxHashedLength]));

    /// <summary>Returns the one-based number of the key, or 0 if it is not an accepted key.</summary>
    /// <remarks>The key is compared with all keys. The time does not depend on which key matches, or on how many bytes are equal.</remarks>
    public int Find(string presented, DigestComparer comparer)
    {
        byte[] digest = Digest(presented);
        int found = 0;
        for (int i = 0; i < _digests.Length; i++)
        {
            // No two keys are equal, so that at most one number is in the result.
            found |= -Convert.ToInt32(comparer(digest, _digests[i])) & (i + 1);
        }

        return presented.Length > MaxKeyLength ? 0 : found;
    }

    /// <summary>Collects and validates keys. Its messages contain no part of a key.</summary>
    internal sealed class Builder
    {
        private const long MaxFileSize = 8 * 1024 * 1024;

        private readonly List<byte[]> _digests = [];
        private readonly HashSet<string> _known = new(StringComparer.Ordinal);

        /// <summary>Adds a key.</summary>
        /// <returns>A message that says why the key is invalid, or null.</returns>
        public string? Add(string? key)
        {
            if (key is null || key.Length < MinKeyLength || key.Length > MaxKeyLength || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            {
                return $"is not a key of {MinKeyLength} to {MaxKeyLength} printable ASCII characters without spaces.";
            }

            byte[] digest = Digest(key);
            if (!_known.Add(Convert.ToHexString(digest)))
            {
                return "is the same as an earlier key. Give each caller a different key.";
            }

            _digests.Add(digest);
            return _digests.Count > MaxKeys ? $"exceeds the maximum of {MaxKeys} keys. Remove keys that are no longer used." : null;
        }

        /// <summary>Adds the keys of a file.</summary>
        /// <returns>A message that says why the file is invalid, or null.</returns>
        public string? AddFile(string path)
        {
            try
            {
                if (new FileInfo(path).Length > MaxFileSize)
                {
                    return $"is a file of more than {MaxFileSize} bytes. Use several smaller files.";
                }

                int number = 0;
                int before = _digests.Count;
                foreach (string line in File.ReadLines(path))
                {
                    number++;
                    string key = line.Trim();
                    if (key.Length > 0 && key[0] != '#' && Add(key) is { } fault)
                    {
                        return $"is a file whose line {number} {fault}";
                    }
                }

                return _digests.Count == before ? "is a file without keys. Add a key, one on each line." : null;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                return $"is a file that cannot be read ({exception.GetType().Name}).";
            }
        }

        public CallerKeySet Build() => new([.. _digests]);
    }
}
