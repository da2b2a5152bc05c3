using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A deployment, a clock that is moved by hand, and a directory.</summary>
internal sealed class DeploymentScene : IAsyncDisposable
{
    public static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(10);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("privatemode-scene-");
    private HttpClient? _http;

    public ManualTimeProvider Time { get; } = new();

    public PrivatemodeTestDeployment Deployment { get; private set; } = null!;

    public string DirectoryPath => _directory.FullName;

    public static async Task<DeploymentScene> StartAsync(EvidenceKind kind = EvidenceKind.SevSnp, bool hasCertificates = false)
    {
        DeploymentScene scene = new();
        scene.Deployment = await PrivatemodeTestDeployment.StartAsync(new PrivatemodeTestDeploymentOptions { TimeProvider = scene.Time });
        scene.Deployment.Evidence.IncludeCertificates = hasCertificates;
        scene.Deployment.Evidence.Kind = kind;
        return scene;
    }

    /// <summary>The same trust as another process has it, which shares nothing in memory.</summary>
    public InsecureLoopbackTrust OtherProcess() => TestTrustAnchors.For(Deployment.Endpoint).ToTrust();

    public PrivatemodeClient Client(Action<PrivatemodeOptions>? configure = null) => Deployment.CreateClient(options =>
    {
        options.Verification.InsecureLoopbackTrust = OtherProcess();
        configure?.Invoke(options);
    });

    /// <summary>What keeps the verdict, without the rest of a client.</summary>
    public DeploymentVerifier Authority(Action<PrivatemodeOptions>? configure = null)
    {
        PrivatemodeOptions options = new();
        Deployment.ConfigureClient(options);
        configure?.Invoke(options);
        _http = HttpTransports.Create(null, isTestTrust: true);
        BoundedHttpClient bounded = new(_http, Time);
        return VerificationComposition.Create(
            options, bounded, new ControlPlaneClient(bounded, options.Endpoint, ProtocolHeaders.ProtocolVersion));
    }

    public int Asked(EvidenceSource source) => Deployment.Evidence.GetRequestCount(source);

    /// <summary>All vendors answer with this status from here on.</summary>
    public void VendorsAnswer(int status)
    {
        foreach (EvidenceSource source in Enum.GetValues<EvidenceSource>().Where(source => source > EvidenceSource.Manifest))
        {
            Deployment.Faults.InjectIntoEvidence(source, Fault.UnencryptedError(status), times: 1000);
        }
    }

    /// <summary>Completes when a source was asked so often.</summary>
    public async Task AskedAsync(EvidenceSource source, int times)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (Asked(source) < times)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TestTimeouts.Default, $"{source} was asked {Asked(source)} times");
            await Task.Yield();
        }
    }

    /// <summary>Moves the clock over every pause between tries until the work is done; with the pauses.</summary>
    public async Task<List<TimeSpan>> PassPausesAsync(Task work)
    {
        List<TimeSpan> pauses = [];
        while (true)
        {
            Task<TimeSpan> pause = Time.TimerAsync(due => due <= MaxPause);
            if (await Task.WhenAny(work, pause).OrTimeout() == work)
            {
                return pauses;
            }

            pauses.Add(await pause);
            Time.Advance(await pause);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        await Deployment.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
