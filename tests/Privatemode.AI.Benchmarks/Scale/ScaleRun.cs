using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Benchmarks.Calls;
using Privatemode.AI.Benchmarks.Wire;
using Privatemode.AI.Encryption;

namespace Privatemode.AI.Benchmarks.Scale;

/// <summary>Prints how cost grows: with streams at a time, the size of a body, the policies of a manifest, and tenants of one client.</summary>
internal static class ScaleRun
{
    private static readonly int[] Streams = [1, 4, 16, 64, 256];
    private static readonly int[] BodySizes = [1 << 10, 10 << 10, 100 << 10, 1 << 20, 10 << 20, 50 << 20];
    private static readonly int[] Policies = [10, 100, 1000];
    private static readonly int[] Tenants = [1, 10, 100, 1000];

    /// <param name="tables">What to measure: <c>streams</c>, <c>bodies</c>, <c>policies</c> or <c>tenants</c>; empty for all.</param>
    public static async Task<int> RunAsync(string[] tables)
    {
        bool Has(string table) => tables.Length == 0 || tables.Contains(table);
        using Process server = Harness.Start("serve");
        Uri endpoint = new((await server.StandardOutput.ReadLineAsync())!);
        string meshCa = Encoding.UTF8.GetString(Convert.FromBase64String((await server.StandardOutput.ReadLineAsync())!));
        if (Has("streams"))
        {
            await MeasureStreamsAsync(endpoint, meshCa);
        }

        if (Has("tenants"))
        {
            await MeasureTenantsAsync(endpoint, meshCa);
        }

        if (Has("bodies"))
        {
            MeasureBodies();
        }

        if (Has("policies"))
        {
            MeasurePolicies();
        }

        server.StandardInput.Close();
        await server.WaitForExitAsync();
        return 0;
    }

    private static async Task MeasureStreamsAsync(Uri endpoint, string meshCa)
    {
        await using Callers callers = await Callers.ConnectAsync(endpoint, meshCa);
        Print("streams at a time", "all of them, ms", "processor time for an event, µs", "allocated for an event, B", "live memory for a stream, kB");
        foreach (int count in Streams)
        {
            await RunAllAsync(count, callers.Chat.Stream);
            int rounds = Math.Max(1, 32 / count);
            long bytes = GC.GetTotalAllocatedBytes(precise: true);
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < rounds; i++)
            {
                await RunAllAsync(count, callers.Chat.Stream);
            }

            double time = Stopwatch.GetElapsedTime(start).TotalMilliseconds / rounds;
            double events = (double)rounds * count * HarnessServer.StreamedEvents;
            double used = (Environment.CpuUsage.TotalTime - processor).TotalMicroseconds / events;
            double allocated = (GC.GetTotalAllocatedBytes(precise: true) - bytes) / events;
            Print(count, time, used, allocated, await LiveMemoryAsync(callers, count) / 1000);
        }
    }

    /// <summary>Managed memory for each stream that has begun and waits.</summary>
    private static async Task<double> LiveMemoryAsync(Callers callers, int count)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        IAsyncDisposable[] held = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => callers.BeginIdleAsync()));
        double live = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)count;
        // Together, because each waits for a while for the rest of its answer.
        await Task.WhenAll(held.Select(stream => stream.DisposeAsync().AsTask()));
        return live;
    }

    private static Task RunAllAsync(int count, Func<Task> run) => Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(run)));

    private static async Task MeasureTenantsAsync(Uri endpoint, string meshCa)
    {
        Print("tenants", "first call, ms", "later call, ms", "processor time for a later call, µs", "memory for a tenant, kB");
        foreach (int count in Tenants)
        {
            AsyncLocal<string> key = new() { Value = "warm-up" };
            await using PrivatemodeClient client = UnattestedClient.Create(endpoint, meshCa, () => key.Value!);
            OpenAI.Chat.ChatClient chat = client.OpenAI.GetChatClient("gpt-oss-120b");
            for (int i = 0; i < 200; i++)
            {
                _ = await chat.CompleteChatAsync("hi");
            }

            long memory = GC.GetTotalMemory(forceFullCollection: true);
            double first = await CallAllAsync();
            double held = (GC.GetTotalMemory(forceFullCollection: true) - memory) / (double)count;
            int rounds = Math.Max(1, 2000 / count);
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            double later = 0;
            for (int i = 0; i < rounds; i++)
            {
                later += await CallAllAsync();
            }

            Print(count, first, later / rounds, (Environment.CpuUsage.TotalTime - processor).TotalMicroseconds / rounds / count, held / 1000);

            async Task<double> CallAllAsync()
            {
                long start = Stopwatch.GetTimestamp();
                for (int tenant = 0; tenant < count; tenant++)
                {
                    key.Value = string.Create(CultureInfo.InvariantCulture, $"tenant-{tenant}");
                    _ = await chat.CompleteChatAsync("hi");
                }

                return Stopwatch.GetElapsedTime(start).TotalMilliseconds / count;
            }
        }
    }

    private static void MeasureBodies()
    {
        using AesGcmKey key = AesGcmKey.Import(new byte[32]);
        Print("body, bytes", "text, ms", "text, ns for a byte", "one image, ms", "one image, ns for a byte", "allocated for an image, bytes");
        foreach (int size in BodySizes)
        {
            double text = Time(size, BodyRows.ChatBody(size, BodyRows.Words), chat => BodyRows.EncryptChat(key, chat), out _);
            double image = Time(size, BodyRows.ChatBody(size, BodyRows.Base64), chat => BodyRows.EncryptChat(key, chat), out double allocated);
            Print(size, text, text * 1e6 / size, image, image * 1e6 / size, allocated);
        }
    }

    private static void MeasurePolicies()
    {
        Print("policies", "size, bytes", "read and check, ms", "µs for a policy", "compare with another, ms", "allocated to read, bytes");
        foreach (int count in Policies)
        {
            byte[] json = ManifestWith(count);
            Manifest manifest = Manifest.Parse(json);
            double read = Time(1 << 20, json, bytes => Manifest.Parse(bytes), out double allocated);
            double compare = Time(1 << 20, json, _ => ManifestDifference.Between(manifest, manifest), out _);
            Print(count, json.Length, read, read * 1000 / count, compare, allocated);
        }
    }

    private static byte[] ManifestWith(int count)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", "manifest.json")))!;
        JsonObject policies = root["Policies"]!.AsObject();
        for (int i = policies.Count; i < count; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"workload-{i}");
            policies[i.ToString("x64", CultureInfo.InvariantCulture)] = new JsonObject
            {
                ["SANs"] = new JsonArray(name, "*"),
                ["WorkloadSecretID"] = $"apps/v1/Deployment/example/{name}",
                ["Role"] = "",
            };
        }

        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    /// <summary>The median of some repetitions, in milliseconds; of fewer if one takes long.</summary>
    private static double Time(int size, byte[] input, Action<byte[]> action, out double allocated)
    {
        int count = Math.Clamp((64 << 20) / size, 5, 2000);
        for (int i = 0; i < count; i++)
        {
            action(input);
        }

        List<double> times = [];
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action(input);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        allocated = (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)count;
        return CallsRun.Median(times);
    }

    private static void Print(params string[] head) =>
        Console.WriteLine($"\n| {string.Join(" | ", head)} |\n|{string.Concat(Enumerable.Repeat(" ---: |", head.Length))}");

    private static void Print(params double[] cells) => Console.WriteLine($"| {string.Join(" | ", cells.Select(Format))} |");

    private static string Format(double cell) => cell.ToString(
        cell >= 100 || cell == Math.Truncate(cell) ? "N0" : cell >= 1 ? "0.0" : "0.0000", CultureInfo.InvariantCulture);
}
