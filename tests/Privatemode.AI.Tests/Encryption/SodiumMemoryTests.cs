using System.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Tests.Memory;

namespace Privatemode.AI.Tests.Encryption;

public sealed class SodiumMemoryTests
{
    [SodiumOnLinuxTheory]
    [InlineData(SodiumMemoryCases.WithoutLockedMemory)]
    [InlineData(SodiumMemoryCases.WithoutMappings)]
    public async Task Keys_WithoutTheMemoryOfLibsodium_Work(string name)
    {
        ProcessStartInfo start = new("dotnet", ["exec", typeof(MemoryProgram).Assembly.Location, name])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The runtime's own threads need mappings, too.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = await child.StandardOutput.ReadToEndAsync().OrTimeout();
        await child.WaitForExitAsync().OrTimeout();
        Assert.True(child.ExitCode == 0, $"{child.ExitCode}: {await errors}{output}");
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SodiumOnLinuxTheoryAttribute : TheoryAttribute
    {
        public SodiumOnLinuxTheoryAttribute() =>
            Skip = OperatingSystem.IsLinux() && SodiumAesGcmKey.IsSupported ? null : "The limits are those of Linux, and libsodium has to be there.";
    }
}
