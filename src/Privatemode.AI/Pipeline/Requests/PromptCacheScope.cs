using System.Text;
using Privatemode.AI.Internal;

namespace Privatemode.AI;

/// <summary>Specifies which requests can share entries of the service's prompt cache.</summary>
/// <remarks>
/// <para>Each request has a salt, and requests with equal salts share cached prefixes of their prompts.</para>
/// <para>With any scope except <see cref="None"/>, each request that can share cached prompts contains a shard key in the clear. It reveals the
/// approximate length of the prompt, and which requests with the same salt begin with the same text. A <c>cache_salt</c> in the request itself takes
/// precedence over the scope, and such a request contains a shard key in every scope.
/// <c>ChatOptions.ConversationId</c> is never used.</para>
/// </remarks>
public sealed class PromptCacheScope
{
    /// <summary>The minimum length of a salt or secret, in bytes. A salt is measured in UTF-8.</summary>
    public const int MinimumSaltBytes = 32;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private PromptCacheScope()
    {
    }

    /// <summary>Gets the scope in which requests do not share cached prompts: each request has a new random salt. This is the default.</summary>
    public static PromptCacheScope None { get; } = new();

    /// <summary>Gets the scope in which the requests of one client with the same API key share cached prompts.</summary>
    /// <value>The salts are derived from a random secret that each client generates when it is created.</value>
    public static PromptCacheScope PerClient { get; } = new();

    /// <summary>The salt of <see cref="Shared"/>; null in other scopes.</summary>
    internal byte[]? SharedSalt { get; private init; }

    /// <summary>The secret from which salts are derived; null in other scopes, and in <see cref="PerSession"/> if each client has its own.</summary>
    internal byte[]? Secret { get; private init; }

    /// <summary>Whether the requests of one session share cached prompts.</summary>
    internal bool IsPerSession { get; private init; }

    /// <summary>Returns the user of the current call; null in other scopes.</summary>
    internal Func<string?>? CurrentUser { get; private init; }

    /// <summary>Creates a scope in which the requests of all clients with the same salt share cached prompts.</summary>
    /// <param name="salt">The salt, at least 32 bytes in UTF-8. It must be random and secret, for example base64 of 32 random bytes.</param>
    /// <returns>The scope.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="salt"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeConfigurationException"><paramref name="salt"/> is shorter than 32 bytes or is not valid Unicode text.</exception>
    public static PromptCacheScope Shared(string salt)
    {
        ArgumentNullException.ThrowIfNull(salt);
        byte[] bytes = BytesOf(salt) ?? throw NotText("The cache salt");
        return bytes.Length >= MinimumSaltBytes
            ? new PromptCacheScope { SharedSalt = bytes }
            : throw new PrivatemodeConfigurationException(
                OptionNames.PromptCacheScope, $"The cache salt is shorter than {MinimumSaltBytes} bytes. Use base64 of 32 random bytes.");
    }

    /// <summary>Creates a scope in which the requests of the same user share cached prompts, in all clients with the same secret.</summary>
    /// <param name="secret">The secret, at least 32 random bytes; not a password. It is copied.</param>
    /// <param name="user">A string that identifies the user, unique among all users for whom the secret is used. It is compared by ordinal value and is not
    /// sent.</param>
    /// <returns>The scope.</returns>
    /// <remarks>With <see cref="PrivatemodeOptions.ApiKeyAccessor"/>, requests with different API keys never share cached prompts.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="user"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="user"/> is empty.</exception>
    /// <exception cref="PrivatemodeConfigurationException"><paramref name="secret"/> is shorter than 32 bytes, or <paramref name="user"/> is not valid
    /// Unicode text.</exception>
    public static PromptCacheScope PerUser(ReadOnlySpan<byte> secret, string user)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        _ = BytesOf(user) ?? throw NotText("The user of the prompt cache");
        return PerUser(secret, () => user);
    }

    /// <summary>Creates a scope in which the requests of the same user share cached prompts, with a callback that returns the user.</summary>
    /// <param name="secret">The secret, at least 32 random bytes; not a password. It is copied.</param>
    /// <param name="currentUser">Returns the user who makes the call, for example from the current HTTP request. If it returns
    /// <see langword="null"/> or an empty string, the request does not share cached prompts.</param>
    /// <returns>The scope.</returns>
    /// <remarks>
    /// <para><paramref name="currentUser"/> is called once for each call (for embeddings, once for each request), in the context of the caller, and by many
    /// threads at the same time. The call rethrows exceptions of the callback unchanged. If the callback returns text that is not valid Unicode, the call
    /// throws a <see cref="PrivatemodeRequestException"/>.</para>
    /// <para>The strings that the callback returns must be unique among all users for whom the secret is used. With
    /// <see cref="PrivatemodeOptions.ApiKeyAccessor"/>, users with different API keys never share cached prompts, even if their strings are equal.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="currentUser"/> is <see langword="null"/>.</exception>
    /// <exception cref="PrivatemodeConfigurationException"><paramref name="secret"/> is shorter than 32 bytes.</exception>
    public static PromptCacheScope PerUser(ReadOnlySpan<byte> secret, Func<string?> currentUser)
    {
        ArgumentNullException.ThrowIfNull(currentUser);
        return secret.Length >= MinimumSaltBytes
            ? new PromptCacheScope { Secret = secret.ToArray(), CurrentUser = currentUser }
            : throw new PrivatemodeConfigurationException(
                OptionNames.PromptCacheScope, $"The secret for the users' cache salts is shorter than {MinimumSaltBytes} bytes.");
    }

    /// <summary>Creates a scope in which the requests of one session that the caller names, with the same API key, share cached prompts.</summary>
    /// <param name="secret">The secret, at least 32 random bytes; not a password. It is copied. With an empty secret, the default, each client
    /// generates a random one when it is created, and only requests of the same client share cached prompts.</param>
    /// <returns>The scope.</returns>
    /// <remarks>
    /// <para>The caller names the session in the member <c>prompt_cache_key</c> of a request, for example with <c>ChatOptions.AdditionalProperties</c>, or in
    /// <see cref="PrivatemodeRequestOptions.PromptCacheKey"/>, with at most 1,024 bytes in UTF-8. Requests without a session do not share cached prompts. The
    /// name of the session is not sent: it is one of the inputs from which the salt is derived.</para>
    /// <para>In the other scopes except <see cref="None"/>, a session restricts the sharing: requests share cached prompts only if the scope allows it,
    /// and if they either name the same session or do not name one.</para>
    /// </remarks>
    /// <exception cref="PrivatemodeConfigurationException"><paramref name="secret"/> is neither empty nor at least 32 bytes long.</exception>
    public static PromptCacheScope PerSession(ReadOnlySpan<byte> secret = default) => secret.Length is 0 or >= MinimumSaltBytes
        ? new PromptCacheScope { IsPerSession = true, Secret = secret.IsEmpty ? null : secret.ToArray() }
        : throw new PrivatemodeConfigurationException(
            OptionNames.PromptCacheScope, $"The secret for the cache salts of sessions is shorter than {MinimumSaltBytes} bytes.");

    /// <summary>Returns text in UTF-8, or null if it is not valid Unicode: two such texts could have the same bytes.</summary>
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
