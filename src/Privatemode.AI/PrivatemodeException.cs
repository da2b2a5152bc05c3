namespace Privatemode.AI;

/// <summary>Base of every exception this library throws on purpose; each kind says what to do.</summary>
/// <remarks>
/// Fix your settings: <see cref="PrivatemodeConfigurationException"/>. Retry or wait: <see cref="PrivatemodeServiceException"/>.
/// Stop: <see cref="PrivatemodeVerificationException"/>, <see cref="PrivatemodeIntegrityException"/>.
/// Change the call: <see cref="PrivatemodeRequestException"/>, <see cref="PrivatemodeWouldLeakException"/>.
/// Messages never carry prompt text, answer text or keys, so they may be logged.
/// </remarks>
public abstract class PrivatemodeException : Exception
{
    private protected PrivatemodeException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The id this client gave the call, <c>Privatemode-User-Request-ID</c> on the wire; null before a request exists.</summary>
    public string? RequestId { get; internal init; }
}
