namespace Privatemode.AI;

/// <summary>The base class for the exceptions that this library defines.</summary>
/// <remarks>
/// <para>The type of the exception shows what to do:</para>
/// <list type="bullet">
/// <item><description><see cref="PrivatemodeConfigurationException"/>: correct the settings of the application.</description></item>
/// <item><description><see cref="PrivatemodeRequestException"/> or <see cref="PrivatemodeWouldLeakException"/>: correct the call.</description></item>
/// <item><description><see cref="PrivatemodeServiceException"/>: wait, retry, correct the call or update the package,
/// depending on its reason.</description></item>
/// <item><description><see cref="PrivatemodeModelUnavailableException"/>: choose another model.</description></item>
/// <item><description><see cref="PrivatemodeVerificationException"/> or <see cref="PrivatemodeIntegrityException"/>: do not retry, and do not use the
/// deployment or the answer.</description></item>
/// </list>
/// <para>Messages never contain prompt text, answer text or keys, so they can be logged. Code that uses this library can create these exceptions for
/// its tests: an exception does not prove anything about a deployment or an answer.</para>
/// </remarks>
public abstract class PrivatemodeException : Exception
{
    private protected PrivatemodeException(string errorType, string message, Exception? innerException)
        : base(message, innerException) => ErrorType = IsErrorType(errorType) ? errorType
            : throw new ArgumentException("The error type must consist of lowercase letters and digits, with single dashes between words.", nameof(errorType));

    /// <summary>Gets the stable name of the error, for example <c>manifest-match</c> or <c>rate-limited</c>.</summary>
    /// <value>Lowercase ASCII words and digits with single dashes between them.</value>
    /// <remarks>Compare this name, not the message. It is the value of the tag <c>error.type</c> in the activities and metrics of this library. The names that
    /// this library uses are a small set, listed in the repository's <c>docs/errors.md</c>, so that the name can be a tag of your own metrics. They never
    /// contain content, a key or text from the service. A name keeps its meaning; later versions can add names.</remarks>
    public string ErrorType { get; }

    /// <summary>Gets the ID that the client assigned to the request, or <see langword="null"/> if the exception does not concern one request.</summary>
    /// <value>For example, it is <see langword="null"/> if the deployment could not be verified, or if the call failed before a request was created.</value>
    /// <remarks>The ID is sent to the service as the header <c>Privatemode-User-Request-ID</c>, but not to Privatemode's own proxy. Include it when you report
    /// a problem to the service.</remarks>
    public string? RequestId { get; init; }

    private static bool IsErrorType(string? word) =>
        word is [not '-', .., not '-'] or [not '-'] && word.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-')
            && !word.Contains("--", StringComparison.Ordinal);
}
