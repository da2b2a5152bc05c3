using System.Diagnostics;

namespace Privatemode.AI.Fuzz.Running;

/// <summary>Ends the program, with the input, when one input does not end in time.</summary>
internal sealed class Watchdog : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Entry?[] _entries;
    private readonly Timer _timer;

    public Watchdog(int threads)
    {
        _entries = new Entry?[threads];
        _timer = new Timer(_ => Look(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public void Enter(int thread, Func<Failure> describe) => Volatile.Write(ref _entries[thread], new Entry(Stopwatch.GetTimestamp(), describe));

    public void Leave(int thread) => Volatile.Write(ref _entries[thread], null);

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        foreach (Entry? entry in _entries)
        {
            if (entry is not null && Stopwatch.GetElapsedTime(entry.Start) > Patience)
            {
                Console.WriteLine(entry.Describe().ToText());
                Environment.Exit(1);
            }
        }
    }

    private sealed record Entry(long Start, Func<Failure> Describe);
}
