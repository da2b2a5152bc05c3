using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI.Internal;

/// <summary>SHA-256 of an API key, which distinguishes callers.</summary>
internal static class ApiKeyDigest
{
    public static byte[] Of(string apiKey)
    {
        byte[] key = Encoding.UTF8.GetBytes(apiKey);
        try
        {
            return SHA256.HashData(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
