using System.Text.Json;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Responses;

/// <summary>Decrypts reasoning that an earlier response contained.</summary>
/// <param name="blob">The value of <c>encrypted_content</c>.</param>
/// <param name="text">Receives the text, in UTF-8.</param>
/// <returns>False if the value was encrypted for another service, client or caller, or is damaged.</returns>
internal delegate bool DecryptReasoning(ReadOnlySpan<byte> blob, PooledBytes text);

/// <summary>The reasoning of one message of the assistant, from items of the type <c>reasoning</c>.</summary>
internal sealed class ReasoningItems(DecryptReasoning decrypt) : IDisposable
{
    private static readonly KnownNames ItemMembers = new("type", "encrypted_content", "content", "summary", "id", "status");
    private static readonly KnownNames PartMembers = new("type", "text");

    private readonly JoinedText _text = new();

    /// <summary>The number of items with a blob that could not be decrypted.</summary>
    public int Foreign { get; private set; }

    public bool IsEmpty => _text.IsEmpty;

    /// <summary>Adds the text of an item: the encrypted text if possible, otherwise the plain text, otherwise the summary, in which Microsoft.Extensions.AI
    /// stores streamed text.</summary>
    /// <remarks>A blob that cannot be decrypted is not an error: conversations can be older than keys, and continue with another service.</remarks>
    public void Add(RequestObject item)
    {
        _ = item.WithOnly(ItemMembers);
        if (item.FindText("encrypted_content"u8) is { } blob && TryDecrypt(RawJson.Inside(blob)))
        {
            return;
        }

        if (!AddParts(item, "content"u8, "content", "reasoning_text"))
        {
            _ = AddParts(item, "summary"u8, "summary", "summary_text");
        }
    }

    /// <summary>Writes the reasoning as a member of the message, if there is any.</summary>
    public void MoveTo(Utf8JsonWriter writer)
    {
        if (!IsEmpty)
        {
            writer.WritePropertyName("reasoning"u8);
            _text.MoveTo(writer);
        }
    }

    public void Clear() => _text.Clear();

    public void Dispose() => _text.Dispose();

    private bool TryDecrypt(ReadOnlySpan<byte> blob)
    {
        // Blobs of this library contain no characters that need escapes.
        using PooledBytes text = new(blob.Length);
        if (blob.Contains((byte)'\\') || !decrypt(blob, text))
        {
            Foreign += blob.IsEmpty ? 0 : 1;
            return false;
        }

        _text.AddText(text.Span);
        return true;
    }

    private bool AddParts(RequestObject item, ReadOnlySpan<byte> name, string list, string type)
    {
        bool hasAny = false;
        int i = 0;
        foreach (JsonElement element in item.FindList(name)?.EnumerateArray() ?? default)
        {
            RequestObject part = new(element, item.Path with { List = list, Part = i++ });
            if (part.FindWord("type"u8) is not { } word || (word != type && word != "text"))
            {
                throw part.Path.Member("type"u8).NotKnown();
            }

            ReadOnlySpan<byte> text = RawJson.Inside(part.WithOnly(PartMembers).Text("text"u8));
            hasAny |= !text.IsEmpty;
            _text.Add(text);
        }

        return hasAny;
    }
}
