using Privatemode.AI.Encryption;

namespace Privatemode.AI.Responses;

/// <summary>Writes the events of one response: numbers them, places them at their items, and counts what is kept for their end.</summary>
internal sealed class ResponseEventWriter(ResponseProgress progress, string? requestId)
{
    /// <summary>Most text of one answer, which is kept for the events that say it whole, in bytes as it stands in JSON.</summary>
    public const int MostText = 16 * 1024 * 1024;

    /// <summary>Most items of one answer.</summary>
    public const int MostItems = 1024;

    private int _nextOutputIndex;
    private long _kept;
    private int _start;
    private bool _isOpen;

    public ResponseHead Head => progress.Head;

    /// <summary>Where events are written. Set for each chat event.</summary>
    public PooledBytes Target { get; set; } = null!;

    /// <summary>Counts text that is kept.</summary>
    /// <exception cref="PrivatemodeServiceException">It is too much.</exception>
    public void Keep(int length)
    {
        _kept += length;
        if (_kept > MostText)
        {
            throw TooMany("more than 16 MiB");
        }
    }

    /// <summary>The index of a new item.</summary>
    /// <exception cref="PrivatemodeServiceException">There are too many.</exception>
    public int TakeOutputIndex() => _nextOutputIndex < MostItems ? _nextOutputIndex++ : throw TooMany("more than 1,024 items");

    /// <summary>Begins an event, up to the comma before its own members.</summary>
    public void Begin(ReadOnlySpan<byte> type)
    {
        (_start, _isOpen) = (Target.Length, true);
        ResponseWriter.BeginEvent(Target, type, progress.TakeNumber());
    }

    /// <summary>Begins an event about an item, and writes which one.</summary>
    public void BeginOfItem(ReadOnlySpan<byte> type, string itemId, int outputIndex)
    {
        Begin(type);
        Target.Append("\"item_id\":"u8);
        Target.AppendText(itemId);
        Target.Append(",\"output_index\":"u8);
        Target.AppendNumber(outputIndex);
    }

    /// <summary>Begins an event about a part of an item, and writes which one.</summary>
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

    /// <summary>Takes an event back that was begun and could not be ended.</summary>
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

    /// <summary>The exception for an answer that is more than a response can have.</summary>
    public PrivatemodeServiceException TooMany(string what) => new(
        ServiceFailureReason.Other, $"The answer has {what}, which is more than a response can have. Use a chat.")
    {
        Status = 200,
        RequestId = requestId,
    };
}
