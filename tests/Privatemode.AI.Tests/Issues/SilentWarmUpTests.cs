using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Privatemode.AI.DependencyInjection;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>A warm-up in the background has no caller who gets its exception, so a failure must be in the log.</summary>
public sealed class SilentWarmUpTests : IAsyncLifetime
{
    private const string Key = "0f8fad5b-d9cb-469f-a165-70867728950e";

    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Fact]
    public async Task WarmUp_WrongKey_LogsTheReasonOnceAndWhatHappensNext()
    {
        string line = Assert.Single(await WarningsOfStartAsync(options => options.ApiKey = Key));
        Assert.Contains("(configuration, PrivatemodeConfigurationException)", line, StringComparison.Ordinal);
        Assert.Contains("status 401", line, StringComparison.Ordinal);
        Assert.Contains("The first call tries again", line, StringComparison.Ordinal);
    }

    /// <summary>A <c>WebApplicationFactory</c> stops the services of a host that the application has disposed of already.</summary>
    [Fact]
    public async Task Stop_AfterTheHostWasDisposed_DoesNothing()
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Services.AddPrivatemode(_deployment.ConfigureClient);
        IHost host = builder.Build();
        await host.StartAsync().OrTimeout();
        PrivatemodeStartup startup = host.Services.GetServices<IHostedService>().OfType<PrivatemodeStartup>().Single();
        host.Dispose();

        await startup.StopAsync(CancellationToken.None).OrTimeout();

        Assert.True(startup.WarmUps.IsCompleted);
    }

    [Fact]
    public async Task WarmUp_DeploymentDoesNotProveItself_LogsTheCheck()
    {
        _deployment.Evidence.Defect = EvidenceDefect.WrongNonce;
        string line = Assert.Single(await WarningsOfStartAsync(_ => { }));
        Assert.Contains("PrivatemodeVerificationException", line, StringComparison.Ordinal);
        Assert.Contains("report-data", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUp_ServiceIsAway_LogsThat()
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(503), times: 100);
        Assert.Contains("(unavailable, PrivatemodeServiceException)", Assert.Single(await WarningsOfStartAsync(_ => { })), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUp_AccessorThrows_LogsTheTypeAndNotWhatItSaid()
    {
        string line = Assert.Single(await WarningsOfStartAsync(options => options.ApiKeyAccessor = _ => throw new TimeoutException($"no tenant for {Key}")));
        Assert.Contains("TimeoutException", line, StringComparison.Ordinal);
        Assert.Contains("callback", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUp_AccessorThrowsAnExceptionOfThisLibrary_LogsTheTypeAndNotWhatItSaid()
    {
        PrivatemodeConfigurationException forged = new("ApiKey", $"no tenant for {Key}");
        string line = Assert.Single(await WarningsOfStartAsync(options => options.ApiKeyAccessor = _ => throw forged));
        Assert.Contains("(configuration, PrivatemodeConfigurationException)", line, StringComparison.Ordinal);
        Assert.Contains("callback", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUp_AccessorReturnsAKeyInQuotationMarks_LogsThat() => Assert.Contains(
        "quotation marks", Assert.Single(await WarningsOfStartAsync(options => options.ApiKeyAccessor = _ => new($"'{Key}'"))), StringComparison.Ordinal);

    // Callers bring their keys, and none has called yet.
    [Fact]
    public async Task WarmUp_AccessorHasNoKeyOutsideOfCalls_IsNoFailure() =>
        Assert.Empty(await WarningsOfStartAsync(options => options.ApiKeyAccessor = _ => new((string?)null)));

    [Fact]
    public async Task WarmUp_HostStopsBeforeItsEnd_IsNoFailure()
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.StallBeforeEvent(0));
        Assert.Empty(await WarningsOfStartAsync(_ => { }, waits: false));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WarmUp_HostIsDisposedWithoutStop_LogsNoWarning(bool isUnderWay)
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.StallBeforeEvent(0));
        using LogLines lines = new();
        TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        IHost host = CreateHost(lines, options => options.ApiKeyAccessor = cancellationToken =>
        {
            _ = begun.TrySetResult();
            return new(_deployment.ApiKey);
        });
        await host.StartAsync().OrTimeout();
        Task warmUps = host.Services.GetServices<IHostedService>().OfType<PrivatemodeStartup>().Single().WarmUps;
        await (isUnderWay ? begun.Task : Task.CompletedTask).OrTimeout();
        host.Dispose();
        await warmUps.OrTimeout();
        Assert.DoesNotContain(lines.All, line => line.Level >= LogLevel.Warning && line.Level != LogLevel.None);
    }

    [Fact]
    public async Task HealthCheck_AccessorReturnsAKeyInQuotationMarks_IsNotReportedAsMissing()
    {
        ServiceCollection services = new();
        _ = services.AddLogging().AddPrivatemode(options =>
        {
            _deployment.ConfigureClient(options);
            options.ApiKeyAccessor = _ => new($"'{Key}'");
        });
        _ = services.AddHealthChecks().AddPrivatemodeHealthCheck();
        await using ServiceProvider provider = services.BuildServiceProvider();
        HealthReportEntry entry = (await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync().OrTimeout()).Entries["privatemode"];
        Assert.Equal(HealthStatus.Unhealthy, entry.Status);
        Assert.Contains("quotation marks", entry.Description, StringComparison.Ordinal);
    }

    /// <summary>What a host logs about its warm-up, which has no key in it.</summary>
    private async Task<string[]> WarningsOfStartAsync(Action<PrivatemodeOptions> configure, bool waits = true)
    {
        using LogLines lines = new();
        using IHost host = CreateHost(lines, configure);
        await host.StartAsync().OrTimeout();
        Task warmUps = host.Services.GetServices<IHostedService>().OfType<PrivatemodeStartup>().Single().WarmUps;
        await (waits ? warmUps : Task.CompletedTask).OrTimeout();
        await host.StopAsync().OrTimeout();
        await warmUps.OrTimeout();
        Assert.DoesNotContain(lines.All, line => line.Text.Contains(Key, StringComparison.Ordinal));
        return [.. lines.All.Where(line => line.Level == LogLevel.Warning).Select(line => line.Text)
            .Where(text => text.Contains("warm-up", StringComparison.Ordinal))];
    }

    private IHost CreateHost(LogLines lines, Action<PrivatemodeOptions> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.AddProvider(lines);
        builder.Services.AddPrivatemode(options =>
        {
            _deployment.ConfigureClient(options);
            configure(options);
        });
        return builder.Build();
    }
}
