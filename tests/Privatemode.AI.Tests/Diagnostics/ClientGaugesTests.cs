using System.Runtime.CompilerServices;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Diagnostics;

[Collection(ListenersAlone.Name)]
public sealed class ClientGaugesTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly TelemetryRecorder _recorder = new();
    private readonly HashSet<string> _before = [];

    // Tests that ended may have left clients to the garbage collector; those are none of ours.
    public ClientGaugesTests() => _before.UnionWith(_recorder.Observe().Select(ClientOf));

    public void Dispose() => _recorder.Dispose();

    [Fact]
    public void Observe_SeveralClients_TellsOfThoseNotDisposed()
    {
        using ClientGauge one = ClientGauge.Register("one.example", _time, () => null, () => 1);
        ClientGauge two = ClientGauge.Register("two.example", _time, () => null, () => 2);
        Assert.Equal(2, Secrets().Count);
        two.Dispose();
        string left = Assert.Single(Secrets());
        Assert.StartsWith("privatemode.secrets 1 privatemode.client=", left, StringComparison.Ordinal);
        Assert.EndsWith("server.address=one.example", left, StringComparison.Ordinal);

        // Without a verdict there is no age of one.
        Assert.DoesNotContain(Observe(), line => line.StartsWith("privatemode.evidence", StringComparison.Ordinal));
    }

    [Fact]
    public void Observe_ClientDroppedWithoutDispose_IsForgotten()
    {
        Drop(_time);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.DoesNotContain(Secrets(), line => line.Contains("dropped.example", StringComparison.Ordinal));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Drop(TimeProvider time) => _ = ClientGauge.Register("dropped.example", time, () => null, () => 1);
    }

    [Fact]
    public async Task Observe_VerifiedClient_TellsAgeAndSecrets()
    {
        await using DeploymentScene scene = await DeploymentScene.StartAsync(hasCertificates: true);
        await using PrivatemodeClient client = scene.Client(options => options.Verification.Lifetime = TimeSpan.FromHours(2));
        Assert.DoesNotContain(Observe(), line => line.StartsWith("privatemode.evidence", StringComparison.Ordinal));
        await client.ConnectAsync().OrTimeout();
        scene.Time.Advance(TimeSpan.FromMinutes(10));
        IReadOnlyList<string> lines = Observe();
        Assert.Contains(lines, line => line.StartsWith("privatemode.secrets 1 ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("privatemode.evidence.age 600 ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("privatemode.evidence.remaining 6600 ", StringComparison.Ordinal));
        scene.Time.Advance(TimeSpan.FromHours(2));
        Assert.DoesNotContain(Observe(), line => line.StartsWith("privatemode.evidence", StringComparison.Ordinal));
        Assert.Contains(Observe(), line => line.StartsWith("privatemode.secrets 0 ", StringComparison.Ordinal));
    }

    private static string ClientOf(string line) => line.Split(' ').Single(word => word.StartsWith("privatemode.client=", StringComparison.Ordinal));

    private List<string> Observe() => [.. _recorder.Observe().Where(line => !_before.Contains(ClientOf(line)))];

    private List<string> Secrets() => [.. Observe().Where(line => line.StartsWith("privatemode.secrets ", StringComparison.Ordinal))];
}
