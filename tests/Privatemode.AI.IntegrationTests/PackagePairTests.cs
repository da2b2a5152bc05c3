using OpenAI;

namespace Privatemode.AI.IntegrationTests;

public sealed class PackagePairTests
{
    [Fact]
    public void Library_IsCompiledAgainstTheOlderPair_WhateverRunsHere()
    {
        Version compiledAgainst = typeof(PrivatemodeClient).Assembly.GetReferencedAssemblies().Single(name => name.Name == "OpenAI").Version!;
        Version running = typeof(OpenAIClient).Assembly.GetName().Version!;
        Assert.Equal(new Version(2, 14, 0, 0), compiledAgainst);
        Assert.Equal(typeof(PackagePairTests).Assembly.GetName().Name!.EndsWith(".Next", StringComparison.Ordinal) ? 15 : 14, running.Minor);
    }
}
