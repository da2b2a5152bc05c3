namespace Privatemode.AI.Pipeline.Transport;

/// <summary>The platform reports a connection that was not made in time with a cancellation, though nobody cancelled.</summary>
internal static class ConnectTimeouts
{
    /// <summary>Whether it is that. Only for what a platform's handler throws: somebody else's may have timeouts of another kind.</summary>
    public static bool Is(OperationCanceledException exception, CancellationToken asked) =>
        exception.InnerException is TimeoutException && !asked.IsCancellationRequested;

    /// <summary>To us it is one more way in which nothing was sent.</summary>
    public static HttpRequestException NotConnected(OperationCanceledException exception) =>
        new(HttpRequestError.ConnectionError, "No connection could be made in time.", exception);
}
