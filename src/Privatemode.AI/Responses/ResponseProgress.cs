using System.Buffers;

namespace Privatemode.AI;

/// <summary>Keeps the events of a streamed response in order when a server writes events of its own between those of the library.</summary>
/// <remarks>One instance for each request, see <see cref="PrivatemodeRequestOptions.Progress"/>. Its members may be called from several threads.</remarks>
public sealed class ResponseProgress
{
    /// <summary>Initializes a new instance of the <see cref="ResponseProgress"/> class.</summary>
    /// <param name="model">The model that the events name: what the caller asked for.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public ResponseProgress(string model, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(time);
    }

    /// <summary>Writes an event that keeps a waiting client from giving up: the first time <c>response.created</c> and <c>response.in_progress</c>, later
    /// <c>response.in_progress</c>.</summary>
    /// <param name="target">Where the events are written, in the form of an event stream.</param>
    /// <returns><see langword="false"/> if nothing was written, because events that were read from the library are not yet written, or because the
    /// response has ended.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="target"/> is <see langword="null"/>.</exception>
    public bool TryKeepAlive(IBufferWriter<byte> target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return false;
    }

    /// <summary>Says that everything that was read from the library's stream so far was written to the client.</summary>
    public void Written()
    {
    }

    /// <summary>Writes <c>response.failed</c> for a failure before the library had a stream, such as a refused verification.</summary>
    /// <param name="failure">What the call threw.</param>
    /// <param name="target">Where the events are written, in the form of an event stream.</param>
    /// <returns><see langword="false"/> if nothing was written, because the response has ended.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public bool TryFail(Exception failure, IBufferWriter<byte> target)
    {
        ArgumentNullException.ThrowIfNull(failure);
        ArgumentNullException.ThrowIfNull(target);
        return false;
    }
}
