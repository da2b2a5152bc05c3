using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Testing.Evidence;
using Privatemode.AI.Testing.Evidence.Collateral;
using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Server;

namespace Privatemode.AI.Testing;

/// <summary>
/// A Privatemode deployment inside this process: a real HTTP server on loopback, real key exchange and encryption, a scripted model.
/// </summary>
/// <remarks>
/// It refuses what the service refuses, so a test that passes against it says something about production. Its evidence is real in form,
/// under roots whose keys are public: it proves nothing about hardware. Clients trust it through <see cref="InsecureLoopbackTrust"/>,
/// which works on this machine only. Thread-safe.
/// </remarks>
public sealed class PrivatemodeTestDeployment : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestServer _server;
    private readonly SecretStore _secrets;
    private readonly WireRecorder _wire;
    private readonly PrivatemodeTestDeploymentOptions _options;

    private PrivatemodeTestDeployment(PrivatemodeTestDeploymentOptions options)
    {
        _options = options;
        _secrets = new SecretStore(options.TimeProvider);
        _wire = new WireRecorder();
        Model = new ScriptedModel();
        Faults = new FaultPlan();
        RequestCounter requests = new();
        Evidence = new DeploymentEvidence(options.TimeProvider, requests);
        StandInServer standIns = new(Evidence, Faults, requests, options);
        _server = new TestServer(options, _secrets, Model, Faults, standIns) { Mesh = CreateMesh() };
        _app = BuildApp();
    }

    /// <summary>The model behind the deployment.</summary>
    public ScriptedModel Model { get; }

    /// <summary>The evidence it issues about itself, and what is wrong with it.</summary>
    public DeploymentEvidence Evidence { get; }

    /// <summary>What goes wrong, and when.</summary>
    public FaultPlan Faults { get; }

    /// <summary>Where the deployment listens: <c>http://127.0.0.1:port</c>.</summary>
    public Uri Endpoint { get; private set; } = new("http://127.0.0.1");

    /// <summary>The API key it accepts.</summary>
    public string ApiKey => _options.ApiKey;

    /// <summary>Trust in this deployment's roots, for <see cref="VerificationOptions.InsecureLoopbackTrust"/>.</summary>
    public InsecureLoopbackTrust Trust { get; private set; } = null!;

    /// <summary>All requests so far, key exchanges and those to the stand-ins included, oldest first.</summary>
    public IReadOnlyList<RecordedRequest> AllRequests => [.. _server.Requests];

    /// <summary>The inference requests so far, oldest first.</summary>
    public IReadOnlyList<RecordedRequest> Requests => [.. _server.Requests.Where(request => request.IsInference)];

    /// <summary>How many secrets were exchanged so far.</summary>
    public int KeyExchanges => _server.KeyExchanges;

    /// <summary>The most key exchanges that were ever in progress at the same time.</summary>
    public int MostConcurrentKeyExchanges => _server.MostConcurrentKeyExchanges;

    /// <summary>Starts a deployment on a free loopback port.</summary>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The running deployment; dispose it to stop.</returns>
    public static async Task<PrivatemodeTestDeployment> StartAsync(
        PrivatemodeTestDeploymentOptions? options = null, CancellationToken cancellationToken = default)
    {
        PrivatemodeTestDeployment deployment = new(options?.Clone() ?? new PrivatemodeTestDeploymentOptions());

        // Signing the evidence takes about as long as starting the server; the first request need not wait for it.
        Task evidence = Task.Run(deployment.Evidence.Current, CancellationToken.None);
        await deployment._app.StartAsync(cancellationToken).ConfigureAwait(false);
        await evidence.ConfigureAwait(false);
        IServerAddressesFeature addresses = deployment._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        deployment.Endpoint = new Uri(addresses.Addresses.First());
        deployment.Trust = TestTrustAnchors.For(deployment.Endpoint).ToTrust();
        return deployment;
    }

    /// <summary>A client of this deployment. Dispose it before the deployment.</summary>
    /// <param name="configure">Changes settings after those of the deployment are in; null for none.</param>
    /// <returns>The client.</returns>
    public PrivatemodeClient CreateClient(Action<PrivatemodeOptions>? configure = null)
    {
        PrivatemodeOptions options = new();
        Configure(options);
        configure?.Invoke(options);
        return new PrivatemodeClient(options);
    }

    /// <summary>Points settings at this deployment: endpoint, API key, trust, and the clock, which both sides must share.</summary>
    /// <param name="options">The settings to change. A <see cref="PrivatemodeOptions.Credential"/> and a
    /// <see cref="TransportOptions.HttpMessageHandler"/>, for example for a proxy, are taken out. A test that needs a handler sets it afterwards, together
    /// with <see cref="TransportOptions.InsecureAcceptAnyHandlerOnLoopback"/>.
    /// Everything else stays: the keys of an <see cref="PrivatemodeOptions.ApiKeyAccessor"/> belong into
    /// <see cref="PrivatemodeTestDeploymentOptions.OtherApiKeys"/>; a pinned manifest or a hardware policy may refuse the deployment.</param>
    public void Configure(PrivatemodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Endpoint = Endpoint;
        options.ApiKey = ApiKey;
        options.Credential = null;
        options.Transport.HttpMessageHandler = null;
        options.Verification.InsecureLoopbackTrust = Trust;
        options.TimeProvider = _options.TimeProvider;
    }

    /// <summary>Forgets all secrets, as a restarted secret service does.</summary>
    public void ForgetSecrets() => _secrets.ForgetAll();

    /// <summary>Offers a model from here on, or another set of tasks of one that is offered.</summary>
    /// <param name="id">Its id. A second id such as <c>openai/gpt-oss-120b</c> beside <c>gpt-oss-120b</c> is an alias, as on the service.</param>
    /// <param name="tasks">The tasks of the model, under the service's names: <c>generate</c> for chats, completions and messages, <c>tool_calling</c>,
    /// <c>vision</c>, <c>embed</c> and <c>transcribe</c>. Calls that need another task are refused as by the service.</param>
    public void OfferModel(string id, params IEnumerable<string> tasks)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentNullException.ThrowIfNull(tasks);
        _server.Models.Set(id, [.. tasks]);
    }

    /// <summary>Offers a model no longer.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>False when it was not offered.</returns>
    public bool WithdrawModel(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return _server.Models.Remove(id);
    }

    /// <summary>Replaces the mesh CA and forgets all secrets, as a redeployment does.</summary>
    public void RotateMeshCa()
    {
        // The old one may be answering just now; it is left to the garbage collector.
        _server.Mesh = CreateMesh();
        _secrets.ForgetAll();
    }

    /// <summary>Has the secret service show a certificate with other names from here on, of the same mesh CA: as any other workload of the mesh would
    /// if it answered in its place. Until then the names are those of its entry in the manifest.</summary>
    /// <param name="dnsNames">The DNS names; with none the certificate has no names.</param>
    public void RenameSecretService(params IEnumerable<string> dnsNames)
    {
        ArgumentNullException.ThrowIfNull(dnsNames);
        _server.Mesh.Rename([.. dnsNames]);
    }

    /// <summary>Every byte received so far on all connections, headers included.</summary>
    /// <returns>A copy.</returns>
    public byte[] CopyReceivedBytes() => _wire.Copy();

    /// <summary>Stops the deployment and cuts what is still running.</summary>
    /// <returns>Completes when it has stopped.</returns>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource now = new();
        await now.CancelAsync().ConfigureAwait(false);
        try
        {
            await _app.StopAsync(now.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Asked to stop at once.
        }

        await _app.DisposeAsync().ConfigureAwait(false);
        _server.Mesh.Dispose();
    }

    private MeshIdentity CreateMesh() => MeshIdentity.Create(_options.TimeProvider.GetUtcNow(), ManifestTemplate.SecretServiceNames);

    private WebApplication BuildApp()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (_options.Record)
                {
                    _ = listen.Use(_wire.Tee);
                }
            });
        });
        WebApplication app = builder.Build();
        app.Run(_server.HandleAsync);
        return app;
    }
}
