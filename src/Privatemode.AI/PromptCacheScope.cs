using System.Text;

namespace Privatemode.AI;

/// <summary>Who shares the service's prompt cache with whom. Requests share cached prefixes when their salts are equal.</summary>
/// <remarks>
/// With any scope but <see cref="None"/> each request carries a shard key in the clear: it reveals the approximate length of
/// the prompt and which requests under the same salt begin alike. A <c>cache_salt</c> in the request itself wins. Nothing is ever derived
/// from <c>ChatOptions.ConversationId</c>.
/// </remarks>
public sealed class PromptCacheScope
{
    /// <summary>Shortest salt the service accepts, in bytes of UTF-8; also the shortest secret to derive salts from, in bytes.</summary>
    public const int MinimumSaltBytes = 32;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private PromptCacheScope()
    {
    }

    /// <summary>No sharing: a fresh random salt for every request. The default.</summary>
    public static PromptCacheScope None { get; } = new();

    /// <summary>Requests of one client with the same API key share; each client draws a secret of its own when it is made.</summary>
    public static PromptCacheScope PerClient { get; } = new();

    /// <summary>Used as it is; null in other scopes.</summary>
    internal byte[]? SharedSalt { get; private init; }

    /// <summary>What salts are derived from; null in other scopes.</summary>
    internal byte[]? Secret { get; private init; }

    /// <summary>Whose request this is, in <see cref="PerUser(ReadOnlySpan{byte}, Func{string?})"/>.</summary>
    internal Func<string?>? CurrentUser { get; private init; }

    /// <summary>All clients with this salt share. Keep it private and random, for example base64 of 32 random bytes.</summary>
    /// <param name="salt">At least 32 bytes in UTF-8.</param>
    /// <exception cref="PrivatemodeConfigurationException">The salt is shorter than 32 bytes or not valid text.</exception>
    public static PromptCacheScope Shared(string salt)
    {
        ArgumentNullException.ThrowIfNull(salt);
        byte[] bytes = BytesOf(salt) ?? throw NotText("The cache salt");
        return bytes.Length >= MinimumSaltBytes
            ? new PromptCacheScope { SharedSalt = bytes }
            : throw new PrivatemodeConfigurationException(
                OptionNames.PromptCacheScope, $"The cache salt is shorter than {MinimumSaltBytes} bytes. Use base64 of 32 random bytes.");
    }

    /// <summary>Requests of one user share, in all clients with this secret.</summary>
    /// <param name="secret">At least 32 random bytes, kept private; copied. Not a password.</param>
    /// <param name="user">Who it is: any text, compared character by character. It is not sent.</param>
    /// <exception cref="ArgumentException">The user is null or empty.</exception>
    /// <exception cref="PrivatemodeConfigurationException">The secret is shorter than 32 bytes, or the user is not valid text.</exception>
    public static PromptCacheScope PerUser(ReadOnlySpan<byte> secret, string user)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        _ = BytesOf(user) ?? throw NotText("The user of the prompt cache");
        return PerUser(secret, () => user);
    }

    /// <summary>Requests of one user share, in all clients with this secret; who it is, is asked at every call.</summary>
    /// <param name="secret">At least 32 random bytes, kept private; copied. Not a password.</param>
    /// <param name="currentUser">
    /// Who is calling, for example from the current HTTP request. Null or empty: nobody in particular, whose request shares with no other.
    /// Called once for each call, in the caller's context, by many threads at once; what it throws, the call throws. When it returns text that is
    /// not valid Unicode, the call throws a <see cref="PrivatemodeRequestException"/>.
    /// </param>
    /// <remarks>
    /// Ids must be unique among all users of the secret. With <see cref="PrivatemodeOptions.ApiKeyAccessor"/> users with different API keys
    /// never share, whatever their ids.
    /// </remarks>
    /// <exception cref="PrivatemodeConfigurationException">The secret is shorter than 32 bytes.</exception>
    public static PromptCacheScope PerUser(ReadOnlySpan<byte> secret, Func<string?> currentUser)
    {
        ArgumentNullException.ThrowIfNull(currentUser);
        return secret.Length >= MinimumSaltBytes
            ? new PromptCacheScope { Secret = secret.ToArray(), CurrentUser = currentUser }
            : throw new PrivatemodeConfigurationException(
                OptionNames.PromptCacheScope, $"The secret for the users' cache salts is shorter than {MinimumSaltBytes} bytes.");
    }

    /// <summary>Text in UTF-8; null when it is not valid, because two such texts could become the same bytes.</summary>
    internal static byte[]? BytesOf(string text)
    {
        try
        {
            return Utf8.GetBytes(text);
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }

    private static PrivatemodeConfigurationException NotText(string what) =>
        new(OptionNames.PromptCacheScope, $"{what} is not valid Unicode text.");
}
