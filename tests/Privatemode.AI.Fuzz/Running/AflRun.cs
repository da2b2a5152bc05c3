using System.Runtime.InteropServices;
using Privatemode.AI.Fuzz.Targets;
using SharpFuzz;

namespace Privatemode.AI.Fuzz.Running;

/// <summary>Runs a target under afl-fuzz, which scripts/fuzz-afl starts. An input is the number of a seed, the number of one of its parts, each a byte and
/// taken modulo how many there are, and the bytes that replace the part.</summary>
internal static class AflRun
{
    private const int HeadLength = 2;
    private const int TraceSize = 1 << 16;
    private const int MaxCorpus = 4 * 1024;

    /// <summary>What afl-fuzz observes: the readers, and not the fuzzer.</summary>
    private static readonly string[] Instrumented = ["Privatemode.AI", "Privatemode.AI.AspNetCore", "Privatemode.AI.Testing", "Privatemode.Tool"];

    /// <summary>Adds the instructions that count edges to the assemblies in a copy of this program's folder.</summary>
    public static void Instrument(string folder)
    {
        foreach (string name in Instrumented)
        {
            string path = Path.Combine(folder, $"{name}.dll");
            Console.WriteLine($"{name,-26} {Fuzzer.Instrument(path, _ => true, Options.Value).Count(),5} types instrumented");
        }
    }

    /// <summary>Must be called before instrumented code runs: it counts in memory that only <see cref="Run"/> gets from afl-fuzz.</summary>
    public static unsafe void Prepare() =>
        SharpFuzz.Common.Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(TraceSize);

    /// <summary>Judges the inputs of afl-fuzz, or one from standard input. An exception is what afl-fuzz counts as a crash.</summary>
    public static void Run(FuzzTarget target)
    {
        ForgeryCheck forgeries = new(target);
        byte[] buffer = new byte[Math.Min(target.Largest, 1 << 20) + HeadLength];
        Fuzzer.OutOfProcess.Run(stream =>
        {
            int length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (length >= HeadLength)
            {
                Judge(target, forgeries, buffer.AsSpan(0, length));
            }
        });
    }

    /// <summary>Writes parts of the seeds as a corpus: the first one, if it is not too long, then the shortest ones, and at least one. Those that are
    /// signed anew in every run are written only where nothing is checked for forgeries.</summary>
    public static void WriteCorpus(FuzzTarget target, string folder)
    {
        _ = Directory.CreateDirectory(folder);
        IEnumerable<(FuzzSeed Seed, int Index, int Part)> inputs = target.Seeds.Take(256)
            .SelectMany((seed, i) => seed.Parts.Select((_, at) => (Seed: seed, Index: i, Part: at)))
            .Where(input => target.Signed is null || !input.Seed.Name.StartsWith("issued", StringComparison.Ordinal))
            .Where(input => input.Seed.Parts[input.Part].Length > 0)
            .OrderBy(input => input is not { Index: 0, Part: 0 } || input.Seed.Parts[0].Length > MaxCorpus)
            .ThenBy(input => input.Seed.Parts[input.Part].Length);
        int written = 0;
        foreach ((FuzzSeed seed, int index, int part) in inputs)
        {
            byte[] input = [(byte)index, (byte)part, .. seed.Parts[part]];
            if (written == 0 || written + input.Length <= MaxCorpus)
            {
                File.WriteAllBytes(Path.Combine(folder, $"seed-{index:000}-{part}"), input);
                written += input.Length;
            }
        }
    }

    private static void Judge(FuzzTarget target, ForgeryCheck forgeries, ReadOnlySpan<byte> input)
    {
        FuzzSeed seed = target.Seeds[input[0] % target.Seeds.Count];
        byte[][] parts = [.. seed.Parts];
        parts[input[1] % parts.Length] = input[HeadLength..].ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isAccepted = false;
        try
        {
            isAccepted = seed.Judge(parts);
        }
        catch (PrivatemodeVerificationException)
        {
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        string? failure = bytes > TargetRun.MaxBytes ? $"{bytes:N0} bytes allocated" : isAccepted ? forgeries.Find(parts) : null;
        if (failure is not null)
        {
            throw new InvalidOperationException($"{target.Name} (from {seed.Name}): {failure}");
        }
    }
}
