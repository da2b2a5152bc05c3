using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Benchmarks;

/// <summary>Bar: a chat body of 1 MiB, from snapshot to sealed bytes with all checks, takes at most 8 times bare encryption and hex.</summary>
[MemoryDiagnoser]
public class BodyBenchmarks
{
    private static readonly byte[] SecretId = "K5rjArp6f5oN9nfPoVVca2rfs60hMt2ONZuieZLk80s="u8.ToArray();

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _additionalData = new byte[16];
    private readonly byte[] _scratch = new byte[2 * 1024 * 1024];
    private readonly byte[] _hex = new byte[4 * 1024 * 1024];
    private readonly RequestEncryptor _engine = new(
        new Uri("https://api.privatemode.ai"), new PromptCacheSaltProvider(PromptCacheScope.None), TimeProvider.System);
    private byte[] _body = [];

    /// <summary>How the text is written: plain ASCII, or German with every umlaut escaped, as the OpenAI client does.</summary>
    [Params("ascii", "escaped")]
    public string Text { get; set; } = "ascii";

    [GlobalSetup]
    public void Setup()
    {
        string sentence = Text == "ascii" ? "The quick brown fox jumps over the lazy dog. "
            : "Zw\\u00F6lf Boxk\\u00E4mpfer jagen Viktor quer \\u00FCber den Deich. ";
        StringBuilder messages = new();
        while (messages.Length < 1024 * 1024)
        {
            _ = messages.Append(messages.Length == 0 ? "" : ",").Append("{\"role\":\"user\",\"content\":\"").Append(
                string.Concat(Enumerable.Repeat(sentence, 40))).Append("\"}");
        }

        _body = Encoding.UTF8.GetBytes($"{{\"model\":\"gpt-oss-120b\",\"messages\":[{messages}]}}");
    }

    [Benchmark(Baseline = true)]
    public int Bare()
    {
        using AesGcm aes = new(_key, 16);
        BareExchange.Encrypt(aes, _additionalData, _body, _scratch, _hex);
        return _hex[0];
    }

    /// <summary>Copy, take apart, check names, clear fields and media, put the salt in, seal, and the last look before the socket.</summary>
    [Benchmark]
    public int Sealed()
    {
        JsonRequestBody body = new(PooledBytes.Copy(_body));
        RemoteMediaFinder.Find(body.Bytes.Span, body.Index, static _ => { });
        using EncryptedCall call = _engine.Prepare(EndpointRules.ChatCompletions, body, "key");
        using BodyExchange exchange = new BodyExchange(Key, SecretId);
        using EncryptedBody wire = call.Body!.Encrypt(exchange, call.Rule);
        bool isEncrypted = exchange.IsEncrypted(
            wire, BodyKind.Json, (name, value) => call.Rule.RequestClearNames!.Contains(name) && ClearMembers.IsClearValue(name, value));
        wire.WriteTo(Stream.Null);
        return isEncrypted
            ? (int)wire.Length
            : throw new InvalidOperationException("The last check refused what was sealed.");
    }

    private AesGcmKey Key => field ??= AesGcmKey.Import(_key);
}
