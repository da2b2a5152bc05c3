using System.ClientModel;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using OpenAI;
using OpenAI.Chat;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Benchmarks.Wire;

/// <summary>
/// The same OpenAI client against the same server, in the clear, encrypted with the platform's AES-256-GCM and with the one that the library
/// chooses, in turns within one run.
/// </summary>
internal static class Harness
{
    private const int WarmUpCalls = 2000;
    private const int Calls = 6000;
    private const int WarmUpStreams = 10;
    private const int Streams = 60;

    public static async Task<int> RunAsync()
    {
        using Process server = Start("serve");
        Uri endpoint = new((await server.StandardOutput.ReadLineAsync())!);
        string meshCa = Encoding.UTF8.GetString(Convert.FromBase64String((await server.StandardOutput.ReadLineAsync())!));
        OpenAIClient clear = new(new ApiKeyCredential("key"), new OpenAIClientOptions { Endpoint = new Uri(endpoint, "/v1") });

        await using PrivatemodeClient platform = await ConnectAsync(endpoint, meshCa, platformOnly: true);
        await using PrivatemodeClient automatic = await ConnectAsync(endpoint, meshCa, platformOnly: false);
        OpenAIClient[] clients = [clear, platform.OpenAI, automatic.OpenAI];

        Report("unary chat, median", await MeasureCallsAsync([.. clients.Select(client => client.GetChatClient("gpt-oss-120b"))]));
        Report(
            $"{HarnessServer.StreamedEvents} streamed events as fast as they can, median",
            await MeasureStreamsAsync([.. clients.Select(client => client.GetChatClient("gpt-oss-120b"))]));
        Report(
            $"{HarnessServer.StreamedEvents} streamed events, one every 100 µs, median",
            await MeasureStreamsAsync([.. clients.Select(client => client.GetChatClient(HarnessServer.PacedModel))]));
        server.StandardInput.Close();
        Console.WriteLine($"of the sealed unary chat the server took, median: {await server.StandardOutput.ReadLineAsync()} µs");
        await server.WaitForExitAsync();
        return 0;
    }

    // The switch counts when a secret is agreed on.
    private static async Task<PrivatemodeClient> ConnectAsync(Uri endpoint, string meshCa, bool platformOnly)
    {
        AppContext.SetSwitch(AesGcmKey.PlatformOnlySwitch, platformOnly);
        PrivatemodeClient client = UnattestedClient.Create(endpoint, meshCa);
        await client.ConnectAsync();
        AppContext.SetSwitch(AesGcmKey.PlatformOnlySwitch, false);
        return client;
    }

    private static void Report(string what, double[] times)
    {
        Line("platform", times[1]);
        Line(SodiumAesGcmKey.IsSupported ? "libsodium" : "no libsodium here", times[2]);

        void Line(string provider, double sealedTime) => Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}, {provider}: clear {times[0]:F3} ms, sealed {sealedTime:F3} ms, added {sealedTime - times[0]:F3} ms, ratio {sealedTime / times[0]:F2}"));
    }

    private static async Task<double[]> MeasureCallsAsync(ChatClient[] clients)
    {
        for (int i = 0; i < WarmUpCalls; i++)
        {
            foreach (ChatClient client in clients)
            {
                _ = await client.CompleteChatAsync("warm up");
            }
        }

        return await MediansAsync(
            clients, Calls, client => TimeAsync(() => client.CompleteChatAsync("Shall I take an umbrella in Bochum today?")));
    }

    private static async Task<double[]> MeasureStreamsAsync(ChatClient[] clients)
    {
        _ = await MediansAsync(clients, WarmUpStreams, DrainAsync);
        return await MediansAsync(clients, Streams, DrainAsync);
    }

    private static async Task<double[]> MediansAsync(ChatClient[] clients, int count, Func<ChatClient, Task<double>> measure)
    {
        double[][] times = [.. clients.Select(_ => new double[count])];
        for (int i = 0; i < count; i++)
        {
            for (int client = 0; client < clients.Length; client++)
            {
                times[client][i] = await measure(clients[client]);
            }
        }

        Array.ForEach(times, Array.Sort);
        return [.. times.Select(sorted => sorted[count / 2])];
    }

    // From the first event to the end: before it, the server seals them all.
    private static async Task<double> DrainAsync(ChatClient client)
    {
        int count = 0;
        long start = 0;
        await foreach (StreamingChatCompletionUpdate _ in client.CompleteChatStreamingAsync("Tell me more."))
        {
            start = count++ == 0 ? Stopwatch.GetTimestamp() : start;
        }

        double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        if (count != HarnessServer.StreamedEvents + 1)
        {
            throw new InvalidOperationException($"{count} events came.");
        }

        return elapsed;
    }

    private static async Task<double> TimeAsync(Func<Task> call)
    {
        long start = Stopwatch.GetTimestamp();
        await call();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Starts this program once more.</summary>
    public static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. Arguments(), .. arguments])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static string[] Arguments() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? [Assembly.GetEntryAssembly()!.Location] : [];
}
