using System.Net.Http.Headers;

namespace Privatemode.AI.Pipeline.Transport;

/// <summary>A whole answer to a call that carries no content.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Headers">Its headers.</param>
/// <param name="Body">Its body; of an answer other than 200 only the beginning.</param>
internal sealed record HttpAnswer(int Status, HttpResponseHeaders Headers, byte[] Body)
{
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(60);

    /// <summary>How long the server asks to wait; capped, because anybody on the path can write it.</summary>
    public TimeSpan? RetryAfter(DateTimeOffset now)
    {
        TimeSpan? wait = Headers.RetryAfter is not { } header ? null : header.Delta ?? header.Date - now;
        return wait is null ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestRetryAfter ? LongestRetryAfter : wait;
    }
}
