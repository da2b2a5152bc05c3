namespace Privatemode.AI.Pipeline.Transport;

/// <summary>Knows whether a byte of the answer to one request has arrived. The exceptions of the platform's handler do not tell.</summary>
/// <remarks>
/// <see cref="ClosableConnection"/> notes what it carries: the handler writes a request in the context of whoever sends it, and reads the answer from
/// the connection it wrote to. On other connections it is never known that an answer is missing.
/// </remarks>
internal sealed class AnswerWatch
{
    private static readonly AsyncLocal<AnswerWatch?> Ambient = new();

    private readonly Lock _gate = new();
    private Stream? _connection;
    private bool _hasAnswer;

    /// <summary>The request was written to a connection, and nothing has come back on it.</summary>
    public bool HasNoAnswer
    {
        get
        {
            lock (_gate)
            {
                return _connection is not null && !_hasAnswer;
            }
        }
    }

    /// <summary>Begins to watch the request that is sent next in this context. A synchronous caller calls <see cref="Leave"/> afterwards.</summary>
    public static AnswerWatch Begin() => Ambient.Value = new AnswerWatch();

    /// <summary>Ends what <see cref="Begin"/> began in this context.</summary>
    public static void Leave() => Ambient.Value = null;

    /// <summary>Notes that the request of this context is written to a connection.</summary>
    /// <returns>Whom to tell about what is read from it; <see langword="null"/> if nobody watches.</returns>
    public static AnswerWatch? NoteWrite(Stream connection)
    {
        if (Ambient.Value is not { } watch)
        {
            return null;
        }

        lock (watch._gate)
        {
            if (watch._connection != connection)
            {
                (watch._connection, watch._hasAnswer) = (connection, false);
            }
        }

        return watch;
    }

    /// <summary>Notes that bytes were read from a connection.</summary>
    public void NoteRead(Stream connection, int count)
    {
        if (count == 0)
        {
            return;
        }

        lock (_gate)
        {
            _hasAnswer |= _connection == connection;
        }
    }
}
