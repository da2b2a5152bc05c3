namespace Privatemode.AI;

/// <summary>A setting is missing, malformed or not accepted by the service. Fix your code or settings; retrying is useless.</summary>
public sealed class PrivatemodeConfigurationException : PrivatemodeException
{
    internal PrivatemodeConfigurationException(string setting, string message)
        : base(message) => Setting = setting;

    /// <summary>Name of the setting to fix, for example <c>ApiKey</c>.</summary>
    public string Setting { get; }
}
