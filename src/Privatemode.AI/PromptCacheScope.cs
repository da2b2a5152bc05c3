using System.Security.Cryptography;
using System.Text;

namespace Privatemode.AI;

/// <summary>Who shares the service's prompt cache with whom. Requests share cached prefixes when their salts are equal.</summary>
/// <remarks>
/// With any scope but <see cref="None"/> each request carries a shard key in the clear: it reveals the approximate length of
/// the prompt and which requests under the same salt begin alike. A <c>cache_salt</c> in the request itself wins.
/// </remarks>
public sealed class PromptCacheScope
{
    /// <summary>Shortest salt the service accepts, in bytes of UTF-8.</summary>
    public const int MinimumSaltBytes = 32;

    private readonly byte[]? _salt;

    private PromptCacheScope(byte[]? salt) => _salt = salt;

    /// <summary>No sharing: a fresh random salt for every request. The default.</summary>
    public static PromptCacheScope None { get; } = new(salt: null);

    /// <summary>Requests of one client share; each client draws its own random salt when it is made.</summary>
    public static PromptCacheScope PerClient { get; } = new(salt: null);

    /// <summary>All clients with this salt share. Keep it private and random, for example base64 of 32 random bytes.</summary>
    /// <param name="salt">At least 32 bytes in UTF-8.</param>
    /// <exception cref="PrivatemodeConfigurationException">The salt is shorter than 32 bytes or not valid text.</exception>
    public static PromptCacheScope Shared(string salt)
    {
        ArgumentNullException.ThrowIfNull(salt);
        byte[] bytes;
        try
        {
            bytes = new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(salt);
        }
        catch (EncoderFallbackException)
        {
            throw new PrivatemodeConfigurationException(nameof(PrivatemodeOptions.PromptCache), "The cache salt is not valid Unicode text.");
        }

        return bytes.Length >= MinimumSaltBytes
            ? new PromptCacheScope(bytes)
            : throw new PrivatemodeConfigurationException(
                nameof(PrivatemodeOptions.PromptCache), $"The cache salt is shorter than {MinimumSaltBytes} bytes. Use base64 of 32 random bytes.");
    }

    /// <summary>A fresh salt: base64 of 32 random bytes.</summary>
    internal static byte[] RandomSalt()
    {
        Span<byte> random = stackalloc byte[32];
        RandomNumberGenerator.Fill(random);
        return Encoding.ASCII.GetBytes(Convert.ToBase64String(random));
    }

    /// <summary>The salt all requests of one client use; null when each request draws its own.</summary>
    internal byte[]? SaltForClient() => ReferenceEquals(this, PerClient) ? RandomSalt() : _salt;
}
