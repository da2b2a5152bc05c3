namespace Privatemode.AI.Pipeline.Transport;

/// <summary>The connection was reset or closed after the request was sent and before one byte of an answer had come.</summary>
internal sealed class UnansweredException(HttpRequestException exception)
    : HttpRequestException(exception.HttpRequestError, "The connection ended without an answer.", exception);
