using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Receipts;

namespace Privatemode.AI.LocalProxy;

/// <summary>Reads the events of a local proxy, which are not encrypted, and corrects what the OpenAI client cannot read. Does no I/O.</summary>
/// <remarks>
/// Nothing here is authenticated. A stream must still end with its end mark, after a finish reason for each choice: an answer that was cut short because
/// the proxy stopped must not look complete. Events of <c>/v1/messages</c> are passed on unchanged, with their names.
/// </remarks>
internal sealed class LocalProxyEvents(EncryptedCall call) : IEventReader
{
    private const int LineLimit = 1024 * 1024;

    // The members that the rules for a stream of choices know. A newer service may send others, which are removed.
    private static readonly ClearNames Known = new(
        "id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint", "prompt_token_ids", "prompt_logprobs",
        "kv_transfer_params");

    private readonly DecryptedDocument _event = new();
    private readonly PooledBytes _partial = new(4096);
    private readonly string _requestId = call.RequestId;
    private readonly AnswerContext _context = call.Context;
    private readonly EventRules? _rules = call.Rule.Stream switch
    {
        StreamKind.Transcription => new TranscriptionEventRules(call.RequestId, call.EndsWithUsage, call.HidesUsage, call.KeepsUsage),
        StreamKind.Messages => null,
        _ => new ChoiceEventRules(call.Rule, call.Choices, call.RequestId, ReceiptScope.Current, call.KeepsUsage, call.EndsWithUsage),
    };

    public PooledBytes Output { get; } = new(4096);

    public PrivatemodeException? Failure { get; private set; }

    public bool IsEnded { get; private set; }

    /// <summary>The number of events so far.</summary>
    public long Count { get; private set; }

    public void Push(ReadOnlySpan<byte> bytes)
    {
        while (Failure is null)
        {
            int end = bytes.IndexOf((byte)'\n');
            ReadOnlySpan<byte> piece = end < 0 ? bytes : bytes[..end];
            if (_partial.Length + piece.Length > LineLimit)
            {
                Fail(AnswerFaults.Exception(AnswerFault.LineTooLong, _context));
                return;
            }

            _partial.Append(piece);
            if (end < 0)
            {
                return;
            }

            TakeLine(_partial.Span.TrimEnd((byte)'\r'));
            _partial.Clear();
            bytes = bytes[(end + 1)..];
        }
    }

    public void Complete()
    {
        if (LastEventLine.IsWholeData(_partial.Span))
        {
            Push("\n"u8);
        }

        if (!IsEnded)
        {
            Fail(AnswerFaults.Exception(_rules?.Unfinished ?? AnswerFault.Truncated, _context));
        }
    }

    public void Fail(PrivatemodeException failure) => Failure ??= failure is PrivatemodeServiceException { Reason: ServiceFailureReason.Timeout }
        ? new PrivatemodeServiceException(
            ServiceFailureReason.Timeout,
            "The local proxy sent no further event in time, or its answer took more than an hour. The answer is incomplete. Raise ResponseTimeout or " +
            "IdleTimeout, or send the request again.",
            failure)
        {
            RequestId = _requestId,
        }
        : failure;

    public void Dispose()
    {
        _event.Dispose();
        _partial.Dispose();
        Output.Dispose();
    }

    private void TakeLine(ReadOnlySpan<byte> line)
    {
        bool isData = line.StartsWith("data:"u8);
        if (_rules is null && !isData && !IsEnded)
        {
            Output.Append(line);
            Output.Append((byte)'\n');
        }

        if (!isData)
        {
            return;
        }

        ReadOnlySpan<byte> payload = line["data:".Length..].TrimStart((byte)' ');
        if (payload.SequenceEqual(EventDecryptor.EndMark))
        {
            TakeEndMark();
        }
        else if (!IsEnded)
        {
            TakeData(payload);
        }
    }

    private void TakeData(ReadOnlySpan<byte> payload)
    {
        AnswerFault fault = _event.ReadUnencrypted(payload, allowsArray: false);
        try
        {
            if (fault == AnswerFault.None && _rules is not null)
            {
                fault = Inspect(_rules);
            }
        }
        catch (PrivatemodeException exception)
        {
            Failure = exception;
            return;
        }

        if (fault != AnswerFault.None)
        {
            Fail(AnswerFaults.Exception(fault, _context));
            return;
        }

        Count++;
        if (_rules is null)
        {
            // The blank line that ends the event is passed on separately.
            IsEnded = MessageEventRules.IsCalled(_event, "message_stop"u8);
            Emit(payload, IsEnded ? "\n\n"u8 : "\n"u8);
            return;
        }

        foreach (byte[] before in _rules.EventsBefore)
        {
            Emit(before, "\n\n"u8);
        }

        IsEnded = _rules.Fate == EventAction.End && _rules.IsFinished;
        if (_rules.Fate == EventAction.End && !IsEnded)
        {
            Fail(AnswerFaults.Exception(AnswerFault.Truncated, _context));
        }
        else if (_rules.Fate != EventAction.Drop)
        {
            Emit(_event.Text, "\n\n"u8);
        }
    }

    private AnswerFault Inspect(EventRules rules)
    {
        LocalProxyErrors.ThrowIfError(_event, _requestId);
        if (_event.TryGet("choices"u8, out _, out _))
        {
            _event.KeepOnly(Known.Contains);
        }

        return rules.Inspect(_event);
    }

    private void TakeEndMark()
    {
        if (IsEnded || _rules is null)
        {
            return;
        }

        if (!_rules.IsFinished)
        {
            Fail(AnswerFaults.Exception(_rules.Unfinished, _context));
            return;
        }

        IsEnded = true;
        if (_rules.LastEvent is { } last)
        {
            Emit(last, "\n\n"u8);
        }

        Emit(EventDecryptor.EndMark, "\n\n"u8);
    }

    private void Emit(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> end)
    {
        Output.Append("data: "u8);
        Output.Append(payload);
        Output.Append(end);
    }
}
