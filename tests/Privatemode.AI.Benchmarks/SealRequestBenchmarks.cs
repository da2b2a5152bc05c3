using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Benchmarks;

/// <summary>Bar: sealing a request of two values takes at most twice the bare RNG, AES-GCM and hex calls.</summary>
[MemoryDiagnoser]
public class SealRequestBenchmarks
{
    private static readonly byte[] SecretId = "K5rjArp6f5oN9nfPoVVca2rfs60hMt2ONZuieZLk80s="u8.ToArray();

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _body = Encoding.UTF8.GetBytes(
        """{"model":"gpt-oss-120b","stream":true,"messages":[{"role":"user","content":"Shall I take an umbrella in Bochum today?"}]"""
        + ""","cache_salt":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}""");

    private readonly JsonIndex _index = new();
    private readonly byte[][] _values = new byte[2][];
    private readonly byte[] _scratch = new byte[4096];
    private readonly byte[] _hex = new byte[8192];
    private readonly byte[] _additionalData = new byte[16];

    [GlobalSetup]
    public void Setup()
    {
        _ = _index.Read(_body);
        _values[0] = _index.Members[_index.Find("cache_salt"u8)].Value(_body).ToArray();
        _values[1] = _index.Members[_index.Find("messages"u8)].Value(_body).ToArray();
    }

    /// <summary>A nonce, a cipher, and for each value a random IV, encryption and hex.</summary>
    [Benchmark(Baseline = true)]
    public int Bare()
    {
        RandomNumberGenerator.Fill(_additionalData.AsSpan(0, 12));
        using AesGcm aes = new(_key, 16);
        foreach (byte[] value in _values)
        {
            BareExchange.Encrypt(aes, _additionalData, value, _scratch, _hex);
        }

        return _hex[0];
    }

    /// <summary>The exchange as the pipeline makes it for every attempt: both directions, the whole body rewritten.</summary>
    [Benchmark]
    public int Sealed()
    {
        using BodyExchange exchange = new BodyExchange(Key, SecretId);
        using EncryptedBody sealedBody = exchange.Encrypt(_body, _index, EndpointRules.ChatCompletions.RequestClearNames!);
        return (int)sealedBody.Length;
    }

    private AesGcmKey Key => field ??= AesGcmKey.Import(_key);
}
