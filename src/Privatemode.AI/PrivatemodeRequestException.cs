namespace Privatemode.AI;

/// <summary>What was passed to this call cannot be sent: a file that is too large, an audio format the service does not take, an option
/// that is not a number. Change the call; retrying is useless, and other calls are not affected.</summary>
/// <remarks>A web API that passes its users' input on answers this one with 400, and a <see cref="PrivatemodeConfigurationException"/>,
/// which the application's own settings cause, with 500.</remarks>
public sealed class PrivatemodeRequestException : PrivatemodeException
{
    internal PrivatemodeRequestException(string member, string message, Exception? innerException = null)
        : base(message, innerException) => Member = member;

    /// <summary>What to change: an option (<c>SpeechToTextOptions.SpeechLanguage</c>), or the <c>file</c>, <c>body</c>, <c>model</c> or
    /// another field of the call. Never its value.</summary>
    public string Member { get; }
}
