using System.Net.Sockets;

namespace Privatemode.AI.Soak;

/// <summary>One caller: calls one kind after the other, and gives up now and then.</summary>
internal sealed class Caller(SoakHost host, SoakOptions options, Tally tally, int number)
{
    private readonly Random _random = new((options.Seed * 1000) + number);
    private int _calls;

    public static IReadOnlyList<(string Name, Func<Call, CancellationToken, Task<Outcome>> Run)> Kinds { get; } =
        [.. ProxyCalls.All(), .. ClientCalls.All()];

    /// <summary>Calls until the time is over. The last call is awaited.</summary>
    public async Task RunAsync(CancellationToken end)
    {
        using HttpClient http = host.Connect();
        while (!end.IsCancellationRequested)
        {
            (string name, Func<Call, CancellationToken, Task<Outcome>> run) = Kinds[_random.Next(Kinds.Count)];
            Call call = NewCall(http);
            tally.Add(name, await CallAsync(call, run));
        }
    }

    private Call NewCall(HttpClient http)
    {
        int words = _random.Next(10) == 0 ? _random.Next(100, 400) : _random.Next(1, 40);
        int filler = _random.Next(50) == 0 ? _random.Next(20_000, 120_000) : _random.Next(0, 3000);
        string marker = Marker.Create(number, _calls++, words, _random.Next(3) == 0);
        return new Call(http, host.Client, _random, marker, filler, _random.Next(20) == 0, number);
    }

    private async Task<Outcome> CallAsync(Call call, Func<Call, CancellationToken, Task<Outcome>> run)
    {
        using CancellationTokenSource abort = new();
        if (_random.Next(8) == 0)
        {
            abort.CancelAfter(TimeSpan.FromMilliseconds(_random.Next(10) == 0 ? _random.Next(0, 3000) : _random.Next(0, 120)));
        }

        try
        {
            bool hangs = options.Breakage == Breakage.Hang && _random.Next(200) == 0;
            Task<Outcome> running = hangs ? new TaskCompletionSource<Outcome>().Task : run(call, abort.Token);
            return await running.WaitAsync(options.CallDeadline, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            return Outcome.Violation($"{call.Marker} did not end within {options.CallDeadline.TotalSeconds} s");
        }
        catch (Exception exception) when (abort.IsCancellationRequested && exception is OperationCanceledException or HttpRequestException or IOException
            or SocketException)
        {
            return new Outcome(OutcomeKind.Aborted);
        }
        catch (Exception exception)
        {
            return Outcome.Violation(exception.ToString());
        }
    }
}
