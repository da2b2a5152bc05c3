namespace Privatemode.AI;

/// <summary>The exception that is thrown when an answer was altered, cut short or not encrypted.</summary>
/// <remarks>Do not use the answer: it may have been altered on its way from the deployment. The part of a stream that was returned before this
/// exception is authentic but incomplete.</remarks>
public sealed class PrivatemodeIntegrityException : PrivatemodeException
{
    /// <summary>Initializes a new instance of the <see cref="PrivatemodeIntegrityException"/> class.</summary>
    /// <param name="errorType">The name of what failed, for example <c>truncated-stream</c>; see <see cref="PrivatemodeException.ErrorType"/>.</param>
    /// <param name="message">The error message. It must not contain prompts, answers or keys, because messages are logged.</param>
    /// <param name="innerException">The exception that caused this one, or <see langword="null"/>, the default.</param>
    /// <exception cref="ArgumentException"><paramref name="errorType"/> does not consist of lowercase letters and digits with single dashes between words.
    /// </exception>
    public PrivatemodeIntegrityException(string errorType, string message, Exception? innerException = null)
        : base(errorType, message, innerException)
    {
    }

    /// <summary>Gets the path of the endpoint, for example <c>/v1/chat/completions</c>, or <see langword="null"/> if it is not known.</summary>
    public string? EndpointPath { get; init; }
}
