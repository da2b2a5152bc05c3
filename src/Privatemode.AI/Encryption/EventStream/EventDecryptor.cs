using System.Buffers;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Encryption.EventStream;

/// <summary>Turns the bytes of a sealed event stream into those of an open one, event by event. Does no I/O.</summary>
/// <remarks>
/// Keeps <c>data:</c> lines only. Comments and all other fields are dropped: <c>event:</c>, because nothing authenticates it and it decides
/// whether a reader looks at an event at all, <c>id:</c> and <c>retry:</c>, because they would make a client reconnect and splice two generations.
/// An event gets a name only if its rules derive one from its encrypted members. The end is authenticated: see <see cref="EventRules.IsFinished"/>.
/// A failure is sticky; what was opened before it stays in <see cref="Output"/>.
/// </remarks>
internal sealed class EventDecryptor : IEventReader
{
    /// <summary>A line must be shorter than this many bytes, its end not counted. Sealed lines of the service stay under about 132 KiB.</summary>
    public const int LineLimit = 256 * 1024;

    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    private readonly ExchangeCipher _cipher;
    private readonly EventRules _rules;
    private readonly AnswerContext _context;
    private readonly DecryptedDocument _opened = new();
    private readonly PooledBytes _partial = new(4096);
    private bool _mayBeMarked;

    public EventDecryptor(ExchangeCipher cipher, EventRules rules, AnswerContext context)
    {
        _cipher = cipher;
        _rules = rules;
        _context = context;
    }

    /// <summary>Payload of the data line that ends a stream.</summary>
    public static ReadOnlySpan<byte> EndMark => "[DONE]"u8;

    /// <summary>Opened events, ready for the caller; whoever takes them clears it.</summary>
    public PooledBytes Output { get; } = new(4096);

    /// <summary>Why the stream is broken; null while it is not.</summary>
    public PrivatemodeException? Failure { get; private set; }

    /// <summary>True after the authenticated end.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Events opened and handed on so far, the end mark not counted.</summary>
    public long Events { get; private set; }

    /// <summary>Events so far that held an authentic value. Nobody on the path can add to them, unlike to lines and clear events.</summary>
    public long AuthenticEvents { get; private set; }

    /// <summary>Takes in bytes as they come from the network, cut anywhere.</summary>
    public void Push(ReadOnlySpan<byte> bytes)
    {
        try
        {
            TakeLines(bytes);
        }
        catch
        {
            // Whatever it was, an event may be lost: the stream must not go on without it.
            Fail(AnswerFault.AlreadyFailed);
            throw;
        }
    }

    /// <summary>Takes in the end of the network stream: a failure unless the answer had ended before.</summary>
    public void Complete()
    {
        if (LastEventLine.IsWholeData(_partial.Span))
        {
            Push("\n"u8);
        }

        if (!IsEnded)
        {
            Fail(AnswerFault.Truncated);
        }
    }

    /// <summary>Breaks the stream, unless it is broken already.</summary>
    public void Fail(AnswerFault fault) => Fail(AnswerFaults.Exception(fault, _context, _rules.HasHandedOut));

    /// <inheritdoc cref="Fail(AnswerFault)"/>
    public void Fail(PrivatemodeException failure) => Failure ??= failure;

    public void Dispose()
    {
        _opened.Dispose();
        _partial.Dispose();
        Output.Dispose();
    }

    private void TakeLines(ReadOnlySpan<byte> bytes)
    {
        while (Failure is null)
        {
            int end = bytes.IndexOf((byte)'\n');
            if (end < 0)
            {
                Keep(bytes);
                return;
            }

            if (_partial.Length == 0)
            {
                TakeLine(bytes[..end]);
            }
            else
            {
                Keep(bytes[..end]);
                TakeLine(_partial.Span);
                _partial.Clear();
            }

            bytes = bytes[(end + 1)..];
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        // One byte more than the limit is let in for a carriage return.
        if (_partial.Length + bytes.Length > LineLimit)
        {
            Fail(AnswerFault.LineTooLong);
            return;
        }

        _partial.Append(bytes);
    }

    private void TakeLine(ReadOnlySpan<byte> line)
    {
        if (!line.IsEmpty && line[^1] == (byte)'\r')
        {
            line = line[..^1];
        }

        if (Failure is not null)
        {
            return;
        }

        if (line.Length >= LineLimit)
        {
            Fail(AnswerFault.LineTooLong);
        }
        else if (line.Contains((byte)'\r'))
        {
            // Other readers take a lone carriage return for the end of a line, so the two of us would see different events.
            Fail(AnswerFault.BadLine);
        }
        else
        {
            TakeField(line);
        }
    }

    private void TakeField(ReadOnlySpan<byte> line)
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
            TakeData(value);
        }
    }

    private void TakeData(ReadOnlySpan<byte> payload)
    {
        if (payload.SequenceEqual(EndMark))
        {
            TakeEndMark();
            return;
        }

        if (IsEnded)
        {
            Fail(AnswerFault.AfterTheEnd);
            return;
        }

        AnswerFault fault = _opened.Open(payload, _rules.Shape, _cipher);
        try
        {
            fault = fault == AnswerFault.None ? _rules.Inspect(_opened) : fault;
        }
        catch (PrivatemodeException exception)
        {
            Failure = exception;
            return;
        }

        if (fault != AnswerFault.None)
        {
            Fail(fault);
            return;
        }

        AuthenticEvents += _opened.HasSealed ? 1 : 0;
        TakeFate();
    }

    private void TakeFate()
    {
        foreach (byte[] before in _rules.EventsBefore)
        {
            Events++;
            Emit(before, name: default);
        }

        switch (_rules.Fate)
        {
            case EventAction.Drop:
                return;
            case EventAction.End when !_rules.IsFinished:
                Fail(AnswerFault.Truncated);
                return;
            case EventAction.End:
                (IsEnded, _mayBeMarked) = (true, true);
                break;
        }

        Events++;
        _rules.HasHandedOut = true;
        Emit(_opened.Text, _rules.EventName);
    }

    private void TakeEndMark()
    {
        if (IsEnded)
        {
            // Behind an event that ended the stream the mark says nothing new, once.
            if (!_mayBeMarked)
            {
                Fail(AnswerFault.AfterTheEnd);
            }

            _mayBeMarked = false;
            return;
        }

        if (_rules.EndsWithEvent || !_rules.IsFinished)
        {
            Fail(_rules.Unfinished);
            return;
        }

        IsEnded = true;
        if (_rules.LastEvent is { } last)
        {
            Events++;
            Emit(last, name: default);
        }

        Emit(EndMark, name: default);
    }

    private void Emit(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> name)
    {
        if (!name.IsEmpty)
        {
            Output.Append("event: "u8);
            Output.Append(name);
            Output.Append((byte)'\n');
        }

        Output.Append("data: "u8);
        Span<byte> text = Output.Extend(payload.Length);
        payload.CopyTo(text);

        // In JSON a raw line break can only be white space between tokens; here it would end the line.
        text.ReplaceAny(LineBreaks, (byte)' ');
        Output.Append("\n\n"u8);
    }
}

/// <summary>Judges the last line of a stream when it has no line end: whole, or cut off in the middle.</summary>
/// <remarks>What was cut off is missing, not malformed; the caller is told that the stream is truncated.</remarks>
internal static class LastEventLine
{
    /// <summary>Whether the line carries data of which nothing seems to be missing.</summary>
    public static bool IsWholeData(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("data:"u8))
        {
            return false;
        }

        ReadOnlySpan<byte> payload = line["data:".Length..].Trim(" \r"u8);
        return payload.SequenceEqual(EventDecryptor.EndMark) || !(EventDecryptor.EndMark.StartsWith(payload) || IsBeginningOfJson(payload));
    }

    private static bool IsBeginningOfJson(ReadOnlySpan<byte> payload)
    {
        Utf8JsonReader reader = new(payload, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth }));
        try
        {
            while (reader.Read())
            {
            }

            return reader.CurrentDepth > 0 || reader.TokenType != JsonTokenType.EndObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>What an endpoint demands of the events of its stream; one instance per stream.</summary>
internal abstract class EventRules
{
    /// <summary>Shape of every event.</summary>
    public abstract ResponseSchema Shape { get; }

    /// <summary>True once a sealed finish was opened for everything the stream has begun.</summary>
    public abstract bool IsFinished { get; }

    /// <summary>The stream ends with an event of its own; the mark <c>[DONE]</c> may follow it but does not end the stream.</summary>
    public virtual bool EndsWithEvent => false;

    /// <summary>What is wrong with a stream that ends now, while <see cref="IsFinished"/> is false.</summary>
    public virtual AnswerFault Unfinished => AnswerFault.Truncated;

    /// <summary>Whether an event was returned to the caller. Set by the decryptor, which returns events.</summary>
    public bool HasHandedOut { get; set; }

    /// <summary>What becomes of the event inspected last.</summary>
    public virtual EventAction Fate => EventAction.Pass;

    /// <summary>Events to be returned before the one inspected last, for text that the rules held back; usually none.</summary>
    public virtual IReadOnlyList<byte[]> EventsBefore => [];

    /// <summary>An event to be returned directly before the end mark; usually none.</summary>
    public virtual byte[]? LastEvent => null;

    /// <summary>The name of the event inspected last, derived from its encrypted members; empty for none. Names from the wire are never used.</summary>
    public virtual ReadOnlySpan<byte> EventName => default;

    /// <summary>Looks at, and may change, an opened event before it goes to the caller.</summary>
    /// <returns>A fault that ends the stream, or <see cref="AnswerFault.None"/>.</returns>
    /// <exception cref="PrivatemodeServiceException">The event is an error of the model server.</exception>
    public abstract AnswerFault Inspect(DecryptedDocument opened);
}

/// <summary>What becomes of an event that was opened and found good.</summary>
internal enum EventAction
{
    /// <summary>It goes to the caller.</summary>
    Pass,

    /// <summary>It goes nowhere: nothing in it is authentic, and nobody needs it.</summary>
    Drop,

    /// <summary>It goes to the caller and is the last one.</summary>
    End,
}

/// <summary>Reads the events of a stream for <see cref="DecryptingEventStream"/>, which does the I/O.</summary>
internal interface IEventReader : IDisposable
{
    /// <summary>Events that are ready for the caller. The reader of this buffer clears it.</summary>
    PooledBytes Output { get; }

    /// <summary>Why the stream is broken; null while it is not.</summary>
    PrivatemodeException? Failure { get; }

    /// <summary>Whether the answer has ended.</summary>
    bool IsEnded { get; }

    /// <summary>Processes bytes from the network, which may end anywhere within an event.</summary>
    void Push(ReadOnlySpan<byte> bytes);

    /// <summary>Processes the end of the network stream, which is a failure unless the answer has ended.</summary>
    void Complete();

    /// <summary>Marks the stream as broken, unless it already is.</summary>
    void Fail(PrivatemodeException failure);
}
