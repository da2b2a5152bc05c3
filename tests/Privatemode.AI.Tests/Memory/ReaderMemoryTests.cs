using System.Diagnostics;
using System.Globalization;
using Privatemode.AI.Tests.Fakes;
using Xunit.Abstractions;

namespace Privatemode.AI.Tests.Memory;

/// <summary>No reader takes more memory than it may, nor keeps more than 8 MiB: each runs in a process of its own, with a hard heap limit.</summary>
public sealed class ReaderMemoryTests(ITestOutputHelper report)
{
    private const int Megabyte = 1024 * 1024;

    // What the runtime, the test's own code and the collector's rounding take before anything is read.
    private const int Base = 8 * Megabyte;
    private const int MaxRetained = 8 * Megabyte;

    public static TheoryData<string> Names => [.. MemoryCases.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Reader_WorstBytes_StaysWithinTheHeapLimit(string name)
    {
        long limit = MemoryCases.LimitOf(name) + Base;
        ProcessStartInfo start = new("dotnet", ["exec", typeof(MemoryProgram).Assembly.Location, name])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_GCHeapHardLimit"] = limit.ToString("x", CultureInfo.InvariantCulture);
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = await child.StandardOutput.ReadToEndAsync().OrTimeout();
        await child.WaitForExitAsync().OrTimeout();
        Assert.True(child.ExitCode == 0, $"{child.ExitCode}: {await errors}");
        long kept = long.Parse(output.Trim()["kept ".Length..], CultureInfo.InvariantCulture);
        report.WriteLine($"{name}: {kept} bytes kept");
        Assert.True(kept <= MaxRetained, $"{kept} bytes are kept");
    }
}
