using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.DependencyInjection;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Who meets a key that the service does not take must learn the status, which of the keys it is, and where to get another.</summary>
[Collection(EnvironmentAlone.Name)]
public sealed class WrongKeyTests : IAsyncLifetime
{
    private const string Key = "0f8fad5b-d9cb-469f-a165-70867728950e";
    private const string Portal = "https://portal.privatemode.ai";

    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync() => _deployment = await PrivatemodeTestDeployment.StartAsync(new() { TimeProvider = new ImmediateTimeProvider() });

    public async Task DisposeAsync()
    {
        Environment.SetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable, null);
        await _deployment.DisposeAsync();
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("verify")]
    [InlineData("chat")]
    [InlineData("models")]
    public async Task Account_WithAWrongKey_IsToldStatusAccountAndPortal(string what)
    {
        await using ServiceProvider provider = new ServiceCollection()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder()
                .AddInMemoryCollection([new("Privatemode:Accounts:acme:ApiKey", Key)]).Build())
            .AddKeyedPrivatemode("acme", options =>
            {
                string? key = options.ApiKey;
                _deployment.ConfigureClient(options);
                options.ApiKey = key;
            })
            .BuildServiceProvider();
        PrivatemodeConfigurationException exception = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(
            () => CallAsync(provider.GetRequiredKeyedService<PrivatemodeClient>("acme"), what));
        AssertReported(exception, "status 401", "of the account 'acme' (Privatemode:Accounts:acme:ApiKey or PrivatemodeOptions.ApiKey)");
        Assert.Equal("ApiKey", exception.Setting);
    }

    [Theory]
    [InlineData("constructor", "(PrivatemodeOptions.ApiKey)")]
    [InlineData("accessor", "(returned by ApiKeyAccessor)")]
    [InlineData("credential", "(PrivatemodeOptions.Credential)")]
    [InlineData("environment", "(environment variable PRIVATEMODE_API_KEY)")]
    public async Task Client_WithAWrongKey_IsToldWhereItCameFrom(string where, string source)
    {
        await using PrivatemodeClient client = _deployment.CreateClient(options =>
        {
            options.ApiKey = where == "constructor" ? Key : null;
            options.ApiKeyAccessor = where == "accessor" ? _ => new(Key) : null;
            options.Credential = where == "credential" ? new(Key) : null;
            Environment.SetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable, where == "environment" ? Key : null);
        });
        AssertReported(await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => client.ConnectAsync().OrTimeout()), "status 401", source);
    }

    // The key was withdrawn after the session was made, so that the call itself meets it.
    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task Call_UnderAKeyThatCountsNoLonger_IsToldStatusAccountAndPortal(int status)
    {
        await using PrivatemodeClient client = _deployment.CreateClient();
        await client.ConnectAsync().OrTimeout();
        _deployment.Faults.Inject(Fault.UnencryptedError(status));
        _deployment.Faults.InjectIntoModelList(Fault.UnencryptedError(status));
        foreach (string what in (string[])["chat", "models"])
        {
            PrivatemodeException exception = await Assert.ThrowsAnyAsync<PrivatemodeException>(() => CallAsync(client, what));
            Assert.Equal(status == 401, exception is PrivatemodeConfigurationException);
            AssertReported(exception, $"status {status}", "(PrivatemodeOptions.ApiKey)");
        }
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task Verification_UnderAKeyThatIsNotAllowed_IsToldStatusAccountAndPortal(int status)
    {
        _deployment.Faults.InjectIntoEvidence(EvidenceSource.Attestation, Fault.UnencryptedError(status));
        await using PrivatemodeClient client = _deployment.CreateClient();
        AssertReported(
            await Assert.ThrowsAnyAsync<PrivatemodeException>(() => client.VerifyAsync().OrTimeout()), $"status {status}", "(PrivatemodeOptions.ApiKey)");
    }

    private static Task CallAsync(PrivatemodeClient client, string what) => (what switch
    {
        "connect" => client.ConnectAsync(),
        "verify" => client.VerifyAsync(),
        "models" => client.Models.RefreshAsync(),
        _ => client.AsIChatClient("gpt-oss-120b").GetResponseAsync("hi"),
    }).OrTimeout();

    private void AssertReported(PrivatemodeException exception, string status, string source)
    {
        Assert.Contains(status, exception.Message, StringComparison.Ordinal);
        Assert.Contains(source, exception.Message, StringComparison.Ordinal);
        Assert.Contains(Portal, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(_deployment.ApiKey, exception.ToString(), StringComparison.Ordinal);
    }
}
