namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>Tests that change the environment of the process run while no others do.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EnvironmentAlone
{
    public const string Name = "environment";
}
