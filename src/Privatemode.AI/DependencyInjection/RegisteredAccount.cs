namespace Privatemode.AI;

/// <summary>Identifies a Privatemode account that is registered in a service collection.</summary>
/// <remarks>
/// <para><c>AddPrivatemodeChatClient</c> and the other registration methods take the account as this type, so that it cannot be confused with a service key, a
/// model ID or an API key. An instance only identifies the account; it contains no secret and registers nothing.</para>
/// <para>This class is immutable and thread-safe.</para>
/// </remarks>
public sealed class RegisteredAccount
{
    private RegisteredAccount(string? serviceKey) => ServiceKey = serviceKey;

    /// <summary>Gets the account without a service key, which <c>AddPrivatemode</c> registers.</summary>
    public static RegisteredAccount Default { get; } = new(serviceKey: null);

    /// <summary>The service key of the account; null for the account without one.</summary>
    internal string? ServiceKey { get; }

    /// <summary>Returns the account that <c>AddKeyedPrivatemode</c> registers with a service key.</summary>
    /// <param name="serviceKey">The service key of the account. It is not an API key: it appears in logs and messages.</param>
    /// <returns>The account. Whether it is registered is checked when a service that uses it is resolved.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="serviceKey"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="serviceKey"/> is empty.</exception>
    public static RegisteredAccount Keyed(string serviceKey)
    {
        ArgumentException.ThrowIfNullOrEmpty(serviceKey);
        return new RegisteredAccount(serviceKey);
    }
}
