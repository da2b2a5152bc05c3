using System.Diagnostics;
using System.Globalization;
using System.Runtime;

namespace Privatemode.AI.Soak;

/// <summary>What the process holds while no call runs.</summary>
/// <param name="Handles">Open files and sockets.</param>
/// <param name="Heap">Bytes of objects after a collection.</param>
/// <param name="WorkingSet">Bytes in memory.</param>
/// <param name="Threads">Threads of the thread pool.</param>
internal sealed record Measurement(int Handles, long Heap, long WorkingSet, int Threads)
{
    private const double Mebibyte = 1024 * 1024;

    public static Measurement Take()
    {
        for (int i = 0; i < 3; i++)
        {
            GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using Process process = Process.GetCurrentProcess();
        return new Measurement(OpenHandles(process), GC.GetTotalMemory(forceFullCollection: false), process.WorkingSet64, ThreadPool.ThreadCount);
    }

    /// <summary>The open files and sockets of this process.</summary>
    public static int OpenHandles(Process process) =>
        Directory.Exists("/proc/self/fd") ? Directory.GetFileSystemEntries("/proc/self/fd").Length : process.HandleCount;

    /// <summary>What grew too much since an earlier measurement.</summary>
    /// <param name="before">The earlier one.</param>
    /// <param name="clients">How many callers there were: as many connections to the deployment may have been opened since.</param>
    /// <param name="isShort">Whether the first one was so early that code and pools still grew.</param>
    public IEnumerable<string> GrownSince(Measurement before, int clients, bool isShort)
    {
        if (Handles > before.Handles + (2 * clients) + 16)
        {
            yield return $"handles grew from {before.Handles} to {Handles}";
        }

        if (Heap > (before.Heap * 1.1) + ((isShort ? 24 : 8) * Mebibyte))
        {
            yield return $"the heap grew from {before} to {this}";
        }

        if (WorkingSet > (before.WorkingSet * (isShort ? 1.5 : 1.2)) + (32 * Mebibyte))
        {
            yield return $"the working set grew from {before} to {this}";
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Handles} handles, heap {Heap / Mebibyte:F1} MiB, working set {WorkingSet / Mebibyte:F0} MiB, {Threads} threads");
}
