using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Fuzz.Corpus;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Responses;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Requests of the Responses API, which become chats: whatever a caller sends, a chat has no member of it that is not known.</summary>
internal static class ResponsesRequestTarget
{
    // A document takes several times as much memory as a text of brackets. Bodies may be longer, and tests of their own say what they may take.
    private const int Longest = 512 * 1024;
    private const string Canary = "Zq7-canary-Xv3";

    private static readonly HashSet<string> ChatMembers =
    [
        "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "max_completion_tokens", "temperature",
        "top_p", "logprobs", "top_logprobs", "stream", "stream_options", "cache_salt",
    ];

    // Members that are never sent.
    private static readonly byte[] Dropped = Encoding.UTF8.GetBytes(
        $$"""
        ,"truncation":"{{Canary}}","client_metadata":{"a":["{{Canary}}"]},"user":"{{Canary}}","safety_identifier":"{{Canary}}",
        "prompt_cache_key":"{{Canary}}","metadata":{"{{Canary}}":"{{Canary}}"},"service_tier":"{{Canary}}"}
        """);

    public static FuzzTarget Create() => new("responses-request", [.. Seeds()]) { Largest = Longest };

    private static IEnumerable<FuzzSeed> Seeds()
    {
        JsonElement requests = CorpusFiles.OwnJson("responses/requests.json");
        JsonElement refusals = CorpusFiles.OwnJson("responses/refusals.json");
        IEnumerable<(string Name, byte[] Body)> bodies = requests.GetProperty("chats").EnumerateArray()
            .Concat(refusals.GetProperty("cases").EnumerateArray())
            .Select(vector => (vector.GetProperty("name").GetString()!, Encoding.UTF8.GetBytes(vector.GetProperty("request").GetRawText())))
            .Concat(requests.GetProperty("texts").EnumerateArray().Concat(refusals.GetProperty("unparsable").EnumerateArray())
                .Select(vector => (vector.GetProperty("name").GetString()!, Encoding.UTF8.GetBytes(vector.GetProperty("request").GetString()!))))
            .Concat(CorpusFiles.ThirdPartyFiles("clients", "*.json").Select(file => (file.Name, BodyOf(file.Bytes))));
        return bodies.Select(body => new FuzzSeed(body.Name, [body.Body], parts => Translate(parts[0])));
    }

    private static byte[] BodyOf(byte[] capture)
    {
        using JsonDocument document = JsonDocument.Parse(capture);
        return Encoding.UTF8.GetBytes(document.RootElement.GetProperty("body").GetRawText());
    }

    private static bool Translate(byte[] body)
    {
        foreach (bool leavesOutHosted in (bool[])[false, true])
        {
            if (TryTranslate(body, leavesOutHosted))
            {
                // With members that are dropped it is the same request, and none of them may be in the chat.
                int end = body.AsSpan().LastIndexOf((byte)'}');
                _ = TryTranslate([.. body.AsSpan(0, Math.Max(end, 0)), .. Dropped], leavesOutHosted);
                return true;
            }
        }

        return false;
    }

    private static bool TryTranslate(byte[] body, bool leavesOutHosted)
    {
        using PooledBytes chat = new(body.Length);
        using ResponseEcho echo = new();
        try
        {
            _ = RequestMembers.Translate(body, chat, echo, leavesOutHosted, Open);

            // The next to look at the chat: it may be one deeper than the request.
            using JsonRequestBody next = new(PooledBytes.Copy(chat.Span));
        }
        catch (Exception exception) when (exception is PrivatemodeRequestException or PrivatemodeWouldLeakException)
        {
            return exception.Message.Contains(Canary, StringComparison.Ordinal) ? throw new InvalidOperationException("A refusal quotes content.") : false;
        }

        Check(chat);
        return true;
    }

    /// <summary>Every other blob can be decrypted.</summary>
    private static bool Open(ReadOnlySpan<byte> blob, PooledBytes text)
    {
        bool isOurs = blob.Length % 2 == 0;
        if (isOurs)
        {
            text.Append("a \"thought\"\n"u8);
        }

        return isOurs;
    }

    private static void Check(PooledBytes chat)
    {
        if (chat.Span.IndexOf(Encoding.ASCII.GetBytes(Canary)) >= 0)
        {
            throw new InvalidOperationException("A member that is dropped is in the chat.");
        }

        RequestEncryptor.ThrowIfLoneSurrogate(chat.Span);
        using JsonDocument document = JsonDocument.Parse(chat.Memory, new JsonDocumentOptions { MaxDepth = 256, AllowDuplicateProperties = false });
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            if (!ChatMembers.Contains(member.Name))
            {
                throw new InvalidOperationException($"The chat has a member {member.Name}.");
            }
        }

        if (document.RootElement.GetProperty("messages").GetArrayLength() == 0)
        {
            throw new InvalidOperationException("The chat has no message.");
        }
    }
}
