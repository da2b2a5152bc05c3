using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Pipeline.Transport;

/// <summary>What a message handler of the application's may do with requests on their way to the socket.</summary>
public sealed class BroughtHandlerTests : IAsyncLifetime
{
    private const string ChatPath = "/v1/chat/completions";

    private PrivatemodeTestDeployment _deployment = null!;

    public static TheoryData<string, string, Action<HttpRequestMessage>> Changes => new()
    {
        { "header", "changed-request", request => request.Headers.Add("X-Tenant", "acme") },
        { "baggage", "changed-request", request => request.Headers.Add("baggage", "patient=4711") },
        { "header in place of another", "changed-request", request => Assert.True(
            request.Headers.Remove("Privatemode-Version") && request.Headers.TryAddWithoutValidation("X-Tenant", "acme")) },
        { "header removed", "changed-request", request => Assert.True(request.Headers.Remove("Privatemode-Version")) },
        { "second value", "changed-request", request => request.Headers.Add("Privatemode-Version", "v9") },
        { "other value", "changed-request", request => Assert.True(
            request.Headers.Remove("Privatemode-Version") && request.Headers.TryAddWithoutValidation("Privatemode-Version", "v9")) },
        { "content header", "changed-request", request => request.Content!.Headers.Add("X-Tenant", "acme") },
        { "body", "changed-request", request => request.Content = new StringContent("{}") },
        { "body of the same length and type", "changed-request", request => request.Content = OfTheSameHeaders(request.Content!) },
        { "address", "changed-request", request => request.RequestUri = new Uri("http://127.0.0.1:9/v1/chat/completions") },
        { "method", "changed-request", request => request.Method = HttpMethod.Put },
        { "version", "changed-request", request => request.Version = HttpVersion.Version20 },
        { "version policy", "changed-request", request => request.VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher },
    };

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync();

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Send_HandlerBuffersTheBodyAndSendsItTwice_OnlyOneGenerationRuns(bool async, bool fromFactory)
    {
        await using ServiceProvider provider = Provider(() => new Meddler { Buffers = true, Sends = 2 }, fromFactory);
        PrivatemodeClient client = provider.GetRequiredService<PrivatemodeClient>();
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(() => ChatAsync(client, async));
        Assert.Equal("sent-twice", exception.ErrorType);
        Assert.True(_deployment.Requests.Count <= 1, $"{_deployment.Requests.Count} generations");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_HandlerBuffersTheBody_IsAnswered(bool async)
    {
        await using ServiceProvider provider = Provider(() => new Meddler { Buffers = true }, fromFactory: false);
        await ChatAsync(provider.GetRequiredService<PrivatemodeClient>(), async);
        Assert.Single(_deployment.Requests);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Send_HandlerChangesTheRequest_IsRefusedBeforeTheSocket(string name, string refused, Action<HttpRequestMessage> change)
    {
        foreach (bool fromFactory in (bool[])[false, true])
        {
            await using ServiceProvider provider = Provider(() => new Meddler { Change = change }, fromFactory);
            PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
                () => ChatAsync(provider.GetRequiredService<PrivatemodeClient>(), async: true));
            Assert.Equal((name, refused), (name, exception.ErrorType));
        }

        Assert.Empty(_deployment.Requests);
    }

    // Callers and logs read the headers of answers, and anybody on the way can write them.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Send_AnswerHasHeadersThatAreNotSafeToPrint_TheyAreDropped(bool async)
    {
        await using PrivatemodeClient client = Client(new Meddler { Answer = "\u001b[2K forged", InnerHandler = Sockets() });
        OpenAI.Chat.ChatClient chat = client.OpenAI.GetChatClient("gpt-oss-120b");
        System.ClientModel.ClientResult result = async
            ? await chat.CompleteChatAsync("hi").OrTimeout()
            : await TestTimeouts.OnOwnThread(() => chat.CompleteChat("hi"));
        Assert.False(result.GetRawResponse().Headers.TryGetValue("X-Forged", out _));
        Assert.True(result.GetRawResponse().Headers.TryGetValue("X-Plain", out _));
    }

    [Theory]
    [InlineData(false, "unprepared-request")]
    [InlineData(true, "changed-request")]
    public async Task Send_HandlerSendsARequestOfItsOwn_IsRefusedBeforeTheSocket(bool isCopy, string refused)
    {
        await using ServiceProvider provider = Provider(() => new Meddler { Replaces = true, Copies = isCopy }, fromFactory: false);
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => ChatAsync(provider.GetRequiredService<PrivatemodeClient>(), async: true));
        Assert.Equal(refused, exception.ErrorType);
        Assert.Empty(_deployment.Requests);
    }

    /// <summary>A handler that instruments requests by itself takes baggage and trace context from the ambient activity.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Send_AmbientActivity_IsNotSeenByTheHandler(bool async, bool fromFactory)
    {
        using Activity activity = new Activity("caller").Start();
        Meddler meddler = new();
        await using ServiceProvider provider = Provider(() => meddler, fromFactory);
        await ChatAsync(provider.GetRequiredService<PrivatemodeClient>(), async);
        Assert.Same(activity, Activity.Current);
        Assert.Equal([null], meddler.Ambient);
    }

    [Fact]
    public async Task Create_HandlerThatPropagatesTraceContext_ItsPropagatorIsTurnedOff()
    {
        using SocketsHttpHandler handler = Sockets();
        Assert.NotNull(handler.ActivityHeadersPropagator);
        await using PrivatemodeClient client = Client(handler);
        Assert.Null(handler.ActivityHeadersPropagator);
    }

    [Fact]
    public async Task Create_HandlerSharedByTwoClients_ServesBoth()
    {
        using Meddler handler = new() { InnerHandler = Sockets() };
        foreach (string prompt in (string[])["one", "two"])
        {
            await using PrivatemodeClient client = Client(handler);
            Assert.Equal($"You said: {prompt}", (await client.AsIChatClient("gpt-oss-120b").GetResponseAsync(prompt).OrTimeout()).Text);
        }
    }

    /// <summary>Settings of a handler can be changed until it has sent something.</summary>
    [Theory]
    [InlineData("redirects")]
    [InlineData("cookies")]
    [InlineData("propagator")]
    [InlineData("decompression")]
    [InlineData("credentials")]
    [InlineData("proxy")]
    public async Task Send_HandlerChangedAfterTheClientWasMade_NothingIsSent(string setting)
    {
        using SocketsHttpHandler handler = Sockets();
        await using PrivatemodeClient client = Client(handler);
        Change(handler, setting);
        await AssertNothingIsSentAsync(client);
    }

    [Fact]
    public async Task Send_ChainRebuiltAfterTheClientWasMade_NothingIsSent()
    {
        using PassingHandler handler = new() { InnerHandler = Sockets() };
        await using PrivatemodeClient client = Client(handler);
        handler.InnerHandler = Sockets();
        await AssertNothingIsSentAsync(client);
    }

    private async Task AssertNothingIsSentAsync(PrivatemodeClient client)
    {
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => client.ConnectAsync().OrTimeout());
        Assert.Equal("Transport.HttpMessageHandler", exception.Setting);
        Assert.Empty(_deployment.GetReceivedBytes());
    }

    private static void Change(SocketsHttpHandler handler, string setting) => _ = setting switch
    {
        "redirects" => handler.AllowAutoRedirect = true,
        "cookies" => handler.UseCookies = true,
        "proxy" => handler.UseProxy = true,
        "decompression" => (handler.AutomaticDecompression = DecompressionMethods.GZip) == 0,
        "credentials" => (handler.Credentials = new NetworkCredential("user", "password")) is null,
        _ => (handler.ActivityHeadersPropagator = DistributedContextPropagator.CreateDefaultPropagator()) is null,
    };

    private static ByteArrayContent OfTheSameHeaders(HttpContent content)
    {
        ByteArrayContent other = new(new byte[(int)content.Headers.ContentLength!.Value]);
        foreach ((string name, IEnumerable<string> values) in content.Headers)
        {
            Assert.True(other.Headers.TryAddWithoutValidation(name, values), name);
        }

        return other;
    }

    private static async Task ChatAsync(PrivatemodeClient client, bool async)
    {
        if (async)
        {
            _ = await client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();
        }
        else
        {
            _ = await TestTimeouts.OnOwnThread(() => client.OpenAI.GetChatClient("gpt-oss-120b").CompleteChat("hi"));
        }
    }

    private PrivatemodeClient Client(HttpMessageHandler handler) => _deployment.CreateClient(options =>
        (options.Transport.HttpMessageHandler, options.Transport.InsecureAcceptAnyHandlerOnLoopback) = (handler, true));

    private ServiceProvider Provider(Func<DelegatingHandler> handler, bool fromFactory)
    {
        ServiceCollection services = new();
        services.AddPrivatemode(options =>
        {
            _deployment.ConfigureClient(options);
            options.Transport.InsecureAcceptAnyHandlerOnLoopback = !fromFactory;
            if (!fromFactory)
            {
                DelegatingHandler brought = handler();
                brought.InnerHandler = Sockets();
                options.Transport.HttpMessageHandler = brought;
            }
        });
        if (fromFactory)
        {
            services.AddHttpClient("Privatemode.AI").AddHttpMessageHandler(handler);
        }

        return services.BuildServiceProvider();
    }

    private static SocketsHttpHandler Sockets() => new() { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };

    /// <summary>Does something to calls, and leaves attestation and key exchange alone.</summary>
    private sealed class Meddler : DelegatingHandler
    {
        public bool Buffers { get; init; }

        public bool Replaces { get; init; }

        /// <summary>The request in its place has all that the original had.</summary>
        public bool Copies { get; init; }

        public int Sends { get; init; } = 1;

        public Action<HttpRequestMessage> Change { get; init; } = _ => { };

        /// <summary>What a header of the answer says.</summary>
        public string? Answer { get; init; }

        public List<Activity?> Ambient { get; } = [];

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath != ChatPath)
            {
                return base.Send(request, cancellationToken);
            }

            HttpRequestMessage sent = Prepare(request);
            if (Buffers)
            {
                request.Content!.LoadIntoBufferAsync(cancellationToken).Wait(cancellationToken);
            }

            for (int i = 1; i < Sends; i++)
            {
                base.Send(sent, cancellationToken).Dispose();
            }

            return Finish(base.Send(sent, cancellationToken));
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath != ChatPath)
            {
                return await base.SendAsync(request, cancellationToken);
            }

            HttpRequestMessage sent = Prepare(request);
            if (Buffers)
            {
                await request.Content!.LoadIntoBufferAsync(cancellationToken);
            }

            for (int i = 1; i < Sends; i++)
            {
                (await base.SendAsync(sent, cancellationToken)).Dispose();
            }

            return Finish(await base.SendAsync(sent, cancellationToken));
        }

        private HttpResponseMessage Finish(HttpResponseMessage response)
        {
            if (Answer is not null)
            {
                Assert.True(response.Headers.TryAddWithoutValidation("X-Forged", Answer));
                Assert.True(response.Headers.TryAddWithoutValidation("X-Plain", "plain"));
            }

            return response;
        }

        private HttpRequestMessage Prepare(HttpRequestMessage request)
        {
            Ambient.Add(Activity.Current);
            Change(request);
            return Replaces ? Other(request) : request;
        }

        private HttpRequestMessage Other(HttpRequestMessage request)
        {
            HttpRequestMessage other = new(request.Method, request.RequestUri) { Content = request.Content, Version = request.Version };
            if (Copies)
            {
                foreach ((string name, IEnumerable<string> values) in request.Headers)
                {
                    Assert.True(other.Headers.TryAddWithoutValidation(name, values), name);
                }

                foreach ((string name, object? value) in request.Options)
                {
                    other.Options.Set(new HttpRequestOptionsKey<object?>(name), value);
                }
            }

            return other;
        }
    }
}
