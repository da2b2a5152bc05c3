using System.Security.Cryptography;
using System.Text.Json;
using Privatemode.AI.AspNetCore.Limits;

namespace Privatemode.AI.AspNetCore.Calls;

/// <summary>Finds the token counts in the bytes of an answer, without reading anything else of it.</summary>
/// <remarks>
/// For limits and metrics only: the counts are not authenticated, and the text of an answer can look like them. Bytes that are kept until the next bytes arrive
/// are wiped on disposal.
/// </remarks>
internal sealed class UsageScan : IDisposable
{
    /// <summary>The maximum length in bytes of an object with counts, including its name.</summary>
    private const int Longest = 1024;

    // Most streams carry the beginning of a name only.
    private byte[] _carried = new byte[Mark.Length];
    private int _length;
    private long? _input;
    private long? _output;
    private long? _cached;

    /// <summary>The counts that were found last, or null.</summary>
    public TokenUsage? Usage => _input is null && _output is null ? null : new TokenUsage(_input ?? 0, _output ?? 0, _cached ?? 0);

    /// <summary>The end of the last bytes, which can be part of the answer's text, and the rest of the same array. For tests.</summary>
    internal ReadOnlyMemory<byte> Carried => _carried;

    private static ReadOnlySpan<byte> Mark => "\"usage\":{"u8;

    /// <summary>Scans the next bytes of the answer.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_length > 0)
        {
            int before = _length;
            int taken = Math.Min(bytes.Length, Longest - before);
            Reserve(before + taken);
            bytes[..taken].CopyTo(_carried.AsSpan(before));
            ReadOnlySpan<byte> joined = _carried.AsSpan(0, before + taken);
            int done = Scan(joined);
            if (taken == bytes.Length)
            {
                Carry(joined[done..]);
                return;
            }

            // What is still open here is longer than any object of counts, or lies in the bytes that are looked at next.
            bytes = bytes[Math.Max(0, done - before)..];
        }

        Carry(bytes[Scan(bytes)..]);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_carried);

    /// <summary>Returns the index at which an object begins that is not complete yet.</summary>
    private int Scan(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (bytes[at..].IndexOf(Mark) is >= 0 and int distance)
        {
            int start = at + distance;
            at = start + Mark.Length - 1;
            if (!TryRead(bytes[at..]) && bytes.Length - start < Longest)
            {
                return start;
            }
        }

        // The name itself may be cut.
        return Math.Max(at, bytes.Length - Mark.Length + 1);
    }

    private void Carry(ReadOnlySpan<byte> bytes)
    {
        // The bytes may be a part of the same array, which is long enough then.
        Reserve(bytes.Length);
        bytes.CopyTo(_carried);
        _carried.AsSpan(bytes.Length).Clear();
        _length = bytes.Length;
    }

    private void Reserve(int length)
    {
        if (_carried.Length < length)
        {
            byte[] smaller = _carried;
            _carried = new byte[Longest];
            smaller.CopyTo(_carried, 0);
            CryptographicOperations.ZeroMemory(smaller);
        }
    }

    /// <summary>Reads the object at the beginning. Returns false if the object can continue after these bytes.</summary>
    private bool TryRead(ReadOnlySpan<byte> bytes)
    {
        Utf8JsonReader reader = new(bytes, isFinalBlock: false, default);
        long? input = null;
        long? output = null;
        long? cached = null;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == 0)
                {
                    (_input, _output, _cached) = (input ?? _input, output ?? _output, cached ?? _cached);
                    return true;
                }

                if (reader.TokenType != JsonTokenType.PropertyName)
                {
                    continue;
                }

                int kind = KindOf(ref reader);
                if (kind == 0 || !reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long count) || count < 0)
                {
                    continue;
                }

                (input, output, cached) = kind switch
                {
                    1 => (count, output, cached),
                    2 => (input, count, cached),
                    _ => (input, output, (long?)count),
                };
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return true; // Not an object of counts, or a name that is not valid text (InvalidOperationException).
        }

        return false;
    }

    private static int KindOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("prompt_tokens"u8) || reader.ValueTextEquals("input_tokens"u8) ? 1
            : reader.ValueTextEquals("completion_tokens"u8) || reader.ValueTextEquals("output_tokens"u8) ? 2
            : reader.ValueTextEquals("cached_tokens"u8) || reader.ValueTextEquals("cache_read_input_tokens"u8) ? 3 : 0;
}
