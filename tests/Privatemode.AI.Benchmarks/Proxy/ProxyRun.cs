using System.Diagnostics;
using System.Globalization;
using Privatemode.AI.Benchmarks.Wire;

namespace Privatemode.AI.Benchmarks.Proxy;

/// <summary>Our proxy beside YARP, in one process, in front of one server; in turns, within one run.</summary>
internal static class ProxyRun
{
    private const int Rounds = 5;
    private const int CallsOfARound = 2000;
    private const int StreamsOfARound = 10;
    private const int ManyCalls = 200_000;
    private const int FirstCalls = 20_000;
    private const int Callers = 4;
    private const int IdleStreams = 1000;

    private const double AddedBar = 0.5; // ms
    private const double StreamBar = 1.2; // times YARP: threads that spin while they wait for the next event count too
    private const double GrowthBar = 10; // percent
    private const double IdleBar = 60; // MB

    public static async Task<int> RunAsync()
    {
        using Process server = Harness.Start("serve");
        string endpoint = (await server.StandardOutput.ReadLineAsync())!;
        string meshCa = (await server.StandardOutput.ReadLineAsync())!;
        using Process proxies = Harness.Start("proxies", endpoint, meshCa);
        Uri[] addresses = [new((await proxies.StandardOutput.ReadLineAsync())!), new((await proxies.StandardOutput.ReadLineAsync())!)];

        Calls(addresses);
        Streams(addresses, proxies);
        ManyRequests(addresses[1], proxies);
        Idle(addresses[1], proxies);
        proxies.StandardInput.Close();
        await proxies.WaitForExitAsync();
        server.StandardInput.Close();
        await server.WaitForExitAsync();
        return 0;
    }

    private static void Calls(Uri[] addresses)
    {
        byte[] request = RawClient.Request("gpt-oss-120b", isStream: false);
        using RawClient yarp = new(addresses[0]);
        using RawClient ours = new(addresses[1]);
        RawClient[] clients = [yarp, ours];
        double[][] medians = [new double[Rounds], new double[Rounds]];
        for (int round = -1; round < Rounds; round++)
        {
            // YARP, ours, YARP, ours: the machine is not the same from one second to the next.
            for (int turn = 0; turn < 4; turn++)
            {
                double median = MedianOf(clients[turn % 2], request);
                if (round >= 0)
                {
                    medians[turn % 2][round] += median / 2;
                }
            }
        }

        (double clear, double encrypted) = (Median(medians[0]), Median(medians[1]));
        Line($"whole chat, median: YARP {clear:F3} ms, ours {encrypted:F3} ms, added {encrypted - clear:F3} ms (bar {AddedBar})");
        Accepted.Check("whole chat, added", encrypted - clear, AddedBar);
    }

    private static double MedianOf(RawClient client, byte[] request)
    {
        double[] times = new double[CallsOfARound];
        for (int i = 0; i < times.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            client.Send(request);
            client.ReadWhole();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return Median(times);
    }

    private static void Streams(Uri[] addresses, Process proxies)
    {
        byte[] request = RawClient.Request(HarnessServer.PacedModel, isStream: true);
        double[][] used = [new double[Rounds], new double[Rounds]];
        for (int round = -1; round < Rounds; round++)
        {
            for (int proxy = 0; proxy < 2; proxy++)
            {
                using RawClient client = new(addresses[proxy]);
                double before = Usage(proxies).Cpu;
                for (int i = 0; i < StreamsOfARound; i++)
                {
                    client.Send(request);
                    client.ReadStream();
                }

                double after = Usage(proxies).Cpu;
                if (round >= 0)
                {
                    used[proxy][round] = (after - before) / StreamsOfARound;
                }
            }
        }

        (double yarp, double ours) = (Median(used[0]), Median(used[1]));
        Line($"processor time of {HarnessServer.StreamedEvents} events, median: YARP {yarp:F1} ms, ours {ours:F1} ms (bar {StreamBar} x)");
        Accepted.Check("processor time of a stream", ours / yarp, StreamBar);
    }

    private static void ManyRequests(Uri address, Process proxies)
    {
        Run(address, FirstCalls);
        long first = Usage(proxies).Memory;
        long start = Stopwatch.GetTimestamp();
        Run(address, ManyCalls - FirstCalls);
        double rate = (ManyCalls - FirstCalls) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        long last = Usage(proxies).Memory;
        double change = 100.0 * (last - first) / first;
        Line($"memory after {FirstCalls} requests {Mega(first):F1} MB, after {ManyCalls} {Mega(last):F1} MB: {change:+0.0;-0.0} % (bar {GrowthBar})");
        Accepted.Check("growth of memory", change, GrowthBar);
        Line($"{rate:F0} requests/s of {Callers} callers");
    }

    private static void Run(Uri address, int calls)
    {
        byte[] request = RawClient.Request("gpt-oss-120b", isStream: false);
        Thread[] callers = [.. Enumerable.Range(0, Callers).Select(_ => new Thread(() =>
        {
            using RawClient client = new(address);
            for (int i = 0; i < calls / Callers; i++)
            {
                client.Send(request);
                client.ReadWhole();
            }
        }))];
        Array.ForEach(callers, caller => caller.Start());
        Array.ForEach(callers, caller => caller.Join());
    }

    private static void Idle(Uri address, Process proxies)
    {
        byte[] request = RawClient.Request(HarnessServer.IdleModel, isStream: true);
        long before = Usage(proxies).Memory;
        int socketsBefore = Sockets(proxies);
        RawClient[] clients = [.. Enumerable.Range(0, IdleStreams).Select(_ => new RawClient(address))];
        foreach (RawClient client in clients)
        {
            client.Send(request);
            client.ReadFirstEvent();
        }

        int sockets = Sockets(proxies) - socketsBefore;
        long after = Usage(proxies).Memory;
        Line($"{IdleStreams} streams that are silent: {Mega(after - before):F1} MB more (bar {IdleBar}), {sockets} sockets more");
        Accepted.Check("memory of silent streams", Mega(after - before), IdleBar);
        Array.ForEach(clients, client => client.Dispose());
    }

    private static (double Cpu, long Memory) Usage(Process proxies)
    {
        proxies.StandardInput.WriteLine();
        string[] usage = proxies.StandardOutput.ReadLine()!.Split(' ');
        return (double.Parse(usage[0], CultureInfo.InvariantCulture), long.Parse(usage[1], CultureInfo.InvariantCulture));
    }

    private static int Sockets(Process process) => !OperatingSystem.IsLinux() ? -1 : Directory.EnumerateFiles($"/proc/{process.Id}/fd")
        .Count(file => new FileInfo(file).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static double Mega(long bytes) => bytes / 1e6;

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
