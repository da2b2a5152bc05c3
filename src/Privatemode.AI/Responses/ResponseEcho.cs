using Privatemode.AI.Encryption;

namespace Privatemode.AI.Responses;

/// <summary>Members of a request that its answer repeats unchanged.</summary>
internal sealed class ResponseEcho : IDisposable
{
    /// <summary>The maximum total size that is stored, in bytes.</summary>
    public const int Limit = 64 * 1024;

    /// <summary>The members that answers repeat, and their values if the request did not have them.</summary>
    public static IReadOnlyList<(string Name, byte[] Otherwise)> Members { get; } =
    [
        ("metadata", "{}"u8.ToArray()), ("temperature", "null"u8.ToArray()), ("top_p", "null"u8.ToArray()), ("max_output_tokens", "null"u8.ToArray()),
        ("parallel_tool_calls", "true"u8.ToArray()), ("tool_choice", "\"auto\""u8.ToArray()),
        ("text", """{"format":{"type":"text"}}"""u8.ToArray()), ("top_logprobs", "null"u8.ToArray()),
        ("reasoning", """{"effort":null,"summary":null}"""u8.ToArray()),
    ];

    private readonly PooledBytes _bytes = new(256);
    private readonly List<(string Name, int Start, int Length)> _members = [];

    /// <summary>Stores a member; it is left out if it does not fit.</summary>
    /// <param name="name">One of the members that answers repeat.</param>
    /// <param name="value">Its raw JSON value.</param>
    public void Add(string name, ReadOnlySpan<byte> value)
    {
        if (_bytes.Length + value.Length <= Limit)
        {
            _members.Add((name, _bytes.Length, value.Length));
            _bytes.Append(value);
        }
    }

    /// <summary>The raw JSON value of a member; empty if it was not stored.</summary>
    public ReadOnlySpan<byte> Find(string name)
    {
        foreach ((string kept, int start, int length) in _members)
        {
            if (kept == name)
            {
                return _bytes.Span.Slice(start, length);
            }
        }

        return default;
    }

    public void Dispose() => _bytes.Dispose();
}
