using System.Text.Json;

namespace Privatemode.AI.Encryption.Json;

/// <summary>Tells the kind of a raw JSON value from its first character.</summary>
internal static class JsonKind
{
    /// <summary>The token a value starts with; <see cref="JsonTokenType.None"/> when it is no JSON value.</summary>
    public static JsonTokenType Of(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> text = value.TrimStart(" \t\r\n"u8);
        return text.IsEmpty ? JsonTokenType.None : text[0] switch
        {
            (byte)'{' => JsonTokenType.StartObject,
            (byte)'[' => JsonTokenType.StartArray,
            (byte)'"' => JsonTokenType.String,
            (byte)'t' => JsonTokenType.True,
            (byte)'f' => JsonTokenType.False,
            (byte)'n' => JsonTokenType.Null,
            (byte)'-' or (>= (byte)'0' and <= (byte)'9') => JsonTokenType.Number,
            _ => JsonTokenType.None,
        };
    }

    /// <summary>Whether a value is an array that begins with an object.</summary>
    public static bool IsArrayOfObjects(ReadOnlySpan<byte> value) => Of(value) == JsonTokenType.StartArray
        && Of(value.TrimStart(" \t\r\n"u8)[1..]) == JsonTokenType.StartObject;

    /// <summary>Whether a value is an array with nothing in it.</summary>
    public static bool IsEmptyArray(ReadOnlySpan<byte> value) => Of(value) == JsonTokenType.StartArray
        && value.TrimStart(" \t\r\n"u8)[1..].TrimStart(" \t\r\n"u8).StartsWith("]"u8);
}
