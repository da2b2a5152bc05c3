using Privatemode.AI.Tests.Fakes;
using Privatemode.Tool.Services;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Demo;

/// <summary>The temporary workspace of <c>--demo</c> remained if a client that had just ended still wrote its manifest log.</summary>
public sealed class DemoWorkspaceTests : IDisposable
{
    private readonly ToolRun _run = new();

    [Fact]
    public async Task Dispose_AnEndedClientCreatesTheWorkspaceAgain_ItIsDeleted()
    {
        ServiceEnvironment demo = await ServiceEnvironment.OpenAsync(new ServiceSettings { IsDemo = true }, _run.Context, "unused").OrTimeout();
        string workspace = demo.Workspace;
        Task late = Task.Run(async () =>
        {
            await TestTimeouts.UntilAsync(() => !Directory.Exists(workspace));
            _ = Directory.CreateDirectory(Path.Combine(workspace, "manifests", "verified"));
        });

        await demo.DisposeAsync().AsTask().OrTimeout();
        await late.OrTimeout();

        Assert.False(Directory.Exists(workspace));
    }

    public void Dispose() => _run.Dispose();
}
