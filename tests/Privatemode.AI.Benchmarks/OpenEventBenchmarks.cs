using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.EventStream;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Benchmarks;

/// <summary>Bar: opening an event of four values takes at most 1.5 times the bare calls, with at most 256 B allocated.</summary>
[MemoryDiagnoser]
public class OpenEventBenchmarks
{
    /// <summary>Events per invocation; a stream's values are numbered, so events cannot be opened twice.</summary>
    public const int Events = 1000;

    private const string Id = "K5rjArp6f5oN9nfPoVVca2rfs60hMt2ONZuieZLk80s=";

    private static readonly int[] NumberInEvent = [3, 1, 2, 0];

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _plaintext = new byte[4096];
    private readonly byte[] _additionalData = new byte[16];
    private readonly List<byte[]> _events = [];
    private readonly List<(byte[] Iv, byte[] Hex)> _values = [];
    private byte[] _nonce = [];
    private byte[] _request = [];

    [GlobalSetup]
    public void Setup()
    {
        using ExchangeCipher client = NewClient(RandomNumberGenerator.GetBytes(12));
        _request = new byte[client.EncryptedLength(2)];
        client.Encrypt("[]"u8, _request);
        _nonce = Convert.FromHexString(Encoding.ASCII.GetString(_request).Split(':')[1]);

        SecretStore secrets = new(TimeProvider.System);
        _ = secrets.TryAdd(Id, _key);
        using EnclaveExchange enclave = new(secrets, EnclaveEndpoint.Chat);
        _ = enclave.OpenRequest(Encoding.UTF8.GetBytes($"{{\"messages\":{Encoding.UTF8.GetString(_request)}}}"));
        for (int i = 0; i < Events; i++)
        {
            string sealedEvent = enclave.Seal(
                """{"id":"chatcmpl-0123456789abcdef0123456789abcdef","object":"chat.completion.chunk","created":1795299359"""
                + ""","model":"gpt-oss-120b","choices":[{"index":0,"delta":{"content":" umbrella"},"logprobs":null,"finish_reason":null}]}""");
            _events.Add(Encoding.UTF8.GetBytes($"data: {sealedEvent}\n\n"));
            foreach (string part in sealedEvent.Split('"').Where(part => part.StartsWith(Id + ":", StringComparison.Ordinal)))
            {
                string[] parts = part.Split(':');
                _values.Add((Encoding.ASCII.GetBytes(parts[2]), Encoding.ASCII.GetBytes(parts[3])));
            }
        }
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Events)]
    public int Bare()
    {
        using AesGcm aes = new(_key, 16);
        _nonce.CopyTo(_additionalData, 0);

        for (int i = 0; i < _values.Count; i++)
        {
            (byte[] iv, byte[] hex) = _values[i];

            // In the text the values come as object, created, model, choices; they are numbered in the order of names.
            int number = i - (i % 4) + NumberInEvent[i % 4];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(_additionalData.AsSpan(12), (uint)number);
            BareExchange.Decrypt(aes, _additionalData, iv, hex, _plaintext);
        }

        return _plaintext[0];
    }

    /// <summary>From bytes of the network to bytes for the OpenAI client: lines, JSON, decryption, finish tracking, normalisation.</summary>
    [Benchmark(OperationsPerInvoke = Events)]
    public int Opened()
    {
        using ExchangeCipher client = NewClient(_nonce);
        using EventDecryptor opener = new(client, new ChoiceEventRules(EndpointRules.ChatCompletions, 1, "sdk_0"), new AnswerContext("/", "sdk_0"));
        int length = 0;
        foreach (byte[] sealedEvent in _events)
        {
            opener.Push(sealedEvent);
            length += opener.Output.Length;
            opener.Output.Clear();
        }

        return opener.Failure is null ? length : throw opener.Failure;
    }

    private ExchangeCipher NewClient(byte[] nonce) => new(Key, Encoding.ASCII.GetBytes(Id), nonce);

    private AesGcmKey Key => field ??= AesGcmKey.Import(_key);
}
