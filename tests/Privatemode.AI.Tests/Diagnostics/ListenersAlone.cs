namespace Privatemode.AI.Tests.Diagnostics;

/// <summary>Tests that listen, or depend on nobody listening: listeners hear the whole process, so these run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ListenersAlone
{
    public const string Name = "telemetry";
}
