using System.Buffers.Text;
using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Estimates the number of tokens of a request without a tokenizer: each model has its own, with a vocabulary of several megabytes.</summary>
/// <remarks>For limits, and for programs that request an estimate before they send. It reads words, numbers and punctuation in one pass, without creating
/// strings. The weights are fitted to o200k_base, the tokenizer of gpt-oss, on code, JSON schemas and prose in English, German, Russian and Chinese.</remarks>
internal static class TokenEstimate
{
    // What the template of a model writes around a request, a message and a tool, and what an image takes.
    private const double Request = 16;
    private const double Message = 4;
    private const double Tool = 12;
    private const double Image = 1200;

    private const int BeginningOfMedia = 256;

    /// <summary>Estimates the tokens of a request in one of the three APIs.</summary>
    /// <param name="body">A JSON object. For other text, the result is the estimate of the part that can be read.</param>
    public static long Of(ReadOnlySpan<byte> body)
    {
        Utf8JsonReader reader = new(body, new JsonReaderOptions { MaxDepth = RequestJson.MaxDepth });
        double tokens = Request;
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isTools = reader.ValueTextEquals("tools"u8);
                bool isText = reader.ValueTextEquals("messages"u8) || reader.ValueTextEquals("system"u8) || reader.ValueTextEquals("input"u8) ||
                    reader.ValueTextEquals("prompt"u8) || reader.ValueTextEquals("instructions"u8);
                _ = reader.Read();
                if (isTools)
                {
                    tokens += OfJson(ref reader, body) + (Tool * CountOf(ref reader));
                }
                else if (isText)
                {
                    tokens += OfTexts(ref reader, body);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The caller learns of it elsewhere.
        }

        return (long)Math.Ceiling(tokens);
    }

    /// <summary>Returns the tokens of a value that the model receives as JSON. The reader does not move.</summary>
    private static double OfJson(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        Utf8JsonReader end = reader;
        end.Skip();
        return TokenWeights.Of(body[(int)reader.TokenStartIndex..(int)end.BytesConsumed]);
    }

    /// <summary>Moves the reader to the end of a list and counts its elements; 0 for another value.</summary>
    private static int CountOf(ref Utf8JsonReader reader)
    {
        int count = 0;
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                count++;
                reader.Skip();
            }
        }

        reader.Skip();
        return count;
    }

    /// <summary>Returns the tokens of the texts in a value, and moves the reader to the end of the value.</summary>
    private static double OfTexts(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        (int depth, double tokens) = (reader.CurrentDepth, 0);
        bool isList = reader.TokenType == JsonTokenType.StartArray;
        do
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                tokens += OfMember(ref reader, body);
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                tokens += TokenWeights.Of(reader.ValueSpan);
            }
            else if (reader.TokenType == JsonTokenType.StartObject && isList && reader.CurrentDepth == depth + 1)
            {
                tokens += Message;
            }
        }
        while ((reader.CurrentDepth > depth || reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject) && reader.Read());
        return tokens;
    }

    /// <summary>Returns the tokens of a member that is not text: a name or a type, an image, or the input of a tool call.</summary>
    private static double OfMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        bool isMark = reader.ValueTextEquals("type"u8) || reader.ValueTextEquals("role"u8) || reader.ValueTextEquals("id"u8) ||
            reader.ValueTextEquals("tool_use_id"u8) || reader.ValueTextEquals("tool_call_id"u8) || reader.ValueTextEquals("call_id"u8) ||
            reader.ValueTextEquals("media_type"u8);
        bool isMedia = reader.ValueTextEquals("data"u8) || reader.ValueTextEquals("url"u8) || reader.ValueTextEquals("image_url"u8) ||
            reader.ValueTextEquals("file_data"u8);
        bool isInput = reader.ValueTextEquals("input"u8);
        _ = reader.Read();
        if (isInput && reader.TokenType == JsonTokenType.StartObject)
        {
            double tokens = OfJson(ref reader, body);
            reader.Skip();
            return tokens;
        }

        return reader.TokenType != JsonTokenType.String || isMark ? 0
            : isMedia && IsMedia(reader.ValueSpan) ? Image
            : TokenWeights.Of(reader.ValueSpan);
    }

    /// <summary>Returns whether a string is a Base64-encoded file and not text.</summary>
    private static bool IsMedia(ReadOnlySpan<byte> text) => text.StartsWith("data:"u8) ||
        (text.Length >= BeginningOfMedia && Base64.IsValid(text[..BeginningOfMedia]) && !text[..BeginningOfMedia].Contains((byte)' '));
}

/// <summary>Estimates the tokens of text.</summary>
internal static class TokenWeights
{
    private const double Word = 1.17;
    private const double LetterOfALongWord = 0.21;
    private const double ThreeDigits = 1.65;
    private const double Punctuation = 0.75;
    private const double LetterOfTwoBytes = 0.05;
    private const double CharacterOfThreeBytes = 0.66;
    private const double CharacterOfFourBytes = 1.5;
    private const int LongWord = 7;

    private enum Kind
    {
        Space,
        Letter,
        Digit,
        Punctuation,
        Other,
    }

    /// <summary>Estimates the tokens of raw JSON text. An escape sequence counts as the character that it represents.</summary>
    public static double Of(ReadOnlySpan<byte> text)
    {
        (double tokens, Kind before, bool wasLower, int run) = (0, Kind.Space, false, 0);
        for (int i = 0; i < text.Length; i++)
        {
            byte character = text[i];
            if (character is >= 0x80 and < 0xC0)
            {
                continue; // counted by its first byte
            }

            Kind kind = KindOf(character);
            if (character == '\\' && i + 1 < text.Length)
            {
                kind = text[++i] switch { (byte)'n' or (byte)'r' or (byte)'t' => Kind.Space, (byte)'u' => Kind.Other, _ => Kind.Punctuation };
                i += text[i] == 'u' ? 4 : 0;
            }

            bool isUpper = character is >= (byte)'A' and <= (byte)'Z';
            run = kind != before || (kind == Kind.Letter && isUpper && wasLower) ? 1 : run + 1;
            (before, wasLower) = (kind, kind == Kind.Letter && !isUpper);
            tokens += Weight(kind, run) + (character >= 0xF0 ? CharacterOfFourBytes - CharacterOfThreeBytes : 0) +
                (character is >= 0xC0 and < 0xE0 ? LetterOfTwoBytes : 0);
        }

        return tokens;
    }

    private static double Weight(Kind kind, int run) => kind switch
    {
        Kind.Letter => run == 1 ? Word : run > LongWord ? LetterOfALongWord : 0,
        Kind.Digit => run % 3 == 1 ? ThreeDigits : 0,
        Kind.Punctuation => run == 1 ? Punctuation : 0,
        Kind.Other => CharacterOfThreeBytes,
        _ => 0,
    };

    // Letters of two bytes are those of European and Near Eastern scripts, whose words are split at spaces.
    private static Kind KindOf(byte character) => character switch
    {
        >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or >= 0xC0 and < 0xE0 => Kind.Letter,
        >= (byte)'0' and <= (byte)'9' => Kind.Digit,
        >= 0xE0 => Kind.Other,
        <= (byte)' ' => Kind.Space,
        _ => Kind.Punctuation,
    };
}
