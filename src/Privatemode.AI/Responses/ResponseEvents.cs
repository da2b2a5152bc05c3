using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;

namespace Privatemode.AI.Responses;

/// <summary>Translates the events of a chat to those of a response.</summary>
/// <remarks>
/// A text item is done when the next item begins: the values of a stream are authenticated in order, so the next item proves that the text was complete. The
/// item that is open at the end, all calls, and the response are done only when the end of the answer is authenticated; see <see cref="Complete"/>. After
/// <c>response.failed</c> or <c>response.completed</c> nothing more is written.
/// </remarks>
internal sealed class ResponseEvents : EventTranslator
{
    private readonly ResponsesCall _call;
    private readonly ResponseProgress _progress;
    private readonly ResponseEventWriter _events;
    private readonly ResponseCalls _calls;
    private readonly ResponseItems _items = new();
    private readonly PooledBytes _text = new(1024);
    private readonly PooledBytes _logprobs = new(16);
    private readonly PooledBytes _parts = new(16);
    private readonly PooledBytes _usage = new(256);
    private Item _item;
    private ResponsePart? _part;
    private string _itemId = "";
    private int _outputIndex;
    private int _contentIndex;
    private byte[] _finish = [];
    private bool _isOver;
    private bool _isDisposed;

    /// <param name="call">The request; owned too.</param>
    public ResponseEvents(ResponsesCall call)
    {
        call.AddOwner();
        _call = call;
        _progress = call.Caller.Progress ?? new ResponseProgress(call.NewHead());
        _events = new ResponseEventWriter(_progress, call.RequestId);
        _calls = new ResponseCalls(call, _events);
    }

    private enum Item
    {
        None,
        Reasoning,
        Message,
    }

    public override void Translate(ReadOnlySpan<byte> payload, PooledBytes output)
    {
        if (!TryContinue(output))
        {
            return;
        }

        ChatAnswer chat = ChatAnswer.Read(payload, isEvent: true);
        if (!chat.Reasoning.IsEmpty)
        {
            AddText(Item.Reasoning, ResponsePart.Reasoning, chat.Reasoning, default);
        }

        if (!chat.Content.IsEmpty)
        {
            AddText(Item.Message, ResponsePart.Text, chat.Content, _call.WantsLogprobs ? chat.Logprobs : default);
        }

        if (!chat.Refusal.IsEmpty)
        {
            AddText(Item.Message, ResponsePart.Refusal, chat.Refusal, default);
        }

        for (ChatCalls calls = new(chat.ToolCalls); calls.TryRead();)
        {
            CloseItem("completed"u8);
            _calls.Add(calls);
        }

        _finish = chat.Finish.IsEmpty ? _finish : chat.Finish.ToArray();
        if (!chat.Usage.IsEmpty)
        {
            _usage.Clear();
            _usage.Append(chat.Usage);
        }
    }

    public override PrivatemodeException? Complete(PooledBytes output)
    {
        if (!TryContinue(output))
        {
            // Nothing of this answer was written: without a failure, the caller would treat it as an empty one.
            return _isOver ? null : EndedElsewhere();
        }

        try
        {
            bool isIncomplete = ResponseEnd.IncompleteReasonOf(_finish) is not null;

            // All of them before anything is written: if one cannot be used, no call is reported as done.
            if (!_calls.ReadAll(isIncomplete) && !isIncomplete)
            {
                CloseItem("completed"u8);
                throw ResponseCalls.Unusable(_call.RequestId);
            }

            CloseItem(isIncomplete ? "incomplete"u8 : "completed"u8);
            _calls.AnnounceAll();
            _calls.Finish(_items);
            WriteEnd();
            return null;
        }
        catch (PrivatemodeException failure)
        {
            Fail(failure, output);
            return failure;
        }
    }

    public override void Fail(PrivatemodeException failure, PooledBytes output)
    {
        if (_isDisposed || !_progress.TryContinue(out bool isFirst))
        {
            return;
        }

        End();
        _events.TakeBack();
        _events.Target = output;
        int before = output.Length;
        try
        {
            if (isFirst)
            {
                WriteBegin("response.created"u8);
            }

            _events.Begin("response.failed"u8);
            ResponseWriter.WriteFailed(output, _progress.Head, _call.Echo, failure, _items);
            _events.End();
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ObjectDisposedException or OverflowException)
        {
            // The stream throws the failure in any case.
            output.Truncate(before);
        }
    }

    public override void AllRead() => _progress.AllRead();

    public override void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _calls.Dispose();
            _items.Dispose();
            _text.Dispose();
            _logprobs.Dispose();
            _parts.Dispose();
            _usage.Dispose();
            _call.Dispose();
        }
    }

    /// <summary>Writes the first events unless they have been written. Returns false if the response has ended.</summary>
    private bool TryContinue(PooledBytes output)
    {
        if (!_progress.TryContinue(out bool isFirst))
        {
            return false;
        }

        _events.Target = output;
        if (isFirst)
        {
            WriteBegin("response.created"u8);
            WriteBegin("response.in_progress"u8);
        }

        return true;
    }

    private void WriteBegin(ReadOnlySpan<byte> type) =>
        ResponseWriter.WriteProgress(_events.Target, type, _progress.TakeNumber(), _progress.Head, _call.Echo);

    private void AddText(Item item, ResponsePart part, ReadOnlySpan<byte> text, ReadOnlySpan<byte> logprobs)
    {
        _calls.AnnounceAll();
        if (_item != item)
        {
            CloseItem("completed"u8);
            OpenItem(item);
        }

        if (_part != part)
        {
            ClosePart();
            OpenPart(part);
        }

        _events.Keep(text.Length + logprobs.Length);
        _text.Append(text);
        int before = _logprobs.Length;
        if (!logprobs.IsEmpty)
        {
            _logprobs.Append(before == 0 ? default : ","u8);
            before = _logprobs.Length;
            ResponseWriter.WriteLogprobs(_logprobs, logprobs);
        }

        _events.BeginOfPart(
            part switch
            {
                ResponsePart.Reasoning => "response.reasoning_text.delta"u8,
                ResponsePart.Text => "response.output_text.delta"u8,
                _ => "response.refusal.delta"u8,
            },
            _itemId, _outputIndex, _contentIndex);
        _events.Target.Append(",\"delta\":"u8);
        _events.Target.AppendRawText(text);
        WriteLogprobs(part, _logprobs.Span[before..]);
        _events.End();
    }

    private void OpenItem(Item item)
    {
        _outputIndex = _events.TakeOutputIndex();
        _itemId = _events.Head.ItemId(item == Item.Reasoning ? "rs" : "msg", _outputIndex);
        (_item, _contentIndex) = (item, 0);
        _events.Begin("response.output_item.added"u8);
        _events.Target.Append("\"output_index\":"u8);
        _events.Target.AppendNumber(_outputIndex);
        _events.Target.Append(",\"item\":{\"id\":"u8);
        _events.Target.AppendText(_itemId);
        _events.Target.Append(item == Item.Reasoning
            ? ",\"type\":\"reasoning\",\"summary\":[],\"content\":[],\"status\":\"in_progress\"}"u8
            : ",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"status\":\"in_progress\"}"u8);
        _events.End();
    }

    private void OpenPart(ResponsePart part)
    {
        // Each takes memory until its item is done, regardless of the length of its text.
        if (_contentIndex == ResponseEventWriter.MaxItems)
        {
            throw _events.TooMany("an item of more than 1,024 parts");
        }

        _part = part;
        _events.BeginOfPart("response.content_part.added"u8, _itemId, _outputIndex, _contentIndex);
        _events.Target.Append(",\"part\":"u8);
        ResponseWriter.WritePart(_events.Target, part, default, default);
        _events.End();
    }

    private void ClosePart()
    {
        if (_part is not { } part)
        {
            return;
        }

        _events.BeginOfPart(
            part switch
            {
                ResponsePart.Reasoning => "response.reasoning_text.done"u8,
                ResponsePart.Text => "response.output_text.done"u8,
                _ => "response.refusal.done"u8,
            },
            _itemId, _outputIndex, _contentIndex);
        _events.Target.Append(part == ResponsePart.Refusal ? ",\"refusal\":"u8 : ",\"text\":"u8);
        _events.Target.AppendRawText(_text.Span);
        WriteLogprobs(part, _logprobs.Span);
        _events.End();

        int start = _parts.Length;
        _parts.Append(start == 0 ? default : ","u8);
        start = _parts.Length;
        ResponseWriter.WritePart(_parts, part, _text.Span, _logprobs.Span);
        _events.BeginOfPart("response.content_part.done"u8, _itemId, _outputIndex, _contentIndex);
        _events.Target.Append(",\"part\":"u8);
        _events.Target.Append(_parts.Span[start..]);
        _events.End();
        _contentIndex++;
        _part = null;
        if (part != ResponsePart.Reasoning)
        {
            _text.Clear();
            _logprobs.Clear();
        }
    }

    private void CloseItem(ReadOnlySpan<byte> status)
    {
        if (_item == Item.None)
        {
            return;
        }

        ClosePart();
        if (_item == Item.Reasoning)
        {
            ResponseWriter.WriteReasoning(_items.Bytes, _itemId, _text.Span, _call.Encrypt(_text.Span), status);
        }
        else
        {
            ResponseWriter.WriteMessage(_items.Bytes, _itemId, _parts.Span, status);
        }

        _events.WriteItem("response.output_item.done"u8, _outputIndex, _items.Add(_outputIndex));
        _item = Item.None;
        _text.Clear();
        _parts.Clear();
    }

    private void WriteLogprobs(ResponsePart part, ReadOnlySpan<byte> logprobs)
    {
        if (part == ResponsePart.Text)
        {
            _events.Target.Append(",\"logprobs\":["u8);
            _events.Target.Append(logprobs);
            _events.Target.Append((byte)']');
        }
    }

    private void WriteEnd()
    {
        ResponseEnd end = ResponseEnd.Of(_finish) with { CompletedAt = _call.Now, Usage = _usage.Span };
        _events.Begin(end.IncompleteReason is null ? "response.completed"u8 : "response.incomplete"u8);
        _events.Target.Append("\"response\":"u8);
        ResponseWriter.Write(_events.Target, _progress.Head, _call.Echo, end, _items);
        _events.End();
        End();
    }

    private void End()
    {
        _isOver = true;
        _progress.End();
    }

    private PrivatemodeServiceException EndedElsewhere() => new(
        ServiceFailureReason.Other, "The ResponseProgress of this call says that the response has ended already. Create one for each request.")
    {
        Status = 200,
        RequestId = _call.RequestId,
    };
}
