using System.Net;
using Privatemode.AI.Diagnostics;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Models;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Calls;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Responses;
using Privatemode.AI.Verification;

namespace Privatemode.AI.LocalProxy;

/// <summary>Composes a client that sends to a local proxy, without attestation, sessions and encryption.</summary>
internal sealed class LocalProxyComposition : IClientComposition
{
    private readonly HttpClient _http;
    private readonly HttpMessageInvoker _transport;
    private readonly HttpClient _openAI;
    private readonly ImageFetcher? _images;
    private readonly ResponsesTranslator _responses;

    // Never disposed: it may be canceled twice, and without a timer it holds no resources.
    private readonly CancellationTokenSource _closing = new();
    private readonly PromptCacheSaltProvider _salts;

    private LocalProxyComposition(PrivatemodeOptions options, ApiKeys apiKeys)
    {
        (TimeProvider time, MediaOptions media) = (options.TimeProvider, options.Media);
        Endpoint = options.Transport.DangerousUnverifiedLocalProxy!;
        apiKeys.Closing = _closing.Token;
        Events = new ClientEvents(options.LoggerFactory, Endpoint);

        // With isTestTrust, connections are made to loopback addresses only.
        _http = HttpTransports.Create(custom: null, isTestTrust: true);
        _images = media.Remote == RemoteMediaPolicy.FetchLocally ? ImageFetcher.ForPublicAddresses(time, options.Transport.ResponseTimeout) : null;
        _salts = new PromptCacheSaltProvider(options.PromptCache.Scope, apiKeys.AreManyCallers);
        RequestEncryptor encryptor = new(Endpoint, _salts, time);
        _responses = new ResponsesTranslator(options.Responses, time, Events);
        CallPreparation preparation = new(encryptor, new RemoteMediaResolver(media.Remote, _images, media.MaxFetchedImages), _responses);
        LocalProxyTransport transport = new(Endpoint, _http, preparation, apiKeys, options.Transport, time, _closing.Token);
        _transport = new HttpMessageInvoker(transport, disposeHandler: false);
        _openAI = new HttpClient(transport) { Timeout = Timeout.InfiniteTimeSpan };
        OpenAI = ClientPipelineFactory.Create(
            options, Endpoint, Events, new LocalProxyPolicy(), new LocalProxyPipelineTransport(_openAI), logsContent: false, _closing.Token);
        Models = new ModelCatalog(
            apiKeys, options.MaxSessions, apiKey => ModelListReader.DownloadAsync(OpenAI.GetOpenAIModelClient(), apiKey, Map), time);
        Failures = new ExceptionMapper(Map, Models.ExplainAsync);
        Events.UnverifiedLocalProxy();

        Exception Map(Exception exception, ServiceError? error) => LocalProxyErrors.Map(exception, Endpoint, apiKeys.Source, error);
    }

    public Uri Endpoint { get; }

    public PrivatemodeOpenAIClient OpenAI { get; }

    public ClientEvents Events { get; }

    public ModelCatalog Models { get; }

    public ExceptionMapper Failures { get; }

    public DeploymentHealth Health => default;

    public bool IsUnverified => true;

    /// <exception cref="PrivatemodeConfigurationException">A setting is missing or invalid.</exception>
    public static LocalProxyComposition Create(PrivatemodeOptions options)
    {
        PrivatemodeOptions settings = options.Clone();
        return new LocalProxyComposition(settings, OptionsValidator.Validate(settings));
    }

    public async ValueTask<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool async, CancellationToken cancellationToken)
    {
        // The same request message may be sent again and fail. It must not keep the receipt of an earlier answer.
        request.Options.Set(ReceiptExtensions.Option, null);
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, typeof(PrivatemodeClient));
        try
        {
            return async
                ? await _transport.SendAsync(request, cancellationToken).ConfigureAwait(false)
                : _transport.Send(request, cancellationToken);
        }
        catch (PrivatemodeWouldLeakException exception)
        {
            Events.CallRefused(exception);
            throw;
        }
    }

    /// <summary>Requests the model list, which shows whether the proxy can be reached.</summary>
    public Task ConnectAsync(CancellationToken cancellationToken) => Models.ListAsync(cancellationToken);

    public Task<VerifiedDeployment> VerifyAsync(CancellationToken cancellationToken) => Task.FromException<VerifiedDeployment>(
        new PrivatemodeConfigurationException(
            OptionNames.LocalProxy,
            $"This client cannot verify the deployment, because {OptionNames.LocalProxy} is set: the proxy verifies it, and this client only sends to the " +
            "proxy. Remove that option to let this client verify."));

    public void Dispose()
    {
        Events.Close();
        _closing.Cancel();
        _openAI.Dispose();
        _transport.Dispose();
        _images?.Dispose();
        _responses.Dispose();
        _salts.Dispose();
        _http.Dispose();
    }
}

/// <summary>The body of a request in plaintext. The call owns the bytes.</summary>
internal sealed class UnencryptedContent(PooledBytes bytes) : HttpContent
{
    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) => stream.Write(bytes.Span);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(bytes.Memory, cancellationToken).AsTask();
}
