using System.Reflection;

namespace Privatemode.AI.Mutation.Tests;

/// <summary>The class that dotnet-stryker adds to the library: it knows which mutant is on, and which mutants were reached.</summary>
internal static class MutantSwitch
{
    private const int None = -1;

    private static readonly Type Control = Assembly.Load("Privatemode.AI").GetTypes().Single(type => type.Name == "MutantControl");
    private static readonly FieldInfo Active = Control.GetField("ActiveMutant")!;
    private static readonly FieldInfo Capture = Control.GetField("CaptureCoverage")!;
    private static readonly MethodInfo Data = Control.GetMethod("GetCoverageData")!;

    public static void Off() => Active.SetValue(null, None);

    public static void On(int mutant) => Active.SetValue(null, mutant);

    public static void StartCapture()
    {
        Data.Invoke(null, null);
        Capture.SetValue(null, true);
    }

    /// <returns>The mutants that were reached.</returns>
    public static int[] EndCapture()
    {
        Capture.SetValue(null, false);
        return [.. ((IList<int>[])Data.Invoke(null, null)!)[0]];
    }
}
