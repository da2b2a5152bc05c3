namespace Privatemode.AI.IntegrationTests.Diagnostics;

/// <summary>Tests that listen: listeners hear the whole process, so these run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ListenersAlone
{
    public const string Name = "telemetry";
}
