namespace Privatemode.AI.Encryption.EventStream;

/// <summary>Decrypts an event stream, event by event. Does no I/O.</summary>
/// <remarks>
/// Only <c>data:</c> lines are kept. Comments and all other fields are dropped: <c>event:</c> because it is not authenticated but decides whether a reader
/// processes an event, and <c>id:</c> and <c>retry:</c> because they would make a client reconnect and combine two answers. An event gets a name only if its
/// rules derive one from its encrypted members. The end is authenticated: see <see cref="EventRules.IsFinished"/>.
/// </remarks>
internal sealed class EventDecryptor(ExchangeCipher cipher, EventRules rules, AnswerContext context) : EventReader(LineLimit, context)
{
    /// <summary>The maximum length of a line in bytes, exclusive and without its end. Encrypted lines of the service stay below about 132 KiB.</summary>
    public const int LineLimit = 256 * 1024;

    private bool _mayBeMarked;

    /// <summary>The number of events so far that contained an authentic value. Unlike lines and unencrypted events, they cannot be forged by an attacker on the
    /// network path.</summary>
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
            // Other readers treat a lone carriage return as the end of a line, so they would see different events.
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

        // After an event that ended the stream, the mark is redundant, but may occur once.
        if (!_mayBeMarked)
        {
            Fail(AnswerFault.AfterTheEnd);
        }

        _mayBeMarked = false;
    }
}
