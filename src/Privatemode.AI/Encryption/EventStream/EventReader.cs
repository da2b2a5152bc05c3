using System.Buffers;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Encryption.EventStream;

/// <summary>Reads the events of a stream for <see cref="DecryptingEventStream"/>, which does the I/O.</summary>
/// <remarks>A failure is permanent; what was read before it stays in <see cref="Output"/>.</remarks>
/// <param name="lineLimit">The maximum length of a line in bytes, including a carriage return at its end.</param>
/// <param name="context">The call, for exceptions.</param>
internal abstract class EventReader(int lineLimit, AnswerContext context) : IDisposable
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    private readonly PooledBytes _partial = new(4096);

    /// <summary>Events that are ready for the caller, which clears this buffer.</summary>
    public PooledBytes Output { get; } = new(4096);

    /// <summary>Translates the returned events to another form; null to return them unchanged. Disposed with this reader.</summary>
    public EventTranslator? Translator { get; init; }

    /// <summary>The failure of the stream, or null.</summary>
    public PrivatemodeException? Failure { get; private set; }

    /// <summary>Whether the answer has ended.</summary>
    public bool IsEnded { get; protected set; }

    /// <summary>The number of events returned so far, without the end mark.</summary>
    public long Events { get; private set; }

    /// <summary>The payload of the data line that ends a stream.</summary>
    protected static ReadOnlySpan<byte> EndMark => "[DONE]"u8;

    /// <summary>The event that is being read.</summary>
    protected DecryptedDocument Event { get; } = new();

    /// <summary>Whether an authentic event was returned to the caller. Exceptions mention this.</summary>
    protected bool HasHandedOut { get; set; }

    /// <summary>The fault that is reported if the network stream ends before the end of the answer.</summary>
    protected virtual AnswerFault FaultAtEnd => AnswerFault.Truncated;

    /// <summary>Processes bytes from the network. They can end anywhere within an event.</summary>
    public void Push(ReadOnlySpan<byte> bytes)
    {
        try
        {
            ReadLines(bytes);
        }
        catch
        {
            // An event may be lost: the stream must not continue without it.
            Fail(AnswerFault.AlreadyFailed);
            throw;
        }
    }

    /// <summary>Processes the end of the network stream, which is a failure unless the answer has ended.</summary>
    public void Complete()
    {
        if (IsWholeData(_partial.Span))
        {
            Push("\n"u8);
        }

        if (!IsEnded)
        {
            Fail(FaultAtEnd);
        }
    }

    /// <summary>Marks the stream as failed, unless it already is.</summary>
    public void Fail(AnswerFault fault) => Fail(AnswerFaults.Exception(fault, context, HasHandedOut));

    /// <inheritdoc cref="Fail(AnswerFault)"/>
    public virtual void Fail(PrivatemodeException failure)
    {
        if (Failure is null)
        {
            Failure = failure;
            Translator?.Fail(failure, Output);
        }
    }

    public void Dispose()
    {
        Translator?.Dispose();
        Event.Dispose();
        _partial.Dispose();
        Output.Dispose();
    }

    /// <summary>Reads a line, without the line feed at its end.</summary>
    protected abstract void ReadLine(ReadOnlySpan<byte> line);

    /// <summary>Returns the event to the caller if the rules allow it.</summary>
    protected void Return(EventRules rules)
    {
        foreach (byte[] before in rules.EventsBefore)
        {
            Emit(before);
        }

        if (rules.Action == EventAction.End && !rules.IsFinished)
        {
            Fail(AnswerFault.Truncated);
        }
        else if (rules.Action != EventAction.Drop)
        {
            IsEnded = rules.Action == EventAction.End;
            Emit(Event.Text, rules.EventName);
        }
    }

    /// <summary>Processes the end marker: it ends the stream if the rules allow it.</summary>
    protected void ReturnEndMark(EventRules rules)
    {
        if (rules.EndsWithEvent || !rules.IsFinished)
        {
            Fail(rules.Unfinished);
            return;
        }

        IsEnded = true;
        if (rules.LastEvent is { } last)
        {
            Emit(last);
        }

        if (Translator is null)
        {
            Write(EndMark);
        }
        else if (Failure is null)
        {
            // Only here: text that is held back until the answer is authenticated to its end is returned now.
            Failure = Translator.Complete(Output);
        }
    }

    /// <summary>Returns an authentic event, in the caller's form.</summary>
    private void Emit(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> name = default)
    {
        Events++;
        if (Translator is null)
        {
            Write(payload, name);
            return;
        }

        if (Failure is not null)
        {
            return;
        }

        try
        {
            Translator.Translate(payload, Output);
        }
        catch (PrivatemodeException exception)
        {
            Fail(exception);
        }
    }

    private void ReadLines(ReadOnlySpan<byte> bytes)
    {
        while (Failure is null)
        {
            int end = bytes.IndexOf((byte)'\n');
            ReadOnlySpan<byte> piece = end < 0 ? bytes : bytes[..end];
            if (_partial.Length + piece.Length > lineLimit)
            {
                Fail(AnswerFault.LineTooLong);
            }
            else if (end >= 0 && _partial.Length == 0)
            {
                ReadLine(piece);
            }
            else
            {
                _partial.Append(piece);
                if (end >= 0)
                {
                    ReadLine(_partial.Span);
                    _partial.Clear();
                }
            }

            if (end < 0)
            {
                return;
            }

            bytes = bytes[(end + 1)..];
        }
    }

    private void Write(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> name = default)
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

        // In JSON, a raw line break can only be white space between tokens; here it would end the line.
        text.ReplaceAny(LineBreaks, (byte)' ');
        Output.Append("\n\n"u8);
    }

    /// <summary>Returns whether the last line, which has no line end, contains data that seems to be complete. Data that was cut off counts as missing, not as
    /// malformed: the caller gets the error for a truncated stream.</summary>
    private static bool IsWholeData(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("data:"u8))
        {
            return false;
        }

        ReadOnlySpan<byte> payload = line["data:".Length..].Trim(" \r"u8);
        return payload.SequenceEqual(EndMark) || !(EndMark.StartsWith(payload) || IsBeginningOfJson(payload));
    }

    private static bool IsBeginningOfJson(ReadOnlySpan<byte> payload)
    {
        Utf8JsonReader reader = new(payload, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth }));
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

/// <summary>The rules of an endpoint for the events of its stream; one instance per stream.</summary>
internal abstract class EventRules
{
    /// <summary>The schema of every event.</summary>
    public abstract ResponseSchema Shape { get; }

    /// <summary>Whether the encrypted end of each part that has begun (choice, block or transcription) was decrypted.</summary>
    public abstract bool IsFinished { get; }

    /// <summary>Whether the stream ends with an event of its own; the mark <c>[DONE]</c> may follow it but does not end the stream.</summary>
    public virtual bool EndsWithEvent => false;

    /// <summary>The fault that is reported if the stream ends while <see cref="IsFinished"/> is false.</summary>
    public virtual AnswerFault Unfinished => AnswerFault.Truncated;

    /// <summary>Whether an event was returned to the caller. Set by the decryptor, which returns events.</summary>
    public bool HasHandedOut { get; set; }

    /// <summary>The action for the event that was inspected last.</summary>
    public virtual EventAction Action => EventAction.Pass;

    /// <summary>Events to return before the event that was inspected last, for text that the rules held back; usually empty.</summary>
    public virtual IReadOnlyList<byte[]> EventsBefore => [];

    /// <summary>An event to return directly before the end mark; usually empty.</summary>
    public virtual byte[]? LastEvent => null;

    /// <summary>The name of the event that was inspected last, derived from its encrypted members, or empty. Names from the wire are never used.</summary>
    public virtual ReadOnlySpan<byte> EventName => default;

    /// <summary>Checks a decrypted event before it is returned to the caller, and changes it if necessary.</summary>
    /// <returns>A fault that ends the stream, or <see cref="AnswerFault.None"/>.</returns>
    /// <exception cref="PrivatemodeServiceException">The event is an error of the model server.</exception>
    public abstract AnswerFault Inspect(DecryptedDocument decrypted);
}

/// <summary>What happens to an event that passed the checks.</summary>
internal enum EventAction
{
    /// <summary>It is returned to the caller.</summary>
    Pass,

    /// <summary>It is not returned: the caller does not need it.</summary>
    Drop,

    /// <summary>It is returned to the caller and is the last one.</summary>
    End,
}
