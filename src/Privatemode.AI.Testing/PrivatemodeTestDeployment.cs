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

/// <summary>Represents a Privatemode deployment that runs in the test process, with a scripted model.</summary>
/// <remarks>
/// <para>The deployment is an HTTP server on the loopback interface that issues attestation evidence, exchanges keys and encrypts like the service. It
/// refuses the requests that the service refuses.</para>
/// <para>Its evidence is signed under test roots whose keys are public, so it proves nothing about hardware. Clients trust it through
/// <see cref="AI.InsecureLoopbackTrust"/>, which works for loopback addresses only.</para>
/// <para>Thread-safe.</para>
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
        _secrets = new SecretStore(options.TimeProvider, options.SecretUsed);
        _wire = new WireRecorder(options.OpenWireTap, options.SentTap);
        Model = new ScriptedModel();
        Faults = new FaultInjector();
        RequestCounter requests = new();
        Evidence = new DeploymentEvidence(options.TimeProvider, requests);
        StandInServer standIns = new(Evidence, Faults, requests, options);
        _server = new TestServer(options, _secrets, Model, Faults, standIns) { Mesh = CreateMesh() };
        _app = BuildApp();
    }

    /// <summary>Gets the scripted model, which answers the inference requests.</summary>
    public ScriptedModel Model { get; }

    /// <summary>Gets the attestation evidence of the deployment, whose properties can be changed, for example to give it a defect.</summary>
    public DeploymentEvidence Evidence { get; }

    /// <summary>Gets the fault injector, which makes the next requests fail.</summary>
    public FaultInjector Faults { get; }

    /// <summary>Gets the address of the deployment: <c>http://127.0.0.1:PORT/</c>.</summary>
    public Uri Endpoint { get; private set; } = new("http://127.0.0.1");

    /// <summary>Gets the API key that the deployment accepts, which is <see cref="PrivatemodeTestDeploymentOptions.ApiKey"/> of its options.</summary>
    public string ApiKey => _options.ApiKey;

    /// <summary>Gets the trust in the test roots of this deployment, for <see cref="VerificationOptions.InsecureLoopbackTrust"/> of a client.</summary>
    public InsecureLoopbackTrust InsecureLoopbackTrust { get; private set; } = null!;

    /// <summary>Gets a copy of the list of all requests received so far, in the order of their arrival.</summary>
    /// <value>The list includes key exchanges and requests for the model list and for evidence. It is empty if
    /// <see cref="PrivatemodeTestDeploymentOptions.RecordRequests"/> is <see langword="false"/>.</value>
    public IReadOnlyList<RecordedRequest> AllRequests => [.. _server.Requests];

    /// <summary>Gets a copy of the list of inference requests received so far, in the order of their arrival.</summary>
    /// <value>The list contains the requests of your application: chats, completions, messages, embeddings, transcriptions and document extraction. Each
    /// attempt of a request that was retried is listed. The list is empty if <see cref="PrivatemodeTestDeploymentOptions.RecordRequests"/> is
    /// <see langword="false"/>.</value>
    public IReadOnlyList<RecordedRequest> Requests => [.. _server.Requests.Where(request => request.IsInference)];

    /// <summary>Gets the number of key exchanges that the deployment has accepted so far.</summary>
    public int KeyExchangeCount => _server.KeyExchanges;

    /// <summary>The maximum number of key exchanges that were in progress at the same time.</summary>
    internal int PeakConcurrentKeyExchanges => _server.PeakConcurrentKeyExchanges;

    /// <summary>Starts a deployment on a free port of the loopback interface.</summary>
    /// <param name="options">The options, or <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">The token to cancel the start.</param>
    /// <returns>The running deployment. Dispose the deployment to stop it.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static async Task<PrivatemodeTestDeployment> StartAsync(
        PrivatemodeTestDeploymentOptions? options = null, CancellationToken cancellationToken = default)
    {
        PrivatemodeTestDeployment deployment = await BuildAsync(options?.Clone() ?? new PrivatemodeTestDeploymentOptions()).ConfigureAwait(false);

        // Signing the evidence takes about as long as starting the server; the first request need not wait for it.
        Task evidence = Task.Run(deployment.Evidence.Current, CancellationToken.None);
        await deployment._app.StartAsync(cancellationToken).ConfigureAwait(false);
        await evidence.ConfigureAwait(false);
        IServerAddressesFeature addresses = deployment._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        deployment.Endpoint = new Uri(addresses.Addresses.First());
        deployment.InsecureLoopbackTrust = TestTrustAnchors.For(deployment.Endpoint).ToTrust();
        return deployment;
    }

    // WebApplicationFactory takes each host that is built in the asynchronous flow of an entry point for the application, and replaces its server.
    private static Task<PrivatemodeTestDeployment> BuildAsync(PrivatemodeTestDeploymentOptions options)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return Task.Run(() => new PrivatemodeTestDeployment(options));
        }

        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(() => new PrivatemodeTestDeployment(options));
        }
    }

    /// <summary>Creates a client of this deployment. Dispose the client before the deployment.</summary>
    /// <remarks>Verification and key exchange take place at the client's first request, not here.</remarks>
    /// <param name="configure">A function that changes the client's options after <see cref="ConfigureClient"/>, or <see langword="null"/> to use those options
    /// unchanged.</param>
    /// <returns>The client.</returns>
    public PrivatemodeClient CreateClient(Action<PrivatemodeOptions>? configure = null)
    {
        PrivatemodeOptions options = new();
        ConfigureClient(options);
        configure?.Invoke(options);
        return new PrivatemodeClient(options);
    }

    /// <summary>Sets the options of a client so that it uses this deployment.</summary>
    /// <remarks>
    /// <para>For an application that registers its client itself, pass this method to <c>services.PostConfigureAll&lt;PrivatemodeOptions&gt;</c>, which
    /// runs after the application's own settings and for all of its accounts.</para>
    /// <para>This method sets <see cref="PrivatemodeOptions.Endpoint"/>, <see cref="PrivatemodeOptions.ApiKey"/>, <see cref="PrivatemodeOptions.TimeProvider"/>
    /// and <see cref="VerificationOptions.InsecureLoopbackTrust"/>. It clears <see cref="PrivatemodeOptions.Credential"/>,
    /// <see cref="TransportOptions.DangerousUnverifiedLocalProxy"/> and <see cref="TransportOptions.HttpMessageHandler"/>. A test that needs a handler sets it
    /// afterwards, together with <see cref="TransportOptions.InsecureAcceptAnyHandlerOnLoopback"/>.</para>
    /// <para>All other options are unchanged. If <see cref="PrivatemodeOptions.ApiKeyAccessor"/> is set, add the keys that it returns to
    /// <see cref="PrivatemodeTestDeploymentOptions.AdditionalApiKeys"/>. With a pinned manifest or a hardware policy, the client may refuse the
    /// deployment.</para>
    /// </remarks>
    /// <param name="options">The options to change.</param>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is <see langword="null"/>.</exception>
    public void ConfigureClient(PrivatemodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Endpoint = Endpoint;
        options.ApiKey = ApiKey;
        options.Credential = null;
        options.Transport.HttpMessageHandler = null;
        options.Transport.UseDangerousUnverifiedLocalProxy(null);
        options.Verification.InsecureLoopbackTrust = InsecureLoopbackTrust;
        options.TimeProvider = _options.TimeProvider;
    }

    /// <summary>Removes all secrets from the deployment, as a restart of the secret service does.</summary>
    /// <remarks>The next request of a client fails, and the client exchanges a new key and repeats the request.</remarks>
    public void ForgetSecrets() => _secrets.ForgetAll();

    /// <summary>Adds a model to the model list, or replaces the tasks of a model that is already in it.</summary>
    /// <param name="id">The ID of the model. If there are two IDs such as <c>gpt-oss-120b</c> and <c>openai/gpt-oss-120b</c>, the second is an alias of
    /// the first, as on the service.</param>
    /// <param name="tasks">The tasks of the model, with the names that the service uses: <c>generate</c> for chats, completions and messages,
    /// <c>tool_calling</c>, <c>vision</c>, <c>embed</c> and <c>transcribe</c>. A request that needs a task that the model does not have is refused, as by the
    /// service.</param>
    /// <exception cref="ArgumentException"><paramref name="id"/> is empty.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="id"/> or <paramref name="tasks"/> is <see langword="null"/>.</exception>
    public void AddModel(string id, params IEnumerable<string> tasks)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentNullException.ThrowIfNull(tasks);
        _server.Models.Set(id, [.. tasks]);
    }

    /// <summary>Removes a model from the model list.</summary>
    /// <param name="id">The ID of the model.</param>
    /// <returns><see langword="true"/> if the model was removed; <see langword="false"/> if there is no such model.</returns>
    /// <exception cref="ArgumentException"><paramref name="id"/> is empty.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="id"/> is <see langword="null"/>.</exception>
    public bool RemoveModel(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return _server.Models.Remove(id);
    }

    /// <summary>Replaces the mesh CA and removes all secrets, as a redeployment of the service does.</summary>
    /// <remarks>At its next request, a client finds that the certificate of the key exchange has another issuer, and verifies the deployment again.</remarks>
    public void RotateMeshCa()
    {
        // The old one may be answering just now; it is left to the garbage collector.
        _server.Mesh = CreateMesh();
        _secrets.ForgetAll();
    }

    /// <summary>Replaces the DNS names in the certificate of the secret service, as if another workload answered the key exchange.</summary>
    /// <remarks>The certificate is still issued by the mesh CA. By default, its names are those in the manifest. With other names, a client's key exchange
    /// fails with a <see cref="PrivatemodeVerificationException"/>. <see cref="RotateMeshCa"/> restores the default.</remarks>
    /// <param name="dnsNames">The DNS names, or an empty sequence for a certificate without names.</param>
    /// <exception cref="ArgumentNullException"><paramref name="dnsNames"/> is <see langword="null"/>.</exception>
    public void SetSecretServiceDnsNames(params IEnumerable<string> dnsNames)
    {
        ArgumentNullException.ThrowIfNull(dnsNames);
        _server.Mesh.Rename([.. dnsNames]);
    }

    /// <summary>Returns all bytes that the deployment has received on all connections, including headers.</summary>
    /// <returns>A copy of the bytes. It is empty if <see cref="PrivatemodeTestDeploymentOptions.RecordRequests"/> is <see langword="false"/>.</returns>
    public byte[] GetReceivedBytes() => _wire.Copy();

    /// <summary>Stops the deployment and closes its connections without waiting for requests in progress.</summary>
    /// <returns>A task that completes when the deployment has stopped.</returns>
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
                if (_options.RecordRequests || _options.OpenWireTap is not null || _options.SentTap is not null)
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
