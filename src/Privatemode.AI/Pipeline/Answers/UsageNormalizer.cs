using System.Buffers;
using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Answers;

/// <summary>Removes unusable values from the usage of an answer, which is not authenticated and must not make the answer fail.</summary>
/// <remarks>
/// A count is an integer from 0 to 2³¹−1; <c>12.0</c> is 12. Seconds may be fractions; the type of the usage and the service tier are words. Other
/// values are removed, and usage without a number becomes null.
/// </remarks>
internal sealed class UsageNormalizer : IDisposable
{
    private const int MaxDepth = 4;
    private const int NameLimit = 128;
    private const int WordLimit = 64;
    private const double MaxSeconds = 1e9;

    private static readonly SearchValues<byte> WordBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_."u8);

    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly Utf8JsonWriter _writer;
    private readonly bool _nullsStay;
    private bool _isChanged;
    private bool _hasNumber;

    private UsageNormalizer(bool nullsStay)
    {
        _nullsStay = nullsStay;
        _writer = new Utf8JsonWriter(_output);
    }

    /// <summary>Corrects the usage of an answer or event; correct usage is left unchanged.</summary>
    /// <param name="opened">The answer or event.</param>
    /// <param name="nullsStay">Counts may be null, as those of messages may; the OpenAI client cannot read that.</param>
    public static void Normalize(OpenedDocument opened, bool nullsStay)
    {
        if (!opened.TryGet("usage"u8, out ReadOnlySpan<byte> usage, out JsonTokenType kind) || kind == JsonTokenType.Null)
        {
            return;
        }

        using UsageNormalizer normalizer = new(nullsStay);
        if (kind == JsonTokenType.StartObject)
        {
            Utf8JsonReader reader = new(usage, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
            _ = reader.Read();
            normalizer.CopyObject(ref reader, reader.CurrentDepth + 1);
            normalizer._writer.Flush();
        }

        if (!normalizer._hasNumber)
        {
            opened.Replace("usage"u8, "null"u8);
        }
        else if (normalizer._isChanged)
        {
            opened.Replace("usage"u8, normalizer._output.WrittenSpan);
        }
    }

    public void Dispose() => _writer.Dispose();

    private void CopyObject(ref Utf8JsonReader reader, int depth)
    {
        _writer.WriteStartObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = reader.ValueSpan;
            bool isName = !reader.ValueIsEscaped && name.Length <= NameLimit && !name.ContainsAnyExceptInRange((byte)' ', (byte)'~');
            _ = reader.Read();
            if (!isName || !TryCopy(ref reader, name, depth))
            {
                _isChanged = true;
                reader.Skip();
            }
        }

        _writer.WriteEndObject();
    }

    /// <summary>Copies a member if its value is of a kind that its name can have; otherwise returns false.</summary>
    private bool TryCopy(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, int depth)
    {
        bool isSeconds = name.SequenceEqual("seconds"u8);
        bool isCount = isSeconds || name.EndsWith("_tokens"u8);
        bool isWord = name.SequenceEqual("type"u8) || name.SequenceEqual("service_tier"u8);
        switch (reader.TokenType)
        {
            case JsonTokenType.Number when !isWord && !name.EndsWith("_details"u8):
                return isSeconds ? TryCopySeconds(ref reader, name) : TryCopyCount(ref reader, name);
            case JsonTokenType.String when isWord && reader.ValueSpan.Length is > 0 and <= WordLimit && !reader.ValueSpan.ContainsAnyExcept(WordBytes):
                _writer.WriteString(name, reader.ValueSpan);
                return true;
            case JsonTokenType.Null when _nullsStay || !(isCount || isWord):
                _writer.WriteNull(name);
                return true;
            case JsonTokenType.StartObject when !isCount && !isWord && depth < MaxDepth:
                _writer.WritePropertyName(name);
                CopyObject(ref reader, depth + 1);
                return true;
            default:
                return false;
        }
    }

    private bool TryCopyCount(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.TryGetInt32(out int count))
        {
            if (!reader.TryGetDecimal(out decimal number) || number != decimal.Truncate(number) || number is < 0 or > int.MaxValue)
            {
                return false;
            }

            (count, _isChanged) = ((int)number, true);
        }

        _hasNumber |= count >= 0;
        if (count >= 0)
        {
            _writer.WriteNumber(name, count);
        }

        return count >= 0;
    }

    private bool TryCopySeconds(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.TryGetDouble(out double seconds) || seconds is not (>= 0 and <= MaxSeconds))
        {
            return false;
        }

        _hasNumber = true;
        _writer.WritePropertyName(name);
        _writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
        return true;
    }
}
