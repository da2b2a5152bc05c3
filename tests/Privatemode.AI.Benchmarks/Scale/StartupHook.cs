using System.Globalization;
using System.Runtime;

/// <summary>Loaded into the program that <c>cold</c> starts (DOTNET_STARTUP_HOOKS): writes how much was compiled, when the program ends.</summary>
/// <remarks>Name and namespace are those that the runtime looks for.</remarks>
internal static class StartupHook
{
    public static void Initialize() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Console.Error.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{JitInfo.GetCompiledMethodCount():N0} methods compiled in {JitInfo.GetCompilationTime().TotalMilliseconds:F0} ms, "
            + $"processor time {Environment.CpuUsage.TotalTime.TotalMilliseconds:F0} ms"));
}
