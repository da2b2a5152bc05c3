namespace Privatemode.AI;

/// <summary>Errors for an API key that the service rejects. They never contain the key.</summary>
internal static class KeyRefusal
{
    /// <summary>The website where API keys are created.</summary>
    public const string Portal = "https://portal.privatemode.ai";

    /// <summary>How errors name an API key whose account and setting are unknown.</summary>
    public const string AnyKey = "the API key";

    /// <summary>Creates the exception for status 401: the service does not know the key.</summary>
    /// <param name="key">How to name the key.</param>
    /// <param name="requestId">The call it was used for; null for verification and key exchange.</param>
    public static PrivatemodeConfigurationException Rejected(string key, string? requestId = null) => new(
        nameof(PrivatemodeOptions.ApiKey),
        $"The service rejected {key} with status 401. Check that the key is complete and has not expired, or create a new one at {Portal}.")
    {
        RequestId = requestId,
    };

    /// <summary>What to do about statuses 402 and 403: the key is valid, but not for this call.</summary>
    /// <param name="key">How to name the key.</param>
    public static string NotAllowed(string key) =>
        $"{key} does not permit this call; see ServerMessage. Check the key and its account at {Portal}.";
}
