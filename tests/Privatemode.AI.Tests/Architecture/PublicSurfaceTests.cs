using Privatemode.AI.Testing;

namespace Privatemode.AI.Tests.Architecture;

/// <summary>The public surface changes only together with the approved text beside this file.</summary>
public sealed class PublicSurfaceTests
{
    [Theory]
    [InlineData("Privatemode.AI", typeof(PrivatemodeClient))]
    [InlineData("Privatemode.AI.Testing", typeof(PrivatemodeTestDeployment))]
    public void PublicSurface_IsTheApprovedOne(string assembly, Type door)
    {
        string folder = Path.Combine(RepositoryFiles.Root, "tests", "Privatemode.AI.Tests", "Architecture");
        string approved = Path.Combine(folder, $"{assembly}.PublicSurface.txt");
        string received = Path.Combine(AppContext.BaseDirectory, $"{assembly}.PublicSurface.received.txt");
        File.WriteAllText(received, PublicSurface.Of(door.Assembly));
        Assert.True(
            File.Exists(approved) && File.ReadAllText(approved) == File.ReadAllText(received),
            $"The public surface of {assembly} differs from the approved one. If that is meant, copy {received} over {approved} and say so in the change log.");
    }
}
