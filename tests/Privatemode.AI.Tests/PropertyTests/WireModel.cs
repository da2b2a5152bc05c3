using System.Text;
using System.Text.Json;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.PropertyTests;

/// <summary>What a byte of an encrypted answer is, and what that says about a change of it.</summary>
internal enum WirePart
{
    /// <summary>IV and ciphertext in hex, the name of a data field, and the end mark: each change is refused. The case of a hex digit means nothing.</summary>
    Authenticated,

    /// <summary>Names, punctuation, line ends, the ID of the secret and the nonce, which a reader does not need: a change is refused or means
    /// nothing.</summary>
    Form,

    /// <summary>Values of clear members, and lines of an event stream that are not data. A change may reach the caller in the same clear member only.</summary>
    Clear,
}

/// <summary>An encrypted answer as it is on the wire, and what each byte is.</summary>
internal sealed class WireText
{
    private readonly StringBuilder _text = new();
    private readonly List<WirePart> _parts = [];

    public IReadOnlyList<WirePart> Parts => _parts;

    public byte[] Bytes => Encoding.Latin1.GetBytes(_text.ToString());

    public WireText Add(string text, WirePart part)
    {
        _ = _text.Append(text);
        _parts.AddRange(Enumerable.Repeat(part, text.Length));
        return this;
    }

    /// <summary>An encrypted value: <c>"id:nonce:iv:ciphertext"</c>.</summary>
    public WireText AddValue(string value)
    {
        string[] fields = value.Split(':');
        return Add($"{fields[0]}:{fields[1]}:", WirePart.Form).Add(fields[2], WirePart.Authenticated).Add(":", WirePart.Form)
            .Add(fields[3][..^1], WirePart.Authenticated).Add("\"", WirePart.Form);
    }

    /// <summary>Whether the library must refuse the text with this bit changed.</summary>
    public bool MustRefuse(int at, int bit) =>
        _parts[at] == WirePart.Authenticated && !(char.IsAsciiLetter(_text[at]) && char.IsAsciiHexDigitLower(_text[at]) && bit == 5);

    /// <summary>The text near a byte, for messages.</summary>
    public string Around(int at)
    {
        string text = _text.ToString();
        return $"{text[Math.Max(0, at - 12)..at]}[{text[at]}]{text[(at + 1)..Math.Min(text.Length, at + 12)]}";
    }

    public byte[] Flipped(int at, int bit)
    {
        byte[] bytes = Bytes;
        bytes[at] ^= (byte)(1 << bit);
        return bytes;
    }
}

/// <summary>An answer in the clear: its members, of which some are sent in the clear.</summary>
internal sealed record WireDocument(params (string Name, string Value, bool IsClear)[] Members)
{
    /// <summary>Encrypts the values in the order of their names, and writes them in the order in which they stand.</summary>
    public string[] Encrypt(Func<string, string> encrypt)
    {
        string[] values = [.. Members.Select(member => member.Value)];
        foreach (string name in NaivePeer.Ordered(Members.Where(member => !member.IsClear).Select(member => member.Name)))
        {
            int i = Array.FindIndex(Members, member => member.Name == name);
            values[i] = encrypt(values[i]);
        }

        return values;
    }

    /// <summary>Writes values under the names of this document.</summary>
    public void Write(WireText wire, string[] values)
    {
        for (int i = 0; i < Members.Length; i++)
        {
            _ = wire.Add(i == 0 ? "{\"" : ",\"", WirePart.Form).Add(Members[i].Name, WirePart.Form).Add("\":", WirePart.Form);
            _ = Members[i].IsClear ? wire.Add(values[i], WirePart.Clear) : wire.AddValue(values[i]);
        }

        _ = wire.Add("}", WirePart.Form);
    }
}

/// <summary>A document and its values as they are sent.</summary>
internal sealed record EncryptedDocument(WireDocument Form, string[] Values);

/// <summary>An answer of one endpoint, whole or streamed, as service version 1.40 sends it.</summary>
internal sealed record WireAnswer(string Path, string Request, WireDocument[] Documents, bool IsStream)
{
    private static readonly string[] ClearNames = ["id", "usage", "type"];

    public string ContentType => IsStream ? "text/event-stream" : "application/json";

    private bool IsOfMessages => Path == "/v1/messages";

    private string Body => $$"""{"model":"m","max_tokens":5,"stream":{{(IsStream ? "true" : "false")}},{{Request}}}""";

    public static WireAnswer WholeChat(string text) => new("/v1/chat/completions", User, [Chunk("message", $$"""{"content":{{text}}}""", "\"stop\"")], false);

    public static WireAnswer StreamedChat(params string[] texts) => new(
        "/v1/chat/completions",
        User,
        [.. texts.Select(text => Chunk("delta", $$"""{"content":{{text}}}""", "null")), Chunk("delta", "{}", "\"stop\"")],
        true);

    public static WireAnswer WholeMessage(string text) => new("/v1/messages", User,
    [
        new(("id", "\"i\"", true), ("type", "\"message\"", true), ("role", "\"assistant\"", false),
            ("content", $$"""[{"type":"text","text":{{text}}}]""", false), ("model", "\"m\"", false), ("stop_reason", "\"end_turn\"", false),
            ("usage", """{"input_tokens":1,"output_tokens":2}""", true)),
    ], false);

    public static WireAnswer StreamedMessage(params string[] texts) => new("/v1/messages", User,
    [
        new(("type", "\"message_start\"", true), ("message", """{"id":"m","role":"assistant","content":[],"stop_reason":null}""", false)),
        new(("type", "\"content_block_start\"", true), ("index", "0", false), ("content_block", """{"type":"text","text":""}""", false)),
        .. texts.Select(text => new WireDocument(
            ("type", "\"content_block_delta\"", true), ("index", "0", false), ("delta", $$"""{"type":"text_delta","text":{{text}}}""", false))),
        new(("type", "\"content_block_stop\"", true), ("index", "0", false)),
        new(("type", "\"message_delta\"", true), ("delta", """{"stop_reason":"end_turn"}""", false), ("usage", """{"output_tokens":3}""", true)),
    ], true);

    public static WireAnswer Embedding(int count) => new("/v1/embeddings", "\"input\":[\"hi\"]",
    [
        new(("id", "\"i\"", true), ("object", "\"list\"", false), ("created", "1", false), ("model", "\"m\"", false),
            ("data", $$"""[{"index":0,"embedding":[{{string.Join(',', Enumerable.Repeat("1.5", count))}}]}]""", false),
            ("usage", """{"prompt_tokens":1,"total_tokens":1}""", true)),
    ], false);

    private static string User => """
        "messages":[{"role":"user","content":"hi"}]
        """.Trim();

    private static WireDocument Chunk(string part, string content, string finish) => new(
        ("id", "\"i\"", true), ("object", "\"chat.completion\"", false), ("created", "1", false), ("model", "\"m\"", false),
        ("choices", $$"""[{"index":0,"{{part}}":{{content}},"finish_reason":{{finish}}}]""", false),
        ("usage", """{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}""", true));

    /// <summary>The answer on the wire.</summary>
    /// <param name="encrypt">Encrypts the next value.</param>
    /// <param name="rearrange">Changes the encrypted documents; null to leave them.</param>
    public WireText Write(Func<string, string> encrypt, Func<EncryptedDocument[], EncryptedDocument[]>? rearrange = null)
    {
        EncryptedDocument[] documents = [.. Documents.Select(document => new EncryptedDocument(document, document.Encrypt(encrypt)))];
        documents = rearrange?.Invoke(documents) ?? documents;
        WireText wire = new();
        if (IsStream)
        {
            _ = wire.Add(": hello\nid: 5\n", WirePart.Clear);
        }

        foreach ((WireDocument form, string[] values) in documents)
        {
            if (IsStream)
            {
                _ = wire.Add($"event: {(IsOfMessages ? form.Members[0].Value.Trim('"') : "chunk")}\n", WirePart.Clear)
                    .Add("data", WirePart.Authenticated).Add(": ", WirePart.Form);
            }

            form.Write(wire, values);
            _ = IsStream ? wire.Add("\n\n", WirePart.Form) : wire;
        }

        return !IsStream ? wire
            : IsOfMessages ? wire.Add("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", WirePart.Clear)
            : wire.Add("data", WirePart.Authenticated).Add(": ", WirePart.Form).Add("[DONE]", WirePart.Authenticated).Add("\n\n", WirePart.Form);
    }

    /// <summary>Sends the request, and gets an answer of these bytes.</summary>
    /// <returns>The values that were encrypted and reached the caller, by document and name; null if the answer was refused.</returns>
    public async Task<string[]?> ReceiveAsync(AnsweringNetwork network, Func<Func<string, string>, byte[]> wire)
    {
        using StringContent body = new(Body, Encoding.UTF8, "application/json");
        try
        {
            (int status, string text, bool isAuthenticated) = await network.SendAsync(
                Path, body, 200, wire, ContentType);
            Assert.True(status == 200 && (isAuthenticated || IsStream));
            return [.. Values(text)];
        }
        catch (PrivatemodeIntegrityException)
        {
            return null;
        }
    }

    private IEnumerable<string> Values(string text)
    {
        string[] documents = IsStream
            ? [.. text.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => line["data: ".Length..])]
            : [text];
        for (int i = 0; i < documents.Length; i++)
        {
            using JsonDocument document = JsonDocument.Parse(documents[i]);
            foreach (JsonProperty member in document.RootElement.EnumerateObject().Where(member => !ClearNames.Contains(member.Name)))
            {
                yield return $"{i} {member.Name} {member.Value.GetRawText()}";
            }
        }
    }
}
