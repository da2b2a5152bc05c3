using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>At the level applications run with, a call that goes well is no news.</summary>
public sealed class ChattyLogTests : IAsyncLifetime
{
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Theory]
    [InlineData(null, false)]
    [InlineData("acme", false)]
    [InlineData(null, true)] // of the factory, for all clients
    public async Task Chat_AtInformation_LogsTheDocumentedEventsAndNothingFromBelow(string? accountKey, bool addsLoggers)
    {
        using LogLines lines = new();
        await using ServiceProvider provider = Provider(lines, accountKey, addsLoggers);
        IChatClient chat = provider.GetRequiredService<IChatClient>();
        _ = await chat.GetResponseAsync("hi").OrTimeout();
        Assert.Equal(["Privatemode.AI"], Heard(lines).Select(line => line.Category).Distinct());

        lines.All.Clear();
        for (int i = 0; i < 3; i++)
        {
            _ = await chat.GetResponseAsync("hi").OrTimeout();
            _ = await chat.GetStreamingResponseAsync("hi").ToListAsync().AsTask().OrTimeout();
            _ = await provider.GetRequiredKeyedService<PrivatemodeClient>(accountKey).Models.RefreshAsync().OrTimeout();
        }

        Assert.Empty(Heard(lines));
    }

    [Fact]
    public async Task Chat_AtDebug_HasTheLinesFromBelow()
    {
        using LogLines lines = new();
        await using ServiceProvider provider = Provider(lines);
        _ = await provider.GetRequiredService<IChatClient>().GetResponseAsync("hi").OrTimeout();
        Assert.Contains(lines.All, line => line.Level == LogLevel.Debug && line.Text.Contains("/v1/chat/completions", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Chat_ServiceFails_IsStillLoggedAsAWarningFromBelow()
    {
        using LogLines lines = new();
        await using ServiceProvider provider = Provider(lines);
        _deployment.Faults.Inject(Fault.UnencryptedError(503));
        _ = await provider.GetRequiredService<IChatClient>().GetResponseAsync("hi").OrTimeout();
        Assert.Contains(lines.All, line => line.Level == LogLevel.Warning && line.Text.Contains("503", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FactorysLoggers_AddedToTheClientByName_AreThere()
    {
        using LogLines lines = new();
        await using ServiceProvider provider = Provider(lines, configure: services => services.AddHttpClient("Privatemode.AI").AddDefaultLogger());
        _ = await provider.GetRequiredService<IChatClient>().GetResponseAsync("hi").OrTimeout();
        Assert.Contains(Heard(lines), line => line.Category.StartsWith("System.Net.Http", StringComparison.Ordinal));
    }

    private static IEnumerable<(string Category, LogLevel Level, string Text)> Heard(LogLines lines) =>
        lines.All.Where(line => line.Level is >= LogLevel.Information and < LogLevel.None);

    private ServiceProvider Provider(
        LogLines lines, string? accountKey = null, bool addsLoggers = false, Action<IServiceCollection>? configure = null)
    {
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(lines));
        if (addsLoggers)
        {
            services.ConfigureHttpClientDefaults(all => all.AddDefaultLogger());
        }

        _ = accountKey is null ? services.AddPrivatemode(_deployment.ConfigureClient) : services.AddKeyedPrivatemode(accountKey, _deployment.ConfigureClient);
        configure?.Invoke(services);
        _ = services.AddPrivatemodeChatClient("gpt-oss-120b", account: RegisteredAccounts.Of(accountKey));
        return services.BuildServiceProvider();
    }
}
