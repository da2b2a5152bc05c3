using System.Runtime.CompilerServices;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Diagnostics;

[Collection(ListenersAlone.Name)]
public sealed class ClientGaugesTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Observe_SeveralClients_TellsOfThoseNotDisposed()
    {
        using TelemetryRecorder recorder = new();
        using ClientGauge one = ClientGauge.Register("one.example", _time, () => null, () => 1);
        ClientGauge two = ClientGauge.Register("two.example", _time, () => null, () => 2);
        Assert.Equal(2, Secrets(recorder).Count);
        two.Dispose();
        string left = Assert.Single(Secrets(recorder));
        Assert.StartsWith("privatemode.secrets 1 privatemode.client=", left, StringComparison.Ordinal);
        Assert.EndsWith("server.address=one.example", left, StringComparison.Ordinal);

        // Without a verdict there is no age of one.
        Assert.DoesNotContain(recorder.Observe(), line => line.StartsWith("privatemode.evidence", StringComparison.Ordinal));
    }

    [Fact]
    public void Observe_ClientDroppedWithoutDispose_IsForgotten()
    {
        using TelemetryRecorder recorder = new();
        Drop(_time);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.DoesNotContain(Secrets(recorder), line => line.Contains("dropped.example", StringComparison.Ordinal));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Drop(TimeProvider time) => _ = ClientGauge.Register("dropped.example", time, () => null, () => 1);
    }

    [Fact]
    public async Task Observe_VerifiedClient_TellsAgeAndSecrets()
    {
        using TelemetryRecorder recorder = new();
        await using DeploymentScene scene = await DeploymentScene.StartAsync(hasCertificates: true);
        await using PrivatemodeClient client = scene.Client(options => options.EvidenceLifetime = TimeSpan.FromHours(2));
        Assert.DoesNotContain(recorder.Observe(), line => line.StartsWith("privatemode.evidence", StringComparison.Ordinal));
        await client.ConnectAsync().OrTimeout();
        scene.Time.Advance(TimeSpan.FromMinutes(10));
        IReadOnlyList<string> lines = recorder.Observe();
        Assert.Contains(lines, line => line.StartsWith("privatemode.secrets 1 ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("privatemode.evidence.age 600 ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("privatemode.evidence.remaining 6600 ", StringComparison.Ordinal));
        scene.Time.Advance(TimeSpan.FromHours(2));
        Assert.DoesNotContain(recorder.Observe(), line => line.StartsWith("privatemode.evidence", StringComparison.Ordinal));
        Assert.Contains(recorder.Observe(), line => line.StartsWith("privatemode.secrets 0 ", StringComparison.Ordinal));
    }

    private static List<string> Secrets(TelemetryRecorder recorder) =>
        [.. recorder.Observe().Where(line => line.StartsWith("privatemode.secrets ", StringComparison.Ordinal) && line.Contains(".example"))];
}
