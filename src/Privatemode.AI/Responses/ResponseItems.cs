using Privatemode.AI.Encryption;

namespace Privatemode.AI.Responses;

/// <summary>The finished items of a response, as written. An item may be finished before one that began earlier.</summary>
internal sealed class ResponseItems : IDisposable
{
    private readonly List<(int OutputIndex, int Start, int End)> _items = [];

    /// <summary>The output for the next finished item.</summary>
    public PooledBytes Bytes { get; } = new(1024);

    /// <summary>Adds the bytes that were written to <see cref="Bytes"/> since the last item as an item.</summary>
    /// <returns>The item.</returns>
    public ReadOnlySpan<byte> Add(int outputIndex)
    {
        int start = _items.Count == 0 ? 0 : _items[^1].End;
        _items.Add((outputIndex, start, Bytes.Length));
        return Bytes.Span[start..];
    }

    /// <summary>Writes all items in their order, separated by commas.</summary>
    public void WriteTo(PooledBytes target)
    {
        bool isFirst = true;
        foreach ((_, int start, int end) in _items.OrderBy(item => item.OutputIndex))
        {
            target.Append(isFirst ? default : ","u8);
            target.Append(Bytes.Span[start..end]);
            isFirst = false;
        }
    }

    public void Dispose() => Bytes.Dispose();
}
