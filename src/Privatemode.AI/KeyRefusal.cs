namespace Privatemode.AI;

/// <summary>What to say when the service does not take an API key. Keys themselves are never part of it.</summary>
internal static class KeyRefusal
{
    /// <summary>Where accounts get their API keys.</summary>
    public const string Portal = "https://portal.privatemode.ai";

    /// <summary>What errors call an API key of which they know nothing more; otherwise the account and the setting follow.</summary>
    public const string AnyKey = "the API key";

    /// <summary>The service knows no such key.</summary>
    /// <param name="key">What to call it.</param>
    /// <param name="requestId">The call it was used for; null for verification and key exchange.</param>
    public static PrivatemodeConfigurationException Rejected(string key, string? requestId = null) => new(
        nameof(PrivatemodeOptions.ApiKey),
        $"The service rejects {key} with status 401. Check that it is complete and has not expired, or create another at {Portal}.")
    {
        RequestId = requestId,
    };

    /// <summary>What to do about a key that the service knows and does not let do this.</summary>
    /// <param name="key">What to call it.</param>
    public static string NotAllowed(string key) =>
        $"it does not allow this with {key}; see ServerMessage. Ask whoever manages the key, or look it up at {Portal}.";
}
