using System.ClientModel;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using OpenAI;
using OpenAI.Chat;

namespace Privatemode.AI.Benchmarks.Wire;

/// <summary>The same OpenAI client against the same server, in the clear and sealed, in turns within one run.</summary>
internal static class Harness
{
    private const int WarmUpCalls = 2000;
    private const int Rounds = 30;
    private const int CallsPerRound = 200;
    private const int WarmUpStreams = 10;
    private const int Streams = 60;

    public static async Task<int> RunAsync()
    {
        using Process server = StartServer();
        Uri endpoint = new((await server.StandardOutput.ReadLineAsync())!);
        string meshCa = Encoding.UTF8.GetString(Convert.FromBase64String((await server.StandardOutput.ReadLineAsync())!));
        OpenAIClient clear = new(new ApiKeyCredential("key"), new OpenAIClientOptions { Endpoint = new Uri(endpoint, "/v1") });
        PrivatemodeOptions options = new() { ApiKey = "key", Endpoint = endpoint };

        // Without attestation: its cost is not a call's, and the harness's server has no evidence.
        await using PrivatemodeClient privatemode = new(ClientComposition.Create(options, new() { MeshAuthority = new FixedMesh(meshCa) }));
        await privatemode.ConnectAsync();

        (double clearCall, double sealedCall) = await MeasureCallsAsync(
            clear.GetChatClient("gpt-oss-120b"), privatemode.OpenAI.GetChatClient("gpt-oss-120b"));
        (double clearStream, double sealedStream) = await MeasureStreamsAsync(
            clear.GetChatClient("gpt-oss-120b"), privatemode.OpenAI.GetChatClient("gpt-oss-120b"));
        (double clearPaced, double sealedPaced) = await MeasureStreamsAsync(
            clear.GetChatClient(HarnessServer.PacedModel), privatemode.OpenAI.GetChatClient(HarnessServer.PacedModel));
        Report("unary chat, median", clearCall, sealedCall, "ms");
        Report($"{HarnessServer.StreamedEvents} streamed events as fast as they can, median", clearStream, sealedStream, "ms");
        Report($"{HarnessServer.StreamedEvents} streamed events, one every 100 µs, median", clearPaced, sealedPaced, "ms");
        server.StandardInput.Close();
        Console.WriteLine($"of the sealed unary chat the server took, median: {await server.StandardOutput.ReadLineAsync()} µs");
        await server.WaitForExitAsync();
        return 0;
    }

    private static void Report(string what, double clear, double sealedTime, string unit) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what}: clear {clear:F3} {unit}, sealed {sealedTime:F3} {unit}, added {sealedTime - clear:F3} {unit}, ratio {sealedTime / clear:F2}"));

    private static async Task<(double Clear, double Sealed)> MeasureCallsAsync(ChatClient clear, ChatClient sealedClient)
    {
        for (int i = 0; i < WarmUpCalls; i++)
        {
            _ = await clear.CompleteChatAsync("warm up");
            _ = await sealedClient.CompleteChatAsync("warm up");
        }

        List<double> clearTimes = [];
        List<double> sealedTimes = [];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < CallsPerRound; i++)
            {
                clearTimes.Add(await TimeAsync(() => clear.CompleteChatAsync("Shall I take an umbrella in Bochum today?")));
                sealedTimes.Add(await TimeAsync(() => sealedClient.CompleteChatAsync("Shall I take an umbrella in Bochum today?")));
            }
        }

        return (Median(clearTimes), Median(sealedTimes));
    }

    private static async Task<(double Clear, double Sealed)> MeasureStreamsAsync(ChatClient clear, ChatClient sealedClient)
    {
        List<double> clearTimes = [];
        List<double> sealedTimes = [];
        for (int i = -WarmUpStreams; i < Streams; i++)
        {
            double clearTime = await DrainAsync(clear);
            double sealedTime = await DrainAsync(sealedClient);
            if (i >= 0)
            {
                clearTimes.Add(clearTime);
                sealedTimes.Add(sealedTime);
            }
        }

        return (Median(clearTimes), Median(sealedTimes));
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

    private static double Median(List<double> times)
    {
        times.Sort();
        return times[times.Count / 2];
    }

    private static Process StartServer() => Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. Arguments(), "serve"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static string[] Arguments() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? [Assembly.GetEntryAssembly()!.Location] : [];
}
