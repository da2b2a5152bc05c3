namespace Privatemode.AI.Tests.Fakes;

/// <summary>Tests that keep every thread of the pool busy: they run with no other test beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ThreadPoolAlone
{
    public const string Name = "thread pool alone";
}
