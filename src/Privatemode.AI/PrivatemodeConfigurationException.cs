namespace Privatemode.AI;

/// <summary>A setting of the application is missing, malformed or not accepted, or the service rejects the API key. Every call would fail the
/// same way: fix the setting; retrying is useless.</summary>
/// <remarks>What is wrong with one call only is a <see cref="PrivatemodeRequestException"/>. A web API that passes its users' input on answers
/// this one with 500, and that one with 400.</remarks>
public sealed class PrivatemodeConfigurationException : PrivatemodeException
{
    internal PrivatemodeConfigurationException(string setting, string message, Exception? innerException = null)
        : base(message, innerException) => Setting = setting;

    /// <summary>What to fix: a setting, as <see cref="PrivatemodeOptions"/> (<c>ApiKey</c>) or the application's configuration
    /// (<c>Privatemode:ApiKey</c>) names it.</summary>
    /// <remarks>When several settings of a client are wrong, this is the first of them, and the message has a line for each.</remarks>
    public string Setting { get; }

    /// <summary>Callers bring their API keys, and this was no call of one of them.</summary>
    internal bool IsOutsideOfCalls { get; init; }
}
