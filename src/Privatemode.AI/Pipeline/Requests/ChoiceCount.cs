using System.Text.Json;
using Privatemode.AI.Encryption.Json;

namespace Privatemode.AI.Pipeline.Requests;

/// <summary>How many choices a request asks for: <c>n</c> for each prompt.</summary>
internal static class ChoiceCount
{
    /// <summary>At least 1, even when the body asks for none or for more than can be counted.</summary>
    public static int Of(PlainBody body)
    {
        long count = Math.Max(1L, Number(body)) * Math.Max(1L, Prompts(body));
        return (int)Math.Min(count, int.MaxValue);
    }

    private static int Number(PlainBody body) =>
        TryGet(body, "n"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind) && kind == JsonTokenType.Number &&
            new Utf8JsonReader(value) is var reader && reader.Read() && reader.TryGetInt32(out int number) ? number : 1;

    /// <summary>Completions take a list of texts, or of lists of tokens, as that many prompts; one list of tokens is one prompt.</summary>
    private static int Prompts(PlainBody body)
    {
        if (!TryGet(body, "prompt"u8, out ReadOnlySpan<byte> value, out JsonTokenType kind) || kind != JsonTokenType.StartArray)
        {
            return 1;
        }

        Utf8JsonReader reader = new(value, new JsonReaderOptions { MaxDepth = JsonIndex.MaxDepth });
        _ = reader.Read();
        int prompts = 0;
        while (reader.Read() && reader.TokenType is JsonTokenType.String or JsonTokenType.StartArray)
        {
            prompts++;
            reader.Skip();
        }

        return prompts;
    }

    private static bool TryGet(PlainBody body, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out JsonTokenType kind)
    {
        int i = body.Index.Find(name);
        value = i < 0 ? default : body.Index.Members[i].Value(body.Bytes.Span);
        kind = i < 0 ? JsonTokenType.None : body.Index.Members[i].Kind;
        return i >= 0;
    }
}
