using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Xunit.Abstractions;

namespace Privatemode.AI.Tests.Pipeline.Requests;

/// <summary>A file of the largest size the service takes, from a source that knows its length to the socket.</summary>
public sealed class LargeFileTests(ITestOutputHelper output)
{
    private const int Rounds = 5;

    // Long enough not to occur in 50 MiB of noise.
    private const string Boundary = "0123456789abcdef0123456789abcdef";

    private static readonly byte[] Streamed = Encoding.ASCII.GetBytes(
        $"--{Boundary}\r\nContent-Disposition: form-data; name=stream\r\n\r\ntrue\r\n");

    private static readonly byte[] Head = Encoding.ASCII.GetBytes(
        $"--{Boundary}\r\nContent-Disposition: form-data; name=model\r\n\r\nm\r\n"
        + $"--{Boundary}\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n");

    private static readonly byte[] Tail = Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n");

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _file = RandomNumberGenerator.GetBytes(ClearFormFields.FileLimit);
    private readonly RequestEncryptor _engine = new(
        new Uri("https://api.privatemode.ai"), new PromptCacheSaltProvider(PromptCacheScope.None), TimeProvider.System);

    // A streamed form gets a field more.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Encrypt_LargestFile_TakesOneBufferAndNoSecondOneForARetry(bool streamed)
    {
        // All of it runs on this thread, and other tests run beside it.
        long before = GC.GetAllocatedBytesForCurrentThread();
        long wire = Send(attempts: 3, streamed);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        output.WriteLine($"{allocated / 1048576.0:f1} MiB allocated for a file of {ClearFormFields.FileLimit / 1048576} MiB, pooled buffers included");
        Assert.InRange(wire, 2L * _file.Length, 2L * _file.Length + 4096);
        Assert.InRange(allocated, 0, ClearFormFields.FileLimit * 16L / 10);

        // How fast depends on the machine and its neighbours: told here, measured by the benchmark "audio".
        double bare = Enumerable.Range(0, Rounds).Min(_ => Time(Bare));
        double ours = Enumerable.Range(0, Rounds).Min(_ => Time(() => Send(1)));
        output.WriteLine($"bare {bare:f1} ms, ours {ours:f1} ms: {100 * bare / ours:f0} % of the bare throughput");
    }

    private static double Time(Func<long> work)
    {
        long start = Stopwatch.GetTimestamp();
        _ = work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>As the pipeline does it: snapshot, take apart, check, seal, look once more, write.</summary>
    private long Send(int attempts, bool streamed = false)
    {
        ReadOnlySpan<byte> first = streamed ? Streamed : [];
        PooledBytes bytes = CallPreparation.NewSnapshot(first.Length + Head.Length + _file.Length + Tail.Length);
        using PooledWriteStream snapshot = new(bytes, EndpointRules.Transcriptions.PlaintextLimit);
        snapshot.Write(first);
        snapshot.Write(Head);
        for (int at = 0; at < _file.Length; at += 81920)
        {
            snapshot.Write(_file.AsSpan(at, Math.Min(81920, _file.Length - at)));
        }

        snapshot.Write(Tail);
        using EncryptedCall call = _engine.Prepare(
            EndpointRules.Transcriptions, RequestEncryptor.Read(EndpointRules.Transcriptions, bytes, $"multipart/form-data; boundary={Boundary}"), "key");
        long written = 0;
        for (int i = 0; i < attempts; i++)
        {
            using BodyExchange exchange = new BodyExchange(AesGcmKey.Import(_key), "id"u8.ToArray());
            using EncryptedContent content = new(call.Body!.Encrypt(exchange, call.Rule));
            Assert.True(exchange.IsEncrypted(content.Body, BodyKind.Form, (name, value) =>
                call.Rule.RequestClearNames!.Contains(name) && ClearFormFields.IsClearValue(name, value)));
            content.WriteTo(Stream.Null);
            written = content.Body.Length;
        }

        return written;
    }

    /// <summary>Encryption and hex in pieces that stay in the cache, and nothing else.</summary>
    private long Bare()
    {
        byte[] ciphertext = ArrayPool<byte>.Shared.Rent(_file.Length);
        byte[] hex = new byte[2 * 32768];
        Span<byte> tag = stackalloc byte[16];
        using AesGcm aes = new(_key, 16);
        aes.Encrypt(new byte[12], _file, ciphertext.AsSpan(0, _file.Length), tag, new byte[16]);
        for (int at = 0; at < _file.Length; at += 32768)
        {
            int count = Math.Min(32768, _file.Length - at);
            _ = Convert.TryToHexStringLower(ciphertext.AsSpan(at, count), hex, out _);
            Stream.Null.Write(hex, 0, 2 * count);
        }

        ArrayPool<byte>.Shared.Return(ciphertext);
        return hex[0];
    }
}
