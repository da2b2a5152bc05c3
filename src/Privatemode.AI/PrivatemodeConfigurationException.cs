namespace Privatemode.AI;

/// <summary>A setting, an option of a call or its input is missing, malformed or not accepted. Fix your code, settings or input; retrying is
/// useless.</summary>
public sealed class PrivatemodeConfigurationException : PrivatemodeException
{
    internal PrivatemodeConfigurationException(string setting, string message, Exception? innerException = null)
        : base(message, innerException) => Setting = setting;

    /// <summary>What to fix: a setting (<c>ApiKey</c>), an option (<c>SpeechToTextOptions.SpeechLanguage</c>), or the <c>file</c>, <c>body</c>,
    /// <c>model</c> or another field of the call.</summary>
    public string Setting { get; }
}
