using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Benchmarks.Calls;

/// <summary>A large body from its snapshot to the bytes for the socket, with all checks, in turns with bare encryption and hex of the same length.</summary>
internal static class BodyRows
{
    private const double BodyBar = 1.35;
    private const int Rounds = 100;
    private const int MiB = 1024 * 1024;

    // Not a number of calls: until the JIT has compiled every method at its highest tier, its own work and slower code are a multiple of a body.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    private static readonly byte[] SecretId = "K5rjArp6f5oN9nfPoVVca2rfs60hMt2ONZuieZLk80s="u8.ToArray();

    private static readonly RequestEncryptor Encryptor =
        new(new Uri("https://api.privatemode.ai"), new PromptCacheSaltProvider(PromptCacheScope.None), TimeProvider.System);

    public static async Task PrintAsync()
    {
        using AesGcmKey key = AesGcmKey.Import(RandomNumberGenerator.GetBytes(32));
        byte[] words = ChatBody(MiB, Words);
        byte[] image = ChatBody(MiB, Base64);
        byte[] large = ChatBody(25 * MiB, Base64);
        Print("body of 1 MiB of chat, text, all checks", words, BodyBar, () => { EncryptChat(key, words); return Task.CompletedTask; });
        Print("body of 1 MiB of chat, one image, all checks", image, BodyBar, () => { EncryptChat(key, image); return Task.CompletedTask; });
        Print("body of 25 MiB of chat, one image, all checks", large, 1.42, () => { EncryptChat(key, large); return Task.CompletedTask; });
        byte[] form = Form(25 * MiB);
        await PrintAsync("form with a file of 25 MiB, all checks", form, BodyBar, () => EncryptFormAsync(key, form));
    }

    /// <summary>Repeats the encryption of one body for a profiler.</summary>
    /// <param name="name"><c>text</c> or <c>image</c>, of 1 MiB; <c>large</c>, an image of 25 MiB, or <c>form</c>, with a file of 25 MiB.</param>
    public static async Task<int> LoopAsync(string name, TimeSpan time)
    {
        using AesGcmKey key = AesGcmKey.Import(RandomNumberGenerator.GetBytes(32));
        byte[] body = name == "form" ? Form(25 * MiB) : ChatBody(name == "large" ? 25 * MiB : MiB, name == "text" ? Words : Base64);
        long start = Stopwatch.GetTimestamp();
        TimeSpan used = Environment.CpuUsage.TotalTime;
        int count = 0;
        for (; Stopwatch.GetElapsedTime(start) < time; count++)
        {
            if (name == "form")
            {
                await EncryptFormAsync(key, body);
            }
            else
            {
                EncryptChat(key, body);
            }
        }

        double processor = (Environment.CpuUsage.TotalTime - used).TotalMicroseconds / count;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {count} calls, {processor:F1} µs of processor time each"));
        return 0;
    }

    /// <summary>A chat with a content of about this length.</summary>
    public static byte[] ChatBody(int length, Func<int, string> content) => Encoding.UTF8.GetBytes(
        $$"""{"model":"gpt-oss-120b","messages":[{{content(length)}}]}""");

    /// <summary>Messages of English text.</summary>
    public static string Words(int length)
    {
        string text = string.Concat(Enumerable.Repeat("The quick brown fox jumps over the lazy dog. ", 40));
        return string.Join(',', Enumerable.Repeat($$"""{"role":"user","content":"{{text}}"}""", Math.Max(1, length / (text.Length + 28))));
    }

    /// <summary>One message with an image.</summary>
    public static string Base64(int length) =>
        $$$"""{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{new string('A', length)}}}"}}]}""";

    /// <summary>Copy, take apart, check names, clear values and media, add the salt, encrypt, the last check before the socket, and the bytes for it.</summary>
    public static void EncryptChat(AesGcmKey key, byte[] chat)
    {
        PooledBytes bytes = CallPreparationBuffer(chat.Length);
        bytes.Append(chat);
        JsonRequestBody body = new(bytes);
        RemoteMediaFinder.Find(body.Bytes.Span, body.Index, static _ => { });
        using EncryptedCall call = Encryptor.Prepare(EndpointRules.ChatCompletions, body, "key");
        using BodyExchange exchange = new(key, SecretId);
        using EncryptedBody wire = call.Body!.Encrypt(exchange, call.Rule);
        ThrowIfNotEncrypted(exchange, wire, call, ClearMembers.IsClearValue);
        wire.WriteTo(Stream.Null);
    }

    private static async Task EncryptFormAsync(AesGcmKey key, byte[] form)
    {
        PooledBytes bytes = CallPreparationBuffer(form.Length);
        bytes.Append(form);
        using EncryptedCall call = Encryptor.Prepare(
            EndpointRules.Transcriptions, RequestEncryptor.Read(EndpointRules.Transcriptions, bytes, "multipart/form-data; boundary=b"), "key");
        using BodyExchange exchange = new(key, SecretId);
        using EncryptedBody wire = call.Body!.Encrypt(exchange, call.Rule);
        ThrowIfNotEncrypted(exchange, wire, call, ClearFormFields.IsClearValue);
        await wire.WriteToAsync(Stream.Null, default);
    }

    private static void ThrowIfNotEncrypted(BodyExchange exchange, EncryptedBody wire, EncryptedCall call, ClearMemberCheck isClear)
    {
        if (!exchange.IsEncrypted(wire, call.Rule.Body, (name, value) => call.Rule.RequestClearNames!.Contains(name) && isClear(name, value)))
        {
            throw new InvalidOperationException("The last check refused what was encrypted.");
        }
    }

    private static PooledBytes CallPreparationBuffer(int length) => Pipeline.Calls.CallPreparation.NewSnapshot(length);

    private static byte[] Form(int length) =>
    [
        .. "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-large-v3\r\n--b\r\n"u8,
        .. "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n"u8,
        .. RandomNumberGenerator.GetBytes(length), .. "\r\n--b--\r\n"u8,
    ];

    private static void Print(string what, byte[] plaintext, double today, Func<Task> ours) =>
        PrintAsync(what, plaintext, today, ours).GetAwaiter().GetResult();

    private static async Task PrintAsync(string what, byte[] plaintext, double today, Func<Task> ours)
    {
        byte[] key = RandomNumberGenerator.GetBytes(32);
        byte[] additionalData = new byte[16];
        byte[] scratch = new byte[plaintext.Length + 16];
        byte[] hex = new byte[2 * (plaintext.Length + 64)];
        List<double> bare = [];
        List<double> mine = [];

        // Processor time, because one thread does all of it, and on a busy machine the longer of the two is interrupted more often.
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < Rounds;)
        {
            bool isWarm = Stopwatch.GetElapsedTime(begin) >= WarmUp;
            TimeSpan start = Environment.CpuUsage.TotalTime;
            using (AesGcm aes = new(key, 16))
            {
                BareExchange.Encrypt(aes, additionalData, plaintext, scratch, hex);
            }

            TimeSpan between = Environment.CpuUsage.TotalTime;
            await ours();
            TimeSpan end = Environment.CpuUsage.TotalTime;
            if (isWarm)
            {
                i++;
                bare.Add((between - start).TotalMilliseconds);
                mine.Add((end - between).TotalMilliseconds);
            }
        }

        new Row($"{what}, processor time", CallsRun.Median(mine), CallsRun.Median(bare), "ms", BodyBar, Today: today).Print();
    }
}
