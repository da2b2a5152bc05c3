using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.LocalProxy;

/// <summary>Reads the events of a local proxy, which are not encrypted, and corrects what the OpenAI client cannot read. Does no I/O.</summary>
/// <remarks>
/// Nothing here is authenticated. A stream must still end with its end mark, after a finish reason for each choice: an answer that was cut short because
/// the proxy stopped must not look complete. Events of <c>/v1/messages</c> are passed on unchanged, with their names.
/// </remarks>
internal sealed class LocalProxyEvents(EncryptedCall call) : EventReader(LineLimit, call.Context)
{
    private const int LineLimit = 1024 * 1024;

    // The members that the rules for a stream of choices know. A newer service may send others, which are removed.
    private static readonly ClearNames Known = new(
        "id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint", "prompt_token_ids", "prompt_logprobs",
        "kv_transfer_params");

    private readonly string _requestId = call.RequestId;
    private readonly EventRules? _rules = call.Rule.Stream == StreamKind.Messages ? null : AnswerReader.RulesOf(call);

    /// <summary>The number of events so far.</summary>
    public long Count { get; private set; }

    protected override AnswerFault FaultAtEnd => _rules?.Unfinished ?? AnswerFault.Truncated;

    public override void Fail(PrivatemodeException failure) => base.Fail(failure is PrivatemodeServiceException { Reason: ServiceFailureReason.Timeout }
        ? new PrivatemodeServiceException(
            ServiceFailureReason.Timeout,
            "The local proxy sent no further event in time, or its answer took more than an hour. The answer is incomplete. Raise ResponseTimeout or " +
            "IdleTimeout, or send the request again.",
            failure)
        {
            RequestId = _requestId,
        }
        : failure);

    protected override void ReadLine(ReadOnlySpan<byte> line)
    {
        line = line.TrimEnd((byte)'\r');
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
        if (IsEnded)
        {
            return;
        }

        if (!payload.SequenceEqual(EndMark))
        {
            ReadData(payload);
        }
        else if (_rules is not null)
        {
            ReturnEndMark(_rules);
        }
    }

    private void ReadData(ReadOnlySpan<byte> payload)
    {
        AnswerFault fault = Event.ReadUnencrypted(payload, allowsArray: false);
        try
        {
            if (fault == AnswerFault.None && _rules is not null)
            {
                fault = Inspect(_rules);
            }
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

        Count++;
        if (_rules is not null)
        {
            Return(_rules);
            return;
        }

        // The blank line that ends an event is passed on separately, but not after the end.
        IsEnded = MessageEventRules.IsCalled(Event, "message_stop"u8);
        Output.Append("data: "u8);
        Output.Append(payload);
        Output.Append(IsEnded ? "\n\n"u8 : "\n"u8);
    }

    private AnswerFault Inspect(EventRules rules)
    {
        LocalProxyErrors.ThrowIfError(Event, _requestId);
        if (Event.TryGet("choices"u8, out _, out _))
        {
            Event.KeepOnly(Known.Contains);
        }

        return rules.Inspect(Event);
    }
}
