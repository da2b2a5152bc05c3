using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>The texts of an Anthropic request's <c>system</c>, and of its messages with the role <c>system</c>, in order.</summary>
/// <remarks>Claude Code sends its instructions as such a message. The model server refuses it, or loses the tools of the request. All texts are written as one
/// text, because the model server joins several texts without a separator.</remarks>
internal sealed class SystemTexts
{
    // With how many bytes at the beginning of each are left out.
    private readonly List<(JsonElement Text, int Start)> _texts = [];

    public int Folded { get; private set; }

    public int FoldedLate { get; private set; }

    // A line about who pays. It has a hash of each request in it, so that no two prompts would begin alike.
    private static ReadOnlySpan<byte> BillingHeader => "x-anthropic-billing-header"u8;

    /// <summary>Adds the content of a message with the role <c>system</c>.</summary>
    /// <param name="content">A text or a list of blocks.</param>
    /// <param name="path">The position of the content, for exceptions.</param>
    /// <param name="isLate">Whether the message comes after an answer of the model.</param>
    public void Fold(JsonElement content, string path, bool isLate)
    {
        Add(content, path);
        Folded++;
        FoldedLate += isLate ? 1 : 0;
    }

    /// <summary>Adds a text or the texts of blocks.</summary>
    /// <exception cref="PrivatemodeRequestException">The content is neither a string nor a list of text blocks.</exception>
    public void Add(JsonElement content, string path)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            AddLines(content);
            return;
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            throw RequestJson.Wrong(path, "a string or a list of text blocks");
        }

        int index = 0;
        foreach (JsonElement block in content.EnumerateArray())
        {
            bool isText = block.ValueKind == JsonValueKind.Object && RequestJson.TryGet(block, "type"u8, out JsonElement type) &&
                RequestJson.IsText(type, "text"u8);
            if (!isText || !RequestJson.TryGet(block, "text"u8, out JsonElement text) || !RequestJson.IsText(text))
            {
                throw RequestJson.Wrong($"{path}[{index}]", "a text block");
            }

            if (RequestJson.Inner(text).Length > 0 && !RequestJson.StartsWith(text, BillingHeader))
            {
                _texts.Add((text, 0));
            }

            index++;
        }
    }

    /// <summary>Writes the member <c>system</c>, unless there is no text.</summary>
    public void Write(Utf8JsonWriter writer, MessageBlocks blocks)
    {
        if (_texts.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("system"u8);
        blocks.WriteJoined(_texts);
        writer.WriteEndArray();
    }

    /// <summary>Adds a text without the billing header lines at its beginning. The instructions of the program can follow these lines.</summary>
    private void AddLines(JsonElement text)
    {
        ReadOnlySpan<byte> inner = RequestJson.Inner(text);
        int start = 0;
        while (RequestJson.StartsWith(inner[start..], BillingHeader))
        {
            start += LengthOfLine(inner[start..]);
        }

        if (start < inner.Length)
        {
            _texts.Add((text, start));
        }
    }

    /// <summary>Returns the length of the first line with its line break, in bytes of JSON.</summary>
    private static int LengthOfLine(ReadOnlySpan<byte> inner)
    {
        for (int position = 0; position < inner.Length;)
        {
            if (RequestJson.ReadAscii(inner, ref position) == '\n')
            {
                return position;
            }
        }

        return inner.Length;
    }
}
