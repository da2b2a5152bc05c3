using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Privatemode.AI.AspNetCore;
using Privatemode.AI.AspNetCore.Dialects;
using Privatemode.AI.AspNetCore.Gate;
using Privatemode.AI.AspNetCore.Internal;
using Privatemode.AI.AspNetCore.Models;
using Privatemode.AI.Encryption.Multipart;
using Privatemode.AI.Fuzz.Corpus;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Chats, requests for responses and forms, which the proxy edits: whatever a caller sends is refused without a word of it, or stays what it was but
/// for what is edited, and is not changed when it is edited again.</summary>
internal static class ProxyEditTargets
{
    private const int Longest = 512 * 1024;
    private const string Canary = "Zq7-canary-Xv3";
    private const string Boundary = "b";

    private static readonly string[] Dropped =
    [
        "user", "safety_identifier", "metadata", "store", "service_tier", "prompt_cache_key", "prompt_cache_retention", "verbosity", "prediction",
    ];

    private static readonly string[] Chats =
    [
        $$"""{"model":"gpt-4o","messages":[{"role": "developer","content":"{{Canary}}"},{"role":"d\u0065veloper"}],"user":"{{Canary}}",""" +
            "\"tools\":[ ],\"stream\":true}",
        $$"""{"model":"gpt-oss-120b","messages":[{"role":"user","content":[{"type":"text","text":"{{Canary}}"}]}],"tool_choice":"auto",""" +
            "\"store\":true}",
        $$$"""{"model":"m","messages":[{"role":"user","content":"{{{Canary}}}"}],"prediction":{"content":"{{{Canary}}}"},""" +
            "\"cache_salt\":\"s\",\"modalities\":[\"text\"]}",
        $$"""{"model":"text-embedding-3-small","input":["{{Canary}}"],"prompt_cache_key":"k","verbosity":"low","metadata":{"a":"{{Canary}}"} }""",
        $$"""{"model":"m","prompt":"{{Canary}}","web_search_options":null,"functions":null,"function_call":null,"audio":null}""",
    ];

    private static readonly string[] Forms =
    [
        Form(("model", "whisper-1"), ("language", "de"), ("stream", "true"), ("prompt", Canary)),
        Form(("prompt", Canary), ("model", "whisper-large-v3"), ("response_format", "verbose_json"), ("temperature", "")),
        Form(("file\"; filename=\"a.wav", "RIFF\r\n--c"), ("model", "voxtral"), ("stream", "1")),
        Form(("response_format", "srt"), ("model", "whisper-1")),
    ];

    private delegate EditResult Edit(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target);

    public static IEnumerable<FuzzTarget> Create() =>
    [
        Target("proxy-chat", [.. Own(Chats, body => Judge(body, ChatEdit.Edit, null, CheckChat)), .. Captured("*chat*.json", ChatEdit.Edit, CheckChat)]),
        Target(
            "proxy-responses",
            [.. Responses().Select(body => Seed(body, ResponsesEdit.Edit, CheckJson)), .. Captured("*resp*.json", ResponsesEdit.Edit, CheckJson)]),
        Target("proxy-form", [.. Own(Forms, body => Judge(body, EditForm, Boundary, CheckForm))]),
    ];

    private static FuzzTarget Target(string name, IReadOnlyList<FuzzSeed> seeds) => new(name, seeds) { Largest = Longest };

    private static IEnumerable<FuzzSeed> Own(string[] bodies, Func<byte[], bool> judge) =>
        bodies.Select((body, i) => new FuzzSeed($"own {i}", [Encoding.UTF8.GetBytes(body)], parts => judge(parts[0])));

    private static IEnumerable<byte[]> Responses() => CorpusFiles.OwnJson("responses/requests.json").GetProperty("chats").EnumerateArray()
        .Select(vector => Encoding.UTF8.GetBytes(vector.GetProperty("request").GetRawText()));

    private static IEnumerable<FuzzSeed> Captured(string pattern, Edit edit, Action<byte[], byte[], EditResult> check)
    {
        foreach ((string name, byte[] bytes) in CorpusFiles.ThirdPartyFiles("clients", pattern))
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            if (document.RootElement.TryGetProperty("body", out JsonElement body))
            {
                yield return Seed(Encoding.UTF8.GetBytes(body.GetRawText()), edit, check) with { Name = name };
            }
        }
    }

    private static FuzzSeed Seed(byte[] body, Edit edit, Action<byte[], byte[], EditResult> check) =>
        new("vector", [body], parts => Judge(parts[0], edit, null, check));

    private static EditResult EditForm(ReadOnlyMemory<byte> body, EditContext context, PooledBuffer target) => FormEdit.Edit(body, Boundary, context, target);

    private static bool Judge(byte[] body, Edit edit, string? boundary, Action<byte[], byte[], EditResult> check)
    {
        _ = RequestModel.Peek(body, boundary);
        bool isAccepted = false;
        foreach (bool ignoresSalt in (bool[])[false, true])
        {
            PrivatemodeProxyOptions options = new() { IgnoreCallerCacheSalt = ignoresSalt };
            EditContext context = new()
            {
                Options = options,
                Models = new ModelAliases(new AliasTable(options, _ => { }), Models(), new FixedEmbeddings()),
                Caller = ProxyCaller.Unknown,
                Headers = new HeaderDictionary(),
            };
            try
            {
                byte[] once = Run(edit, body, context, out EditResult result);
                check(body, once, result);
                isAccepted = true;
            }
            catch (PrivatemodeRequestException exception) when (!exception.Message.Contains(Canary, StringComparison.Ordinal))
            {
                // Refused, without a word of it.
            }
        }

        return isAccepted;
    }

    private static byte[] Run(Edit edit, byte[] body, EditContext context, out EditResult result)
    {
        using PooledBuffer target = new(0);
        result = edit(body, context, target);
        byte[] once = result.IsChanged ? target.Span.ToArray() : body;
        using PooledBuffer again = new(0);
        EditResult second = edit(once, context, again);

        // A key for the cache is bound to the caller once more each time.
        Expect(!second.IsChanged || (edit == ResponsesEdit.Edit && HasCacheKey(once)), "an edited request stays the same when it is edited again");
        Expect(second.Model == result.Model && second.IsStream == result.IsStream, "an edited request asks for the same");
        return once;
    }

    private static bool HasCacheKey(byte[] request)
    {
        using JsonDocument document = JsonDocument.Parse(request, new JsonDocumentOptions { MaxDepth = 256 });
        return document.RootElement.TryGetProperty("prompt_cache_key", out _);
    }

    private static void CheckChat(byte[] body, byte[] edited, EditResult result)
    {
        CheckJson(body, edited, result);
        using JsonDocument document = JsonDocument.Parse(edited, new JsonDocumentOptions { MaxDepth = 256 });
        Expect(!document.RootElement.EnumerateObject().Any(member => Dropped.Contains(member.Name)), "members that are dropped are not there");
    }

    private static void CheckJson(byte[] body, byte[] edited, EditResult result)
    {
        using JsonDocument before = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 256 });
        using JsonDocument after = JsonDocument.Parse(edited, new JsonDocumentOptions { MaxDepth = 256 });
        Expect(after.RootElement.GetProperty("model").ValueEquals(result.Model), "the model is the one that was found");
        HashSet<string> names = [.. before.RootElement.EnumerateObject().Select(member => member.Name)];
        Expect(after.RootElement.EnumerateObject().All(member => names.Contains(member.Name)), "no member is new");
    }

    /// <summary>What this reader takes for the model must be what the library takes for it: aliases, limits and lists go by it.</summary>
    private static void CheckForm(byte[] body, byte[] edited, EditResult result)
    {
        if (FormIndex.Read(edited, Boundary, out FormIndex form) == FormShape.Usable && !form.HasRepeats)
        {
            FormPart? model = form.Find("model"u8);
            Expect(
                model is { IsFile: false } part && Encoding.UTF8.GetString(edited.AsSpan(part.Value.Start, part.Value.Length)) == result.Model,
                "the model is the one that the library finds");
        }
    }

    private static ModelInfo[] Models() =>
    [
        new ModelInfo { Id = "gpt-oss-120b", Tasks = ["generate", "tool_calling"] }, new ModelInfo { Id = "qwen3-embedding-4b", Tasks = ["embed"] },
        new ModelInfo { Id = "whisper-large-v3", Tasks = ["transcribe"] },
    ];

    private static string Form(params (string Name, string Value)[] fields) => string.Concat(
        fields.Select(field => $"--{Boundary}\r\nContent-Disposition: form-data; name=\"{field.Name}\"\r\n\r\n{field.Value}\r\n")
            .Append($"--{Boundary}--\r\n"));

    private static void Expect(bool isTrue, string what)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException($"Not so: {what}.");
        }
    }
}
