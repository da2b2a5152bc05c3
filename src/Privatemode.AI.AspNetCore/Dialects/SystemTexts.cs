using System.Text.Json;

namespace Privatemode.AI.AspNetCore.Dialects;

/// <summary>The texts of an Anthropic request's <c>system</c>, and of its messages with the role <c>system</c>, in order.</summary>
/// <remarks>Claude Code sends its instructions as such a message. The model server refuses it, or loses the tools of the request.</remarks>
internal sealed class SystemTexts
{
    private readonly List<(JsonElement Text, string? Shortened)> _texts = [];

    public int Folded { get; private set; }

    public int FoldedLate { get; private set; }

    // A line about who pays. It has a hash of each request in it, so that no two prompts would begin alike.
    private static ReadOnlySpan<byte> BillingHeader => "x-anthropic-billing-header"u8;

    /// <summary>Adds the content of a message with the role <c>system</c>.</summary>
    /// <param name="content">A text or a list of blocks.</param>
    /// <param name="path">Where it is, for exceptions.</param>
    /// <param name="isLate">Whether the model has answered before.</param>
    public void Fold(JsonElement content, string path, bool isLate)
    {
        Add(content, path);
        Folded++;
        FoldedLate += isLate ? 1 : 0;
    }

    /// <summary>Adds a text or the texts of blocks.</summary>
    /// <exception cref="PrivatemodeRequestException">It is neither, or a block is not a text.</exception>
    public void Add(JsonElement content, string path)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            AddLines(content, path);
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
                _texts.Add((text, null));
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
        foreach ((JsonElement text, string? shortened) in _texts)
        {
            if (shortened is null)
            {
                blocks.WriteText(text);
            }
            else
            {
                writer.WriteStartObject();
                writer.WriteString("type"u8, "text"u8);
                writer.WriteString("text"u8, shortened);
                writer.WriteEndObject();
            }
        }

        writer.WriteEndArray();
    }

    /// <summary>A text that is all of <c>system</c> loses its first line only: the instructions of the program can follow.</summary>
    private void AddLines(JsonElement text, string path)
    {
        if (!RequestJson.StartsWith(text, BillingHeader))
        {
            if (RequestJson.Inner(text).Length > 0)
            {
                _texts.Add((text, null));
            }

            return;
        }

        string rest;
        try
        {
            rest = text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw RequestJson.Wrong(path, "valid text");
        }

        while (rest.StartsWith("x-anthropic-billing-header", StringComparison.Ordinal))
        {
            int end = rest.IndexOf('\n', StringComparison.Ordinal);
            rest = end < 0 ? "" : rest[(end + 1)..];
        }

        if (rest.Length > 0)
        {
            _texts.Add((text, rest));
        }
    }
}
