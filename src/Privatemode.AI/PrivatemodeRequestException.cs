namespace Privatemode.AI;

/// <summary>The exception that is thrown when the input or the options of one call cannot be sent. Change the call: a retry fails in the same way,
/// and other calls are not affected.</summary>
/// <remarks>Examples are a file that is too large, an audio format that the service does not accept, and an option that is NaN. A web API that passes on
/// the input of its users responds with status 400 to this exception, and with 500 to a <see cref="PrivatemodeConfigurationException"/>, which the
/// settings of the application cause.</remarks>
public sealed class PrivatemodeRequestException : PrivatemodeException
{
    internal PrivatemodeRequestException(string member, string message, Exception? innerException = null)
        : base(message, innerException) => Member = member;

    /// <summary>Gets the name of what to change, never its value: an option (<c>SpeechToTextOptions.SpeechLanguage</c>), a content
    /// (<c>messages[3].Contents[0]</c>), or another part of the call (<c>file</c>, <c>body</c>, <c>model</c>).</summary>
    public string Member { get; }
}
