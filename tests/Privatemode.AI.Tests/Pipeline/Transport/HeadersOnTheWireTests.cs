using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Architecture;
using Privatemode.AI.Tests.Diagnostics;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Transport;

/// <summary>With the instrumentation most applications have, and whoever brings the handler: the header names at the socket are those that SECURITY.md
/// lists.</summary>
[Collection(ListenersAlone.Name)]
public sealed partial class HeadersOnTheWireTests : IAsyncLifetime
{
    private const string Sentinel = "patient-4711";
    private const string Model = "gpt-oss-120b";

    private static readonly string[] Paths =
    [
        "AMD", "Intel", "/privatemode/v2/manifest.json", "/privatemode/v1/attest", "/privatemode/v1/secret", "/v1/models", "/v1/chat/completions",
        "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/audio/transcriptions", "/unstructured/general/v0/general",
    ];

    private static readonly (string Path, string Body)[] Bodies =
    [
        ("/v1/completions", """{"model":"gpt-oss-120b","prompt":"hi"}"""),
        ("/v1/embeddings", """{"model":"qwen3-embedding-4b","input":["hi"]}"""),
        ("/v1/messages", """{"model":"gpt-oss-120b","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"""),
        ("/v1/messages", """{"model":"gpt-oss-120b","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"""),
    ];

    private readonly TracerProvider _tracing = Sdk.CreateTracerProviderBuilder()
        .SetSampler(new AlwaysOnSampler()).AddSource("*").AddHttpClientInstrumentation().Build();

    private PrivatemodeTestDeployment _deployment = null!;
    private WireTap _tap = null!;

    public static TheoryData<string> Ways =>
    [
        "none", "SocketsHttpHandler", "chain of handlers", "AddPrivatemode", "AddHttpMessageHandler", "primary SocketsHttpHandler", "primary chain",
        "filter of all clients",
    ];

    public async Task InitializeAsync()
    {
        _deployment = await PrivatemodeTestDeployment.StartAsync();
        _tap = new WireTap(_deployment.Endpoint);
    }

    public async Task DisposeAsync()
    {
        await _tap.DisposeAsync();
        await _deployment.DisposeAsync();
        _tracing.Dispose();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Headers_HandlerBrought_AreTheDocumentedOnes(string way)
    {
        using Activity activity = StartActivity();
        _deployment.Evidence.IncludeCertificates = false;
        await using (ServiceProvider provider = Host(way))
        {
            await CallEverythingAsync(provider.GetRequiredService<PrivatemodeClient>());
        }

        _deployment.Evidence.Kind = EvidenceKind.Tdx;
        await using (ServiceProvider provider = Host(way))
        {
            await provider.GetRequiredService<PrivatemodeClient>().ConnectAsync().OrTimeout();
        }

        AssertDocumented(_tap.Requests);
    }

    [Fact]
    public async Task Headers_PromptCacheIsShared_ShardKeyIsTheOnlyOneMore()
    {
        PrivatemodeOptions options = new();
        Configure(options);
        options.PromptCache.Scope = PromptCacheScope.PerClient;
        await using PrivatemodeClient client = new(options);
        _ = await client.AsIChatClient(Model).GetResponseAsync("hi").OrTimeout();
        TappedRequest chat = Assert.Single(_tap.Requests, request => request.Path == "/v1/chat/completions");
        Assert.Equal([.. Documented(chat.Path).Split(", ").Append("Privatemode-Shard-Key").Order(StringComparer.Ordinal)], Names(chat));
    }

    /// <summary>Without this, the tests above could pass because nothing is instrumented.</summary>
    [Fact]
    public async Task Headers_OfAnOrdinaryHttpClient_HoldTraceContextAndBaggage()
    {
        using Activity activity = StartActivity();
        using HttpClient http = new();
        using HttpResponseMessage response = await http.GetAsync(new Uri(_tap.Address, "/v1/models")).OrTimeout();
        Assert.Subset(Names(Assert.Single(_tap.Requests)).ToHashSet(), new HashSet<string>(["baggage", "traceparent", "tracestate"]));
    }

    private static Activity StartActivity()
    {
        Activity activity = new("caller");
        activity.SetIdFormat(ActivityIdFormat.W3C);
        activity.AddBaggage("patient", Sentinel);
        activity.TraceStateString = $"patient={Sentinel}";
        activity.Start();
        Baggage.SetBaggage("patient", Sentinel);
        return activity;
    }

    private static void AssertDocumented(IReadOnlyList<TappedRequest> requests)
    {
        Assert.All(requests, request => Assert.Equal(Documented(request.Path), string.Join(", ", Names(request))));
        Assert.DoesNotContain(requests.SelectMany(request => request.Headers), header => header.Value.Contains(Sentinel, StringComparison.Ordinal));
        Dictionary<string, int> byPath = requests.CountBy(request => Kind(request.Path)).ToDictionary();
        Assert.Equal(Paths.Order(), byPath.Keys.Order());
        Assert.Equal((3, 2, 2), (byPath["/v1/chat/completions"], byPath["/v1/messages"], byPath["/v1/audio/transcriptions"]));
    }

    /// <summary>Collateral has many paths, which are all one kind here.</summary>
    private static string Kind(string path) =>
        path.StartsWith("/vcek/", StringComparison.Ordinal) ? "AMD"
        : IntelPath().IsMatch(path) ? "Intel"
        : path.Split('?')[0];

    private static List<string> Names(TappedRequest request) => [.. request.Headers.Select(header => header.Name).Order(StringComparer.Ordinal)];

    /// <summary>The header names in the row of SECURITY.md for this path.</summary>
    private static string Documented(string path)
    {
        string row = File.ReadLines(Path.Combine(RepositoryFiles.Root, "SECURITY.md"))
            .Single(line => line.StartsWith('|') && line.Contains("`Host`", StringComparison.Ordinal) // the other table is of members
                && line.Contains(Kind(path) is "AMD" or "Intel" ? "AMD or Intel" : $"{Kind(path)}`", StringComparison.Ordinal));
        return string.Join(", ", Code().Matches(row.Split('|')[2]).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    private static async Task CallEverythingAsync(PrivatemodeClient client)
    {
        IChatClient chat = client.AsIChatClient(Model);
        _ = await chat.GetResponseAsync("hi").OrTimeout();
        _ = await chat.GetStreamingResponseAsync("hi").ToChatResponseAsync().OrTimeout();
        _ = await TestTimeouts.OnOwnThread(() => client.OpenAI.GetChatClient(Model).CompleteChat("hi"));
        _ = await client.Models.ListAsync().OrTimeout();
        using HttpClient http = new(client.CreateHandler()) { BaseAddress = client.Endpoint };
        foreach ((string path, string body) in Bodies)
        {
            using StringContent content = new(body, Encoding.UTF8, "application/json");
            await ReadAsync(http, path, content);
        }

        foreach ((string path, string? stream) in ((string, string?)[])
            [("/v1/audio/transcriptions", "false"), ("/v1/audio/transcriptions", "true"), ("/unstructured/general/v0/general", null)])
        {
            using MultipartFormDataContent form = [];
            if (stream is not null)
            {
                form.Add(new StringContent("whisper-large-v3"), "model");
                form.Add(new StringContent(stream), "stream");
            }

            form.Add(new ByteArrayContent([1, 2, 3]), stream is null ? "files" : "file", "file");
            await ReadAsync(http, path, form);
        }
    }

    private static async Task ReadAsync(HttpClient http, string path, HttpContent content)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = content };
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).OrTimeout();
        Assert.True(response.IsSuccessStatusCode, path);
        Assert.NotEmpty(await response.Content.ReadAsStringAsync().OrTimeout());
    }

    private ServiceProvider Host(string way)
    {
        ServiceCollection services = new();
        services.AddPrivatemode(options =>
        {
            Configure(options);
            options.Transport.InsecureAcceptAnyHandlerOnLoopback = way is not ("none" or "AddPrivatemode" or "AddHttpMessageHandler");
            options.Transport.HttpMessageHandler = way switch
            {
                "SocketsHttpHandler" => Sockets(),
                "chain of handlers" => Chain(),
                _ => null,
            };
        });
        IHttpClientBuilder http = services.AddHttpClient("Privatemode.AI");
        _ = way switch
        {
            "none" => services.AddSingleton<PrivatemodeClient>(_ => NewClient()),
            "AddHttpMessageHandler" => http.AddHttpMessageHandler(() => new PassingHandler()).Services,
            "primary SocketsHttpHandler" => http.ConfigurePrimaryHttpMessageHandler(Sockets).Services,
            "primary chain" => http.ConfigurePrimaryHttpMessageHandler(Chain).Services,
            "filter of all clients" => services.AddSingleton<IHttpMessageHandlerBuilderFilter>(
                new ReplacingFilter(handlers => handlers.PrimaryHandler = Sockets())),
            _ => services,
        };
        return services.BuildServiceProvider();
    }

    private PrivatemodeClient NewClient()
    {
        PrivatemodeOptions options = new();
        Configure(options);
        return new PrivatemodeClient(options);
    }

    /// <summary>Everything goes through the tap, the manifest and the collateral too.</summary>
    private void Configure(PrivatemodeOptions options)
    {
        _deployment.ConfigureClient(options);
        options.Endpoint = _tap.Address;
        options.Verification.InsecureLoopbackTrust = new InsecureLoopbackTrust
        {
            AmdRootKeySha256 = _deployment.InsecureLoopbackTrust.AmdRootKeySha256,
            IntelRootKeySha256 = _deployment.InsecureLoopbackTrust.IntelRootKeySha256,
            CollateralEndpoint = _tap.Address,
            ManifestEndpoint = new Uri(_tap.Address, _deployment.InsecureLoopbackTrust.ManifestEndpoint.AbsolutePath),
        };
    }

    // As an application would make one: its propagator is that of the process.
    private static SocketsHttpHandler Sockets() => new() { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };

    private static PassingHandler Chain() => new() { InnerHandler = new PassingHandler { InnerHandler = Sockets() } };

    [GeneratedRegex("^/(sgx/|tdx/|IntelSGXRootCA)")]
    private static partial Regex IntelPath();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
