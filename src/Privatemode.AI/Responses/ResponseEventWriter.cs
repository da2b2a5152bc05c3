using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;

namespace Privatemode.AI.Responses;

/// <summary>Writes the events of one response: numbers them, assigns them to their items, and limits the text that is stored for their end.</summary>
internal sealed class ResponseEventWriter(ResponseProgress progress, string? requestId)
{
    /// <summary>The maximum text of one answer, which is stored for the events that repeat it, in bytes in the escaped form of JSON.</summary>
    public const int MaxTextLength = AnswerLimits.MaxTextLength;

    /// <summary>The maximum number of items of one answer.</summary>
    public const int MaxItems = 1024;

    private int _nextOutputIndex;
    private long _kept;
    private int _start;
    private bool _isOpen;

    public ResponseHead Head => progress.Head;

    /// <summary>The output for events. Set for each chat event.</summary>
    public PooledBytes Target { get; set; } = null!;

    /// <summary>Counts text that is stored.</summary>
    /// <exception cref="PrivatemodeServiceException">The stored text exceeds <see cref="MaxTextLength"/>.</exception>
    public void Keep(int length)
    {
        _kept += length;
        if (_kept > MaxTextLength)
        {
            throw TooMany("more than 16 MiB");
        }
    }

    /// <summary>Returns the index of a new item.</summary>
    /// <exception cref="PrivatemodeServiceException">The response has more than <see cref="MaxItems"/> items.</exception>
    public int TakeOutputIndex() => _nextOutputIndex < MaxItems ? _nextOutputIndex++ : throw TooMany("more than 1,024 items");

    /// <summary>Starts an event, up to the comma before its own members.</summary>
    public void Begin(ReadOnlySpan<byte> type)
    {
        (_start, _isOpen) = (Target.Length, true);
        ResponseWriter.BeginEvent(Target, type, progress.TakeNumber());
    }

    /// <summary>Starts an event about an item, with the item's index and ID.</summary>
    public void BeginOfItem(ReadOnlySpan<byte> type, string itemId, int outputIndex)
    {
        Begin(type);
        Target.Append("\"item_id\":"u8);
        Target.AppendText(itemId);
        Target.Append(",\"output_index\":"u8);
        Target.AppendNumber(outputIndex);
    }

    /// <summary>Starts an event about a part of an item, with the indexes and the item's ID.</summary>
    public void BeginOfPart(ReadOnlySpan<byte> type, string itemId, int outputIndex, int contentIndex)
    {
        BeginOfItem(type, itemId, outputIndex);
        Target.Append(",\"content_index\":"u8);
        Target.AppendNumber(contentIndex);
    }

    public void End()
    {
        ResponseWriter.EndEvent(Target, _start);
        _isOpen = false;
    }

    /// <summary>Removes an event that was started and could not be completed.</summary>
    public void TakeBack()
    {
        if (_isOpen)
        {
            _isOpen = false;
            Target.Truncate(_start);
        }
    }

    /// <summary>Writes an event with an item.</summary>
    public void WriteItem(ReadOnlySpan<byte> type, int outputIndex, ReadOnlySpan<byte> item)
    {
        Begin(type);
        Target.Append("\"output_index\":"u8);
        Target.AppendNumber(outputIndex);
        Target.Append(",\"item\":"u8);
        Target.Append(item);
        End();
    }

    /// <summary>Creates the exception for an answer that exceeds a limit.</summary>
    public PrivatemodeServiceException TooMany(string what) => new(
        ServiceFailureReason.Other, $"The answer has {what}, which is more than a response can have. Use a chat.")
    {
        Status = 200,
        RequestId = requestId,
    };
}
