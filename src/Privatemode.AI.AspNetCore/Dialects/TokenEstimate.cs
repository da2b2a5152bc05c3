using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>Estimates how many tokens a request has, without a tokenizer: each model has another one, and theirs have megabytes.</summary>
/// <remarks>For limits and for programs that ask before they send. The constants are fitted to o200k_base, which is that of gpt-oss.</remarks>
internal static class TokenEstimate
{
    // Characters, or bytes where it says so, for one token.
    private const double Letters = 4.2;
    private const double Digits = 2.5;
    private const double OtherAscii = 1.6;
    private const double OtherBytes = 2.2;

    // What the template of a model writes around them.
    private const double Once = 16;
    private const double Message = 4;
    private const double Tool = 12;
    private const double Image = 1200;

    private const int LongestWordOfMedia = 256;

    /// <summary>Estimates the tokens of a request in one of the three APIs.</summary>
    /// <param name="body">A JSON object. The estimate of anything else is of what can be read.</param>
    public static long Of(ReadOnlySpan<byte> body)
    {
        Counter counter = new();
        Utf8JsonReader reader = new(body, new JsonReaderOptions { MaxDepth = RequestJson.MaxDepth });
        try
        {
            _ = reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                counter.Member(ref reader);
            }
        }
        catch (JsonException)
        {
            // Who sends it is told elsewhere.
        }

        return counter.Tokens;
    }

    /// <summary>Whether a string is media in base64 and no text.</summary>
    private static bool IsMedia(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("data:"u8))
        {
            return true;
        }

        return text.Length >= LongestWordOfMedia && System.Buffers.Text.Base64.IsValid(text[..LongestWordOfMedia]);
    }

    private struct Counter
    {
        private long _letters;
        private long _digits;
        private long _other;
        private long _bytes;
        private double _fixed = Once;

        public Counter()
        {
        }

        public readonly long Tokens =>
            (long)Math.Ceiling(_fixed + (_letters / Letters) + (_digits / Digits) + (_other / OtherAscii) + (_bytes / OtherBytes));

        public void Member(ref Utf8JsonReader reader)
        {
            bool isTools = reader.ValueTextEquals("tools"u8);
            bool isText = isTools || reader.ValueTextEquals("messages"u8) || reader.ValueTextEquals("system"u8) || reader.ValueTextEquals("input"u8) ||
                reader.ValueTextEquals("prompt"u8) || reader.ValueTextEquals("instructions"u8);
            _ = reader.Read();
            if (!isText)
            {
                reader.Skip();
                return;
            }

            (int depth, bool isList) = (reader.CurrentDepth, reader.TokenType == JsonTokenType.StartArray);
            bool isMedia = false;
            do
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        isMedia = IsNameOfMedia(ref reader);
                        Text(isTools ? reader.ValueSpan : []);
                        break;
                    case JsonTokenType.String when isMedia && IsMedia(reader.ValueSpan):
                        _fixed += Image;
                        break;
                    case JsonTokenType.String:
                        Text(reader.ValueSpan);
                        break;
                    case JsonTokenType.Number:
                        _digits += reader.ValueSpan.Length;
                        break;
                    case JsonTokenType.StartObject when isList && reader.CurrentDepth == depth + 1:
                        _fixed += isTools ? Tool : Message;
                        break;
                }
            }
            while (reader.CurrentDepth > depth || reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject
                ? reader.Read()
                : false);
        }

        private static bool IsNameOfMedia(ref Utf8JsonReader reader) => reader.ValueTextEquals("data"u8) || reader.ValueTextEquals("url"u8) ||
            reader.ValueTextEquals("image_url"u8) || reader.ValueTextEquals("file_data"u8);

        private void Text(ReadOnlySpan<byte> text)
        {
            foreach (byte character in text)
            {
                if (character is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z') or (byte)' ')
                {
                    _letters++;
                }
                else if (character is >= (byte)'0' and <= (byte)'9')
                {
                    _digits++;
                }
                else if (character >= 128)
                {
                    _bytes++;
                }
                else
                {
                    _other++;
                }
            }
        }
    }
}
