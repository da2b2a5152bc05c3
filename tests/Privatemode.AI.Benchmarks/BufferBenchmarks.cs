using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Benchmarks;

/// <summary>Bar: 25 MiB already in a buffer take at most 1.35 times bare encryption and hex, without strings or large garbage.</summary>
[MemoryDiagnoser]
public class BufferBenchmarks
{
    private const int Size = 25 * 1024 * 1024;

    private static readonly byte[] SecretId = "K5rjArp6f5oN9nfPoVVca2rfs60hMt2ONZuieZLk80s="u8.ToArray();

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _additionalData = new byte[16];
    private readonly byte[] _plaintext = RandomNumberGenerator.GetBytes(Size);
    private readonly byte[] _scratch = new byte[Size + 16];
    private readonly byte[] _hex = new byte[2 * (Size + 64)];

    [Benchmark(Baseline = true)]
    public int Bare()
    {
        using AesGcm aes = new(_key, 16);
        BareExchange.Encrypt(aes, _additionalData, _plaintext, _scratch, _hex);
        return _hex[0];
    }

    [Benchmark]
    public int Sealed()
    {
        using ExchangeCipher cipher = new(Key, SecretId, RandomNumberGenerator.GetBytes(FieldCipher.NonceSize));
        using PooledBytes wire = new(cipher.EncryptedLength(Size), isSecret: false);
        cipher.Encrypt(_plaintext, wire.Extend(cipher.EncryptedLength(Size)));
        return wire.Length;
    }

    private AesGcmKey Key => field ??= AesGcmKey.Import(_key);
}
