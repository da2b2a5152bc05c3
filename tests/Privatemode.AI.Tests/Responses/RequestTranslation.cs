using System.Buffers;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Responses;

namespace Privatemode.AI.Tests.Responses;

/// <summary>A body of <c>/v1/responses</c>, translated.</summary>
internal sealed record RequestTranslation(string Chat, TranslatedRequest Facts, IReadOnlyDictionary<string, string> Echo)
{
    private static readonly string[] Echoed =
        ["metadata", "temperature", "top_p", "max_output_tokens", "parallel_tool_calls", "tool_choice", "text", "top_logprobs", "reasoning"];

    public static RequestTranslation Of(string request, bool leavesOutHosted = false, IReadOnlyDictionary<string, string>? blobs = null) =>
        Of(Encoding.UTF8.GetBytes(request), leavesOutHosted, blobs);

    public static RequestTranslation Of(byte[] request, bool leavesOutHosted = false, IReadOnlyDictionary<string, string>? blobs = null)
    {
        using PooledBytes chat = new(16);
        using ResponseEcho echo = new();
        TranslatedRequest facts = RequestMembers.Translate(request, chat, echo, leavesOutHosted, (blob, text) =>
        {
            if (blobs?.TryGetValue(Encoding.UTF8.GetString(blob), out string? decrypted) == true)
            {
                text.Append(Encoding.UTF8.GetBytes(decrypted));
                return true;
            }

            return false;
        });

        // What a chat must be, and this library checks before it encrypts.
        using JsonRequestBody body = new(PooledBytes.Copy(chat.Span));
        ClearMembers.Check(body.Bytes.Span, body.Index, EndpointRules.ChatCompletions.RequestClearNames!);
        return new RequestTranslation(
            Encoding.UTF8.GetString(chat.Span),
            facts,
            Echoed.Where(name => !echo.Find(name).IsEmpty).ToDictionary(name => name, name => Encoding.UTF8.GetString(echo.Find(name))));
    }

    /// <summary>A text of the same members in the same order without white space, and with one form for each character.</summary>
    public static string Normalize(JsonElement element)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            element.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static string Normalize(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
        return Normalize(document.RootElement);
    }
}
