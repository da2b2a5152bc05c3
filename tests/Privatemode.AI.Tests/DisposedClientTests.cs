using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests;

/// <summary>A client that is disposed of says so, whatever is asked of it.</summary>
public sealed class DisposedClientTests
{
    [Fact]
    public async Task Call_ClientIsDisposed_SaysSo()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        PrivatemodeClient client = deployment.CreateClient();
        client.Dispose();
        foreach (Func<Task> call in (Func<Task>[])
        [
            () => client.ConnectAsync(),
            () => client.VerifyAsync(),
            () => client.Models.ListAsync(),
            () => client.Models.FindAsync("gpt-oss-120b"),
            () => client.Documents.PartitionAsync(new MemoryStream([1])),
        ])
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => call().OrTimeout());
        }

        Assert.Empty(deployment.AllRequests);
    }
}
