using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Evidence;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>A publisher that is independent of the deployment: it names any manifest, or is away.</summary>
internal sealed class ManifestPublisher : IAsyncDisposable
{
    private readonly WebApplication _app;
    private byte[]? _manifest;

    private ManifestPublisher(WebApplication app) => _app = app;

    public Uri Address => new(new Uri(_app.Urls.First()), "manifest.json");

    public static async Task<ManifestPublisher> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        ManifestPublisher publisher = new(app);
        app.MapGet("/manifest.json", () => Volatile.Read(ref publisher._manifest) is { } manifest ? Results.Bytes(manifest) : Results.NotFound());
        await app.StartAsync();
        return publisher;
    }

    /// <summary>The manifest of a revision of the test deployment, as of a day.</summary>
    public static byte[] Manifest(int revision, DateTimeOffset at) =>
        new IssuedEvidence(new EvidenceSettings { Revision = revision }, new DateTimeOffset(at.UtcDateTime.Date, TimeSpan.Zero)).Manifest;

    public void Name(ReadOnlySpan<byte> manifest) => Volatile.Write(ref _manifest, manifest.ToArray());

    public void GoAway() => Volatile.Write(ref _manifest, null);

    /// <summary>The deployment's roots and collateral, and this publisher. Shares nothing in memory with another trust.</summary>
    public InsecureLoopbackTrust TrustOf(PrivatemodeTestDeployment deployment) =>
        (TestTrustAnchors.For(deployment.Endpoint) with { Manifest = Address }).ToTrust();

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
