namespace Privatemode.AI;

/// <summary>The exception that is thrown when a setting of the application is missing or not accepted, or the service rejects the API key.</summary>
/// <remarks>Correct the setting: every call fails in the same way until then. A mistake in the input or options of one call is a
/// <see cref="PrivatemodeRequestException"/> instead. A web API that passes on the input of its users should respond with status 500 to this exception, and
/// with 400 to the other one.</remarks>
public sealed class PrivatemodeConfigurationException : PrivatemodeException
{
    /// <summary>Initializes a new instance of the <see cref="PrivatemodeConfigurationException"/> class.</summary>
    /// <param name="setting">The name of the setting to correct; see <see cref="Setting"/>.</param>
    /// <param name="message">The error message. It must not contain prompts, answers or keys, because messages are logged.</param>
    /// <param name="innerException">The exception that caused this one, or <see langword="null"/>, the default.</param>
    /// <remarks><see cref="PrivatemodeException.ErrorType"/> is <c>configuration</c>.</remarks>
    public PrivatemodeConfigurationException(string setting, string message, Exception? innerException = null)
        : base("configuration", message, innerException) => Setting = setting;

    /// <summary>Gets the name of the setting to correct. It does not contain the setting's value.</summary>
    /// <value>The path of the option in <see cref="PrivatemodeOptions"/>, such as <c>Transport.ResponseTimeout</c>, or the key in the application's
    /// configuration, such as <c>Privatemode:Transport:ResponseTimeout</c>. If neither exists for the mistake, the name of a class or member, such as
    /// <c>RegisteredAccount</c>.</value>
    /// <remarks>If several settings of a client are invalid, this is the first of them, and the message has a line for each.</remarks>
    public string Setting { get; }

    /// <summary>Whether <see cref="PrivatemodeOptions.ApiKeyAccessor"/> had no key because the client was used outside of a call.</summary>
    internal bool IsOutsideOfCalls { get; init; }

    /// <summary>Whether the API key of one caller is invalid; the message names where the key comes from.</summary>
    internal bool IsApiKeyError { get; init; }
}

/// <summary>Errors for an API key that the service rejects. They never contain the key.</summary>
internal static class ApiKeyErrors
{
    /// <summary>The website where API keys are created.</summary>
    public const string Portal = "https://portal.privatemode.ai";

    /// <summary>The name in messages of an API key whose account and setting are unknown.</summary>
    public const string AnyKey = "the API key";

    /// <summary>Creates the exception for status 401: the service does not know the key.</summary>
    /// <param name="key">The name of the key in the message.</param>
    /// <param name="requestId">The call for which it was used; null for verification and key exchange.</param>
    public static PrivatemodeConfigurationException Rejected(string key, string? requestId = null) => new(
        nameof(PrivatemodeOptions.ApiKey),
        $"The service rejected {key} with status 401. Check that the key is complete and has not expired, or create a new one at {Portal}.")
    {
        RequestId = requestId,
        IsApiKeyError = true,
    };

    /// <summary>The advice for statuses 402 and 403: the key is valid, but not for this call.</summary>
    /// <param name="key">The name of the key in the message.</param>
    public static string NotAllowed(string key) =>
        $"{key} does not permit this call; see ServerMessage. Check the key and its account at {Portal}.";
}
