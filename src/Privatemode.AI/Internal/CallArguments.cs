using System.Buffers;
using System.Text.Json;

namespace Privatemode.AI.Internal;

/// <summary>Finds the JSON object in the arguments of tool calls that a model wrote.</summary>
/// <remarks>Arguments are content: text that is not a part of the input is in pooled memory, which is wiped.</remarks>
internal sealed class CallArguments : IDisposable
{
    /// <summary>The maximum number of names, values and brackets in all arguments that one instance reads, because each takes time and memory.</summary>
    public const int MaxJsonTokens = 1_000_000;

    // If two arguments have the same name, it is unclear which one the model meant, and parsers differ.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private static readonly byte[] NoArguments = "{}"u8.ToArray();

    private byte[] _wellFormed = [];
    private byte[] _inside = [];
    private int _tokensLeft = MaxJsonTokens;

    /// <summary>Whether there were more than <see cref="MaxJsonTokens"/>. No further arguments are read then.</summary>
    public bool IsExhausted => _tokensLeft < 0;

    /// <summary>Returns the JSON object, or false if there is no complete object: the call must not run then.</summary>
    /// <param name="raw">The model's text. <c>null</c> means no arguments; an empty text does too, unless the call is cut off.</param>
    /// <param name="isCutOff">Whether the answer ended early in this call, so that missing arguments do not mean none.</param>
    /// <param name="json">A JSON object whose names are all different, without white space around it: a part of <paramref name="raw"/>, or a new text if the
    /// object is inside a JSON string (some models write arguments in this way) or contains half of a surrogate pair. The new text is valid until the next call
    /// or <see cref="Dispose"/>.</param>
    public bool TryRead(ReadOnlyMemory<byte> raw, bool isCutOff, out ReadOnlyMemory<byte> json)
    {
        ReadOnlyMemory<byte> text = Trim(raw);
        if (text.IsEmpty || text.Span.SequenceEqual("null"u8))
        {
            json = NoArguments;
            return !(text.IsEmpty && isCutOff);
        }

        json = WellFormed(text);
        return json.Span[0] == (byte)'"' ? TryUnquote(json, out json) && HasDifferentNames(json) : HasDifferentNames(json);
    }

    /// <summary>Returns whether a text is one JSON object, regardless of its content.</summary>
    public static bool IsObject(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip() && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        Rent(ref _wellFormed, 0);
        Rent(ref _inside, 0);
    }

    private static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> json) => json.Trim(" \t\r\n"u8);

    private bool HasDifferentNames(ReadOnlyMemory<byte> json)
    {
        try
        {
            Utf8JsonReader reader = new(json.Span);
            while (reader.Read())
            {
                if (--_tokensLeft < 0)
                {
                    _tokensLeft = -1;
                    return false;
                }
            }

            using JsonDocument document = JsonDocument.Parse(json, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Reads the value of a JSON string.</summary>
    private bool TryUnquote(ReadOnlyMemory<byte> json, out ReadOnlyMemory<byte> value)
    {
        value = default;
        try
        {
            Utf8JsonReader reader = new(json.Span);
            if (!reader.Read())
            {
                return false;
            }

            Rent(ref _inside, reader.ValueSpan.Length);
            int length = reader.CopyString(_inside);
            LoneSurrogates.Replace(_inside.AsSpan(0, length));
            value = Trim(_inside.AsMemory(0, length));
            return !reader.Read();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private ReadOnlyMemory<byte> WellFormed(ReadOnlyMemory<byte> json)
    {
        if (LoneSurrogates.Find(json.Span) < 0)
        {
            return json;
        }

        Rent(ref _wellFormed, json.Length);
        json.CopyTo(_wellFormed);
        LoneSurrogates.Replace(_wellFormed.AsSpan(0, json.Length));
        return _wellFormed.AsMemory(0, json.Length);
    }

    private static void Rent(ref byte[] array, int length)
    {
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array, clearArray: true);
        }

        array = length == 0 ? [] : ArrayPool<byte>.Shared.Rent(length);
    }
}
