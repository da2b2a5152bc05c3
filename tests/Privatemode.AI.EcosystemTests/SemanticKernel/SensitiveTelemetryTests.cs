using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Microsoft.SemanticKernel;
using Privatemode.AI.IntegrationTests.Canary;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>With Semantic Kernel's switch for sensitive telemetry, its own spans have content; ours never do.</summary>
[Collection(ListeningAlone.Name)]
public sealed class SensitiveTelemetryTests : KernelTest
{
    private const string Switch = "Microsoft.SemanticKernel.Experimental.GenAI.EnableOTelDiagnosticsSensitive";

    [Fact]
    public async Task Switch_PutsContentIntoTheFrameworksSpansOnly()
    {
        using TelemetryListener telemetry = new();
        _ = Deployment.Model.ReplyWithToolCall("Secrets-read", $$"""{"key":"{{Sentinel.Text}}"}""").Then.Reply(Sentinel.Text);

        // Semantic Kernel reads the switch once per process: here without it, and with it in assemblies of their own.
        RuntimeHelpers.RunClassConstructor(
            typeof(Kernel).Assembly.GetType("Microsoft.SemanticKernel.Diagnostics.ModelDiagnostics", throwOnError: true)!.TypeHandle);

        AssemblyLoadContext context = new IsolatedKernel();
        MethodInfo ask = context.LoadFromAssemblyPath(typeof(SensitiveTelemetryTests).Assembly.Location)
            .GetType(typeof(SensitiveTelemetryTests).FullName!)!.GetMethod(nameof(AskAsync), BindingFlags.Public | BindingFlags.Static)!;
        AppContext.SetSwitch(Switch, isEnabled: true);
        try
        {
            Assert.Equal(Sentinel.Text, await (Task<string>)ask.Invoke(null, [Client])!);
        }
        finally
        {
            AppContext.SetSwitch(Switch, isEnabled: false);
        }

        string[] sources = [.. telemetry.Activities.Where(activity => Sentinel.FoundIn(TelemetryListener.TextOf(activity)).Any())
            .Select(activity => activity.Source.Name).Distinct()];
        Assert.Equal(["Microsoft.SemanticKernel"], sources);
        Assert.Contains(telemetry.Activities, activity => activity.Source.Name == "Privatemode.AI");
        Assert.All(telemetry.Measurements, line => Assert.Empty(Sentinel.FoundIn(line)));
        Assert.Empty(Sentinel.FoundIn(Deployment.GetReceivedBytes()));
    }

    /// <summary>Asks a model that calls a function. It runs in assemblies of its own, which share the client with this test.</summary>
    public static Task<string> AskAsync(PrivatemodeClient client)
    {
        Kernel kernel = KernelLayer.Loop.Build(ModelId, client);
        _ = kernel.Plugins.AddFromFunctions("Secrets", [KernelFunctionFactory.CreateFromMethod((string key) => $"{Sentinel.Text} {key}", "read")]);
        return KernelLayer.Loop.AskAsync(kernel, Sentinel.Text);
    }

    /// <summary>Loads Semantic Kernel, its connectors and this test anew, and shares everything else.</summary>
    private sealed class IsolatedKernel() : AssemblyLoadContext(nameof(IsolatedKernel))
    {
        protected override Assembly? Load(AssemblyName assemblyName) =>
            assemblyName.Name!.StartsWith("Microsoft.SemanticKernel", StringComparison.Ordinal) || assemblyName.Name == "Privatemode.AI.SemanticKernel"
                ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, assemblyName.Name + ".dll"))
                : null;
    }
}
