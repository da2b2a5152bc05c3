namespace Privatemode.AI;

/// <summary>The exception that is thrown when a call would have sent content unencrypted.</summary>
/// <remarks>Nothing was sent. Change the call: a retry fails in the same way.</remarks>
public sealed class PrivatemodeWouldLeakException : PrivatemodeException
{
    /// <summary>Initializes a new instance of the <see cref="PrivatemodeWouldLeakException"/> class.</summary>
    /// <param name="errorType">The name of what was refused, for example <c>unknown-endpoint</c>; see <see cref="PrivatemodeException.ErrorType"/>.</param>
    /// <param name="message">The error message. It must not contain prompts, answers or keys, because messages are logged.</param>
    /// <param name="innerException">The exception that caused this one, or <see langword="null"/>, the default.</param>
    /// <exception cref="ArgumentException"><paramref name="errorType"/> does not consist of lowercase letters and digits with single dashes between words.
    /// </exception>
    public PrivatemodeWouldLeakException(string errorType, string message, Exception? innerException = null)
        : base(errorType, message, innerException)
    {
    }
}
