namespace Privatemode.AI;

/// <summary>The exception that is thrown when the input or the options of one call cannot be sent.</summary>
/// <remarks>Change the call: a retry fails in the same way, and other calls are not affected. Examples are a file that is too large, an audio format that
/// the service does not accept, and an option that is NaN. A web API that passes on the input of its users should respond with status 400 to this exception,
/// and with 500 to a <see cref="PrivatemodeConfigurationException"/>, which the settings of the application cause.</remarks>
public sealed class PrivatemodeRequestException : PrivatemodeException
{
    /// <summary>Initializes a new instance of the <see cref="PrivatemodeRequestException"/> class.</summary>
    /// <param name="member">The name of the part of the call to change; see <see cref="Member"/>.</param>
    /// <param name="message">The error message. It must not contain prompts, answers or keys, because messages are logged.</param>
    /// <param name="innerException">The exception that caused this one, or <see langword="null"/>, the default.</param>
    /// <remarks><see cref="PrivatemodeException.ErrorType"/> is <c>request</c>.</remarks>
    public PrivatemodeRequestException(string member, string message, Exception? innerException = null)
        : base("request", message, innerException) => Member = member;

    /// <summary>Gets the name of the part of the call to change. It does not contain the value.</summary>
    /// <value>An option (<c>SpeechToTextOptions.SpeechLanguage</c>), a content (<c>messages[3].Contents[0]</c>, or <c>input[3].content[0]</c> in a request for
    /// a response), or another part of the call (<c>file</c>, <c>body</c>, <c>model</c>).</value>
    public string Member { get; }
}
