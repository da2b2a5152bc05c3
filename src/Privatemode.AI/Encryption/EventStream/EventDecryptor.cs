namespace Privatemode.AI.Encryption.EventStream;

/// <summary>Decrypts an event stream, event by event. Does no I/O.</summary>
/// <remarks>
/// Keeps <c>data:</c> lines only. Comments and all other fields are dropped: <c>event:</c>, because nothing authenticates it and it decides
/// whether a reader looks at an event at all, <c>id:</c> and <c>retry:</c>, because they would make a client reconnect and splice two generations.
/// An event gets a name only if its rules derive one from its encrypted members. The end is authenticated: see <see cref="EventRules.IsFinished"/>.
/// </remarks>
internal sealed class EventDecryptor(ExchangeCipher cipher, EventRules rules, AnswerContext context) : EventReader(LineLimit, context)
{
    /// <summary>A line must be shorter than this many bytes, its end not counted. Encrypted lines of the service stay under about 132 KiB.</summary>
    public const int LineLimit = 256 * 1024;

    private bool _mayBeMarked;

    /// <summary>Events so far that held an authentic value. Nothing on the path can add to them, unlike to lines and clear events.</summary>
    public long AuthenticEvents { get; private set; }

    protected override void ReadLine(ReadOnlySpan<byte> line)
    {
        if (!line.IsEmpty && line[^1] == (byte)'\r')
        {
            line = line[..^1];
        }

        if (line.Length >= LineLimit)
        {
            Fail(AnswerFault.LineTooLong);
        }
        else if (line.Contains((byte)'\r'))
        {
            // Other readers take a lone carriage return for the end of a line, so they would see different events.
            Fail(AnswerFault.BadLine);
        }
        else
        {
            ReadField(line);
        }
    }

    private void ReadField(ReadOnlySpan<byte> line)
    {
        int colon = line.IndexOf((byte)':');
        ReadOnlySpan<byte> name = colon < 0 ? line : line[..colon];
        ReadOnlySpan<byte> value = colon < 0 ? default : line[(colon + 1)..];
        if (!value.IsEmpty && value[0] == (byte)' ')
        {
            value = value[1..];
        }

        if (name.SequenceEqual("data"u8))
        {
            ReadData(value);
        }
    }

    private void ReadData(ReadOnlySpan<byte> payload)
    {
        if (payload.SequenceEqual(EndMark))
        {
            ReadEndMark();
            return;
        }

        if (IsEnded)
        {
            Fail(AnswerFault.AfterTheEnd);
            return;
        }

        AnswerFault fault = Event.Decrypt(payload, rules.Shape, cipher);
        try
        {
            fault = fault == AnswerFault.None ? rules.Inspect(Event) : fault;
        }
        catch (PrivatemodeException exception)
        {
            Fail(exception);
            return;
        }

        if (fault != AnswerFault.None)
        {
            Fail(fault);
            return;
        }

        AuthenticEvents += Event.HasEncrypted ? 1 : 0;
        Return(rules);
        _mayBeMarked = IsEnded;
        HasHandedOut = rules.HasHandedOut = Events > 0;
    }

    private void ReadEndMark()
    {
        if (!IsEnded)
        {
            ReturnEndMark(rules);
            return;
        }

        // Behind an event that ended the stream the mark says nothing new, once.
        if (!_mayBeMarked)
        {
            Fail(AnswerFault.AfterTheEnd);
        }

        _mayBeMarked = false;
    }
}
