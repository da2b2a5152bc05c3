using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenAI;
using Privatemode.AI.DependencyInjection;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>What a host does when it starts.</summary>
public sealed class HostTests : IAsyncLifetime
{
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Fact]
    public async Task Start_SettingsAreWrong_HostDoesNotStart()
    {
        using IHost host = NewHost(_ => { }, new() { ["Privatemode:Verification:Manifest:Mode"] = "Newest", ["Privatemode:ApiKey"] = "key" });
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => host.StartAsync());
        Assert.Equal("Privatemode:Verification:Manifest:Mode", exception.Setting);
    }

    [Fact]
    public async Task Start_AnotherOpenAIClientCameLater_HostDoesNotStart()
    {
        using IHost host = NewHost(services => services.AddPrivatemode(_deployment.ConfigureClient).AddSingleton(new OpenAIClient("another vendor's")));
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => host.StartAsync());
        Assert.Equal("OpenAIClient", exception.Setting);
        Assert.Empty(_deployment.AllRequests);
    }

    [Fact]
    public async Task Start_AnotherOpenAIClientUnderTheKeyCameLater_HostDoesNotStart()
    {
        using IHost host = NewHost(services =>
            services.AddKeyedPrivatemode("a", _deployment.ConfigureClient).AddKeyedSingleton("a", new OpenAIClient("another vendor's")));
        Assert.Equal("OpenAIClient", (await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => host.StartAsync())).Setting);
    }

    [Fact]
    public async Task Start_AnotherOpenAIClientAndAServiceBeforeUsThatUsesIt_ServiceDoesNotStart()
    {
        Indexer indexer = new();
        using IHost host = NewHost(services => services.AddSingleton<IHostedService>(indexer)
            .AddPrivatemode(_deployment.ConfigureClient).AddSingleton(new OpenAIClient("another vendor's")));
        Assert.Equal("OpenAIClient", (await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => host.StartAsync())).Setting);
        Assert.False(indexer.IsStarted);
    }

    [Fact]
    public async Task Start_CalledDirectly_StillRefusesAnotherOpenAIClient()
    {
        using IHost host = NewHost(services => services.AddPrivatemode(_deployment.ConfigureClient).AddSingleton(new OpenAIClient("another vendor's")));
        await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => Startup(host).StartAsync(default));
    }

    [Fact]
    public async Task Start_Background_FirstCallFindsASecret()
    {
        using IHost host = NewHost(services => services.AddPrivatemode(_deployment.ConfigureClient));
        await host.StartAsync().OrTimeout();
        await Startup(host).WarmUps.OrTimeout();
        Assert.Equal(1, _deployment.KeyExchangeCount);
        _ = await host.Services.GetRequiredService<PrivatemodeClient>().AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout();
        Assert.Equal(1, _deployment.KeyExchangeCount);
        await host.StopAsync().OrTimeout();
    }

    [Fact]
    public async Task Start_BackgroundFails_HostRunsAndTheFirstCallIsTold()
    {
        _deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        using IHost host = NewHost(services => services.AddPrivatemode(_deployment.ConfigureClient));
        await host.StartAsync().OrTimeout();
        await Startup(host).WarmUps.OrTimeout();
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(
            () => host.Services.GetRequiredService<PrivatemodeClient>().AsIChatClient("gpt-oss-120b").GetResponseAsync("hi").OrTimeout());
        await host.StopAsync().OrTimeout();
    }

    [Fact]
    public async Task Start_RequiredFails_HostDoesNotStart()
    {
        _deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        using IHost host = NewHost(services => services.AddPrivatemode(Warm(WarmUpMode.Required)));
        await Assert.ThrowsAsync<PrivatemodeVerificationException>(() => host.StartAsync().OrTimeout());
    }

    [Fact]
    public async Task Start_Required_IsWarmOnceTheHostRuns()
    {
        using IHost host = NewHost(services => services.AddPrivatemode(Warm(WarmUpMode.Required)));
        await host.StartAsync().OrTimeout();
        Assert.Equal(1, _deployment.KeyExchangeCount);
    }

    [Fact]
    public async Task Start_None_SendsNothing()
    {
        using IHost host = NewHost(services => services.AddPrivatemode(Warm(WarmUpMode.Disabled)));
        await host.StartAsync().OrTimeout();
        await host.StopAsync().OrTimeout();
        Assert.Empty(_deployment.AllRequests);
    }

    [Fact]
    public async Task Stop_WhileTheDeploymentHangs_DoesNotWaitForIt()
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.Delay(TimeSpan.FromMinutes(10)));
        using IHost host = NewHost(services => services.AddPrivatemode(_deployment.ConfigureClient));
        await host.StartAsync().OrTimeout();
        await host.StopAsync().OrTimeout();
    }

    /// <summary>Would use the OpenAI client when it starts.</summary>
    private sealed class Indexer : IHostedService
    {
        public bool IsStarted { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            IsStarted = true;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static PrivatemodeStartup Startup(IHost host) => host.Services.GetServices<IHostedService>().OfType<PrivatemodeStartup>().Single();

    private Action<PrivatemodeOptions> Warm(WarmUpMode warmUp) => options =>
    {
        _deployment.ConfigureClient(options);
        options.WarmUp = warmUp;
    };

    private static IHost NewHost(Action<IServiceCollection> configure, Dictionary<string, string?>? settings = null)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        configure(builder.Services);
        if (settings is not null)
        {
            builder.Services.AddPrivatemode();
        }

        return builder.Build();
    }
}
