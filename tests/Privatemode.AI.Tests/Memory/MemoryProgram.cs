using Privatemode.AI.Tests.Architecture;
using Privatemode.AI.Tests.Encryption;

namespace Privatemode.AI.Tests.Memory;

/// <summary>What the test assembly does as a program of its own: one case of <see cref="MemoryCases"/>, under the heap limit of its environment,
/// of <see cref="SodiumMemoryCases"/>, or of <see cref="WalkProgram"/>.</summary>
internal static class MemoryProgram
{
    public static int Main(string[] args)
    {
        if (args is not [string name])
        {
            return 0;
        }

        if (WalkProgram.TryRun(name) || SodiumMemoryCases.TryRun(name))
        {
            return 0;
        }

        MemoryCases.Run(name);
        GC.Collect();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Console.WriteLine($"kept {before}");
        return 0;
    }
}
