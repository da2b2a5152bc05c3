using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Fuzz.Targets;

/// <summary>Encrypted answers, whole and streamed: whatever is done to one, it is refused, or its encrypted values are those of the service, under their
/// names and in their order. A stream that is refused may have returned a beginning.</summary>
internal static class AnswerTargets
{
    private const int PieceLength = 13;
    private const string Piece =
        """{"id":"i","object":"o","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"h\ud83d\ude00"},"finish_reason":null}]}""";

    private const string Finish = """{"id":"i","object":"o","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{}}""";
    private const string Chat = """{"id":"i","choices":[{"index":0,"message":{"role":"assistant","content":"é"},"finish_reason":"stop"}],""";
    private const string Message =
        """{"id":"i","type":"message","content":[{"type":"text","text":"hi"}],"role":"assistant","model":"m","stop_reason":"end_turn"}""";

    private static readonly byte[] SecretId = "c2VjcmV0LWlk+/A="u8.ToArray();
    private static readonly AesGcmKey Key = AesGcmKey.Import([.. Enumerable.Range(1, FieldCipher.KeySize).Select(i => (byte)i)]);

    private static readonly string[] MessageEvents =
    [
        """{"type":"message_start","message":{"id":"m","content":[],"stop_reason":null}}""", """{"type":"ping"}""",
        """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
        """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}""", """{"type":"content_block_stop","index":0}""",
        """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}""", """{"type":"message_stop"}""",
    ];

    public static IEnumerable<FuzzTarget> Create() =>
    [
        new FuzzTarget("answer",
        [
            Whole("chat", EndpointRules.ChatCompletions, Chat + """ "created":1,"model":"m","object":"chat.completion","usage":{"total_tokens":3}}"""),
            Whole("message", EndpointRules.Messages, Message),
            Whole("embedding", EndpointRules.Embeddings, """{"object":"list","created":1,"model":"m","data":[{"index":0,"embedding":[1.5]}]}"""),
            Whole("elements", EndpointRules.Partition, """[{"type":"Title","element_id":"1","text":"hi","metadata":{}},{"type":"Text","text":"é"}]"""),
        ]) { Largest = 256 * 1024 },
        new FuzzTarget("answer-events",
        [
            Streamed("chat", EndpointRules.ChatCompletions, () => new ChoiceEventRules(EndpointRules.ChatCompletions, 1, "sdk_0"), [Piece, Finish]),
            Streamed("message", EndpointRules.Messages, () => new MessageEventRules("sdk_0"), MessageEvents),
        ]) { Largest = 256 * 1024 },
    ];

    private static FuzzSeed Whole(string name, EndpointRule rule, string answer)
    {
        Exchange exchange = new(name, rule.Answer!.Plain);
        List<string> sound = Values(answer, exchange.Clear);
        return new FuzzSeed(name, [Encoding.UTF8.GetBytes(exchange.Encrypt(answer))], parts =>
        {
            using ExchangeCipher cipher = exchange.Client();
            using DecryptedDocument decrypted = new();
            if (decrypted.Decrypt(parts[0], rule.Answer, cipher) != AnswerFault.None
                || AnswerMembers.ValidateWhole(decrypted, new EncryptedCall { Rule = rule, RequestId = "sdk_0", Model = "m" }) != AnswerFault.None)
            {
                return false;
            }

            List<string> values = Values(Encoding.UTF8.GetString(decrypted.Text), exchange.Clear);

            // The number of a document's elements is not authenticated, so that the last ones can be missing.
            Expect(rule.Answer.AllowsArray ? sound.Take(values.Count).SequenceEqual(values) : sound.Order().SequenceEqual(values.Order()), "the values");
            return true;
        });
    }

    private static FuzzSeed Streamed(string name, EndpointRule rule, Func<EventRules> rules, string[] events)
    {
        Exchange exchange = new($"{name} events", rule.Answer!.Plain);
        string end = events[^1].Contains("message_stop", StringComparison.Ordinal) ? "" : "data: [DONE]\n\n";
        string stream = ": hello\n\n" + string.Concat(events.Select(json => $"event: x\ndata: {exchange.Encrypt(json)}\n\n")) + end;
        byte[] wire = Encoding.UTF8.GetBytes(stream);
        (string text, bool isWhole) = Read(exchange, rules(), wire, wire.Length);
        Expect(isWhole, "the seed is accepted");
        List<string> sound = ValuesOfEvents(text, exchange.Clear);
        return new FuzzSeed(name, [wire], parts =>
        {
            (string output, bool isAccepted) = Read(exchange, rules(), parts[0], parts[0].Length);
            Expect((output, isAccepted) == Read(exchange, rules(), parts[0], PieceLength), "the same in pieces");
            List<string> values = ValuesOfEvents(output, exchange.Clear);
            Expect(sound.Take(values.Count).SequenceEqual(values), "the values");
            Expect(!isAccepted || values.Count == sound.Count, "the end");
            return isAccepted;
        });
    }

    private static (string Output, bool IsWhole) Read(Exchange exchange, EventRules rules, byte[] wire, int pieceLength)
    {
        using ExchangeCipher cipher = exchange.Client();
        using EventDecryptor decryptor = new(cipher, rules, new AnswerContext("/v1/chat/completions", "sdk_0"));
        for (int at = 0; at < wire.Length; at += pieceLength)
        {
            decryptor.Push(wire.AsSpan(at, Math.Min(pieceLength, wire.Length - at)));
        }

        decryptor.Complete();
        return (Encoding.UTF8.GetString(decryptor.Output.Span), decryptor.Failure is null && decryptor.IsEnded);
    }

    private static List<string> ValuesOfEvents(string output, ClearNames clear) =>
        [.. output.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal) && line != "data: [DONE]")
            .SelectMany(line => Values(line["data: ".Length..], clear))];

    /// <summary>Names and values that were encrypted.</summary>
    private static List<string> Values(string json, ClearNames clear)
    {
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 512 });
        return document.RootElement.ValueKind == JsonValueKind.Array
            ? [.. document.RootElement.EnumerateArray().Select(element => element.GetRawText())]
            : [.. document.RootElement.EnumerateObject().Where(member => !clear.Contains(Encoding.UTF8.GetBytes(member.Name)))
                .Select(member => $"{member.Name}: {member.Value.GetRawText()}")];
    }

    private static void Expect(bool isTrue, string what)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException($"Not so: {what}.");
        }
    }

    /// <summary>The service's side of one exchange, with the same bytes in each run. Each seed has its own, so that its values are refused in any
    /// other.</summary>
    private sealed class Exchange(string name, ClearNames clear)
    {
        private readonly byte[] _nonce = System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name))[..FieldCipher.NonceSize];
        private uint _sent;

        public ClearNames Clear => clear;

        public ExchangeCipher Client() => new(Key, SecretId, [.. _nonce]);

        /// <summary>Encrypts the values of the next document.</summary>
        public string Encrypt(string json)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(json);
            using JsonIndex index = new();
            Expect(index.Read(bytes, allowArray: true) == JsonShape.Usable, "the answer is JSON");
            string[] values = [.. index.Members.ToArray().Select(member => Encoding.UTF8.GetString(member.Value(bytes)))];
            foreach (int i in index.Order)
            {
                values[i] = clear.Contains(index.Name(index.Members[i])) ? values[i] : Encrypt(Encoding.UTF8.GetBytes(values[i]));
            }

            StringBuilder output = new();
            int copied = 0;
            for (int i = 0; i < values.Length; i++)
            {
                _ = output.Append(Encoding.UTF8.GetString(bytes.AsSpan(copied..index.Members[i].ValueStart))).Append(values[i]);
                copied = index.Members[i].ValueEnd;
            }

            return output.Append(Encoding.UTF8.GetString(bytes.AsSpan(copied))).ToString();
        }

        private string Encrypt(byte[] plaintext)
        {
            using FieldCipher cipher = new(Key, _nonce);
            byte[] iv = new byte[FieldCipher.IvSize];
            BinaryPrimitives.WriteUInt32LittleEndian(iv, _sent);
            byte[] ciphertext = new byte[plaintext.Length + FieldCipher.TagSize];
            cipher.Encrypt(_sent++, iv, plaintext, ciphertext);
            string hex = $"{Convert.ToHexStringLower(_nonce)}:{Convert.ToHexStringLower(iv)}:{Convert.ToHexStringLower(ciphertext)}";
            return $"\"{Encoding.UTF8.GetString(SecretId)}:{hex}\"";
        }
    }
}
