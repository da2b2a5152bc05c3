using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using Privatemode.AI.Benchmarks.Wire;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Benchmarks.Audio;

/// <summary>
/// 50 MiB of audio from a file. Bars: peak managed memory at most 1.6 times the file, throughput at least 60 % of the bare AES-GCM-plus-hex
/// loop over the same bytes.
/// </summary>
internal static class AudioRun
{
    private const int Size = 50 * 1024 * 1024;
    private const int WarmUps = 4;
    private const int Rounds = 25;

    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] SecretId = "K5rjArp6f5oN9nfPoVVca2rfs60hMt2ONZuieZLk80s="u8.ToArray();

    public static async Task<int> RunAsync()
    {
        string path = Path.Combine(Path.GetTempPath(), $"audio-{Guid.NewGuid():N}.wav");
        await File.WriteAllBytesAsync(path, Recording());
        using Process sink = StartSink();
        try
        {
            Uri endpoint = new((await sink.StandardOutput.ReadLineAsync())!);
            string meshCa = Encoding.UTF8.GetString(Convert.FromBase64String((await sink.StandardOutput.ReadLineAsync())!));
            await MeasureClientAsync(path, endpoint, meshCa);
            await MeasureEngineAsync(path);
        }
        finally
        {
            sink.StandardInput.Close();
            await sink.WaitForExitAsync();
            File.Delete(path);
        }

        return 0;
    }

    /// <summary>The whole client: memory first, while its pools are empty.</summary>
    private static async Task MeasureClientAsync(string path, Uri endpoint, string meshCa)
    {
        await using PrivatemodeClient client = UnattestedClient.Create(endpoint, meshCa);
        ISpeechToTextClient speech = client.AsISpeechToTextClient("whisper-large-v3");
        _ = await speech.GetTextAsync(new MemoryStream(Recording()[..1000]));
        Collect();

        long idle = GC.GetTotalMemory(forceFullCollection: true);
        (double first, double again) = (await PeakAsync(idle, () => TranscribeAsync(speech, path)), await PeakAsync(idle, () => TranscribeAsync(speech, path)));
        Report($"peak managed memory above that of an idle client: {first:F2} times the file; in a second call {again:F2} times (bar 1.6)");
        List<double> times = [];
        for (int i = 0; i < Rounds; i++)
        {
            times.Add(await TimeAsync(() => TranscribeAsync(speech, path)));
        }

        Report($"whole call over loopback, median: {Median(times):F1} ms, {Size / 1048.576 / Median(times):F0} MB/s");
    }

    /// <summary>From the file to the last byte for the socket, in turns with the bare loop.</summary>
    private static async Task MeasureEngineAsync(string path)
    {
        RequestEncryptor engine = new(
            new Uri("https://api.privatemode.ai"), new PromptCacheSaltProvider(PromptCacheScope.None), TimeProvider.System);
        byte[] plaintext = Recording();
        byte[] scratch = new byte[Size + 16];
        byte[] hex = new byte[2 * (Size + 64)];
        byte[] additionalData = new byte[16];
        List<double> bare = [];
        List<double> sealedTimes = [];
        for (int i = -WarmUps; i < Rounds; i++)
        {
            double bareTime = await TimeAsync(() =>
            {
                using AesGcm aes = new(Key, 16);
                BareExchange.Encrypt(aes, additionalData, plaintext, scratch, hex);
                return Task.CompletedTask;
            });
            double sealedTime = await TimeAsync(() => SealAsync(engine, path));
            if (i >= 0)
            {
                bare.Add(bareTime);
                sealedTimes.Add(sealedTime);
            }
        }

        (double bareMedian, double sealedMedian) = (Median(bare), Median(sealedTimes));
        Report($"file read, checked, sealed and written to nowhere, median: {sealedMedian:F1} ms; bare AES-GCM and hex {bareMedian:F1} ms");
        Report($"that is {100 * bareMedian / sealedMedian:F0} % of the bare throughput (bar 60 %)");
    }

    private static async Task SealAsync(RequestEncryptor engine, string path)
    {
        await using FileStream file = Open(path);
        FileSource source = await FileSource.OpenAsync(file, new FileLimit(ClearFormFields.FileLimit, ""), default);
        using FormContent content = new([new("model", "whisper-large-v3")], "file", "file", "application/octet-stream", source);
        _ = content.TryComputeLength(out long length);
        PooledBytes bytes = new((int)length);
        await content.WriteToAsync(new PooledWriteStream(bytes, EndpointRules.Transcriptions.PlaintextLimit));
        using EncryptedCall call = engine.Prepare(
            EndpointRules.Transcriptions, RequestEncryptor.Read(EndpointRules.Transcriptions, bytes, content.ContentType), "key");
        using BodyExchange exchange = new BodyExchange(AesGcmKey.Import(Key), SecretId);
        using EncryptedBody body = call.Body!.Encrypt(exchange, call.Rule);
        if (!exchange.IsEncrypted(body, call.Rule.Body, (name, value) =>
            call.Rule.RequestClearNames!.Contains(name) && ClearFormFields.IsClearValue(name, value)))
        {
            throw new InvalidOperationException("Not sealed.");
        }

        await body.WriteToAsync(Stream.Null, default);
    }

    private static async Task TranscribeAsync(ISpeechToTextClient speech, string path)
    {
        await using FileStream file = Open(path);
        SpeechToTextResponse response = await speech.GetTextAsync(file);
        if (response.Text != "nothing")
        {
            throw new InvalidOperationException("Another answer.");
        }
    }

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous);

    private static byte[] Recording()
    {
        byte[] file = RandomNumberGenerator.GetBytes(Size);
        "RIFF----WAVE"u8.CopyTo(file);
        return file;
    }

    /// <summary>The most that the managed heap grew, as a multiple of the file, looked at all the time from another thread.</summary>
    private static async Task<double> PeakAsync(long idle, Func<Task> action)
    {
        long peak = 0;
        using CancellationTokenSource stop = new();
        Thread watcher = new(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
                Thread.Sleep(1);
            }
        });
        watcher.Start();
        await action();
        long end = GC.GetTotalMemory(forceFullCollection: false);
        await stop.CancelAsync();
        watcher.Join();
        Collect();
        return (double)(Math.Max(peak, end) - idle) / Size;
    }

    private static void Collect()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static async Task<double> TimeAsync(Func<Task> action)
    {
        long start = Stopwatch.GetTimestamp();
        await action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(List<double> times)
    {
        times.Sort();
        return times[times.Count / 2];
    }

    private static void Report(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static Process StartSink() => Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. Arguments(), "sink"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static string[] Arguments() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? [Assembly.GetEntryAssembly()!.Location] : [];
}
