using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Whoever forgets to name the account must learn which there are, not that there is "no service for type".</summary>
public sealed class ForgottenAccountTests
{
    [Theory]
    [InlineData("client")]
    [InlineData("chat")]
    [InlineData("embeddings")]
    [InlineData("speech")]
    [InlineData("handler")]
    [InlineData("health")]
    public async Task Resolve_WithoutAKeyWhenAllAccountsHaveOne_NamesThem(string what)
    {
        IServiceCollection services = Services(what).AddKeyedPrivatemode("acme", SetKey).AddKeyedPrivatemode("globex", SetKey);
        PrivatemodeConfigurationException exception = await RefusedAsync(services, what);
        Assert.Contains("The Privatemode account without a service key is not registered.", exception.Message, StringComparison.Ordinal);
        Assert.Contains("RegisteredAccount.Keyed(\"acme\"), RegisteredAccount.Keyed(\"globex\")", exception.Message, StringComparison.Ordinal);
        Assert.Contains("[FromKeyedServices]", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("embeddings")]
    [InlineData("speech")]
    [InlineData("handler")]
    [InlineData("health")]
    public async Task Resolve_UnderAKeyThatNoAccountHas_NamesThoseThereAre(string what)
    {
        IServiceCollection services = Services(what, "acne").AddPrivatemode(SetKey).AddKeyedPrivatemode("acme", SetKey);
        PrivatemodeConfigurationException exception = await RefusedAsync(services, what);
        Assert.Contains("The Privatemode account 'acne' is not registered.", exception.Message, StringComparison.Ordinal);
        Assert.Contains("RegisteredAccount.Default, RegisteredAccount.Keyed(\"acme\")", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("handler")]
    [InlineData("health")]
    public async Task Resolve_WithoutAnyAccount_SaysWhatToCall(string what) => Assert.Contains(
        "Call AddPrivatemode(); no account is registered.", (await RefusedAsync(Services(what), what)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Resolve_AccountWithoutAKeyBesideOthers_IsFoundInEitherOrder(bool first)
    {
        ServiceCollection services = new();
        _ = first ? services.AddPrivatemode(SetKey).AddKeyedPrivatemode("acme", SetKey) : services.AddKeyedPrivatemode("acme", SetKey).AddPrivatemode(SetKey);
        await using ServiceProvider provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        Assert.Same(provider.GetRequiredService<PrivatemodeClient>(), Assert.Single(provider.GetServices<PrivatemodeClient>()));
        Assert.NotSame(provider.GetRequiredService<PrivatemodeClient>(), provider.GetRequiredKeyedService<PrivatemodeClient>("acme"));
    }

    [Fact]
    public async Task Resolve_ClientOfTheApplicationsOwnBesideAnAccount_IsFound()
    {
        await using PrivatemodeClient own = new("key");
        IServiceCollection services = new ServiceCollection().AddSingleton(own).AddKeyedPrivatemode("acme", SetKey);
        _ = services.AddPrivatemodeChatClient("m");
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Same(own, provider.GetRequiredService<PrivatemodeClient>());
        Assert.NotNull(provider.GetRequiredService<IChatClient>());
    }

    private static void SetKey(PrivatemodeOptions options) => options.ApiKey = "key";

    private static ServiceCollection Services(string what, string? accountKey = null)
    {
        RegisteredAccount? account = RegisteredAccounts.Of(accountKey);
        ServiceCollection services = new();
        _ = services.AddLogging();
        object added = what switch
        {
            "chat" => services.AddPrivatemodeChatClient("m", account: account),
            "embeddings" => services.AddPrivatemodeEmbeddingGenerator("m", account: account),
            "speech" => services.AddPrivatemodeSpeechToTextClient("m", account: account),
            "handler" => services.AddHttpClient("other").UsePrivatemodeHandler(account).Services,
            "health" => services.AddHealthChecks().AddPrivatemodeHealthCheck(account: account).Services,
            _ => services,
        };
        Assert.NotNull(added);
        return services;
    }

    private static async Task<PrivatemodeConfigurationException> RefusedAsync(IServiceCollection services, string what)
    {
        await using ServiceProvider provider = services.BuildServiceProvider();
        return await Assert.ThrowsAsync<PrivatemodeConfigurationException>(async () => _ = what switch
        {
            "client" => (object)provider.GetRequiredService<PrivatemodeClient>(),
            "chat" => provider.GetRequiredService<IChatClient>(),
            "embeddings" => provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>(),
            "speech" => provider.GetRequiredService<ISpeechToTextClient>(),
            "handler" => provider.GetRequiredService<IHttpClientFactory>().CreateClient("other"),
            _ => await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(),
        });
    }
}
