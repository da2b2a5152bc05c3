using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>The API key of the process. Alone, because the environment is everybody's.</summary>
[Collection(EnvironmentAlone.Name)]
public sealed class EnvironmentKeyTests : IDisposable
{
    public EnvironmentKeyTests() => Environment.SetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable, "from-the-environment");

    public void Dispose() => Environment.SetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable, null);

    [Fact]
    public void Environment_NothingElseSet_HasTheKey()
    {
        using ServiceProvider provider = new ServiceCollection().AddPrivatemode().BuildServiceProvider();
        Assert.NotNull(provider.GetRequiredService<PrivatemodeClient>());
        using PrivatemodeClient client = new();
        Assert.NotNull(client.OpenAI);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Environment_ConfigurationOrCodeHasOne_IsNotUsed(bool isInCode)
    {
        // A key with a space is refused by name; so this shows which of them is looked at.
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(isInCode ? [] : [new("Privatemode:ApiKey", "two words")]).Build());
        services.AddPrivatemode(options => options.ApiKey = isInCode ? "two words" : options.ApiKey);
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(
            "Privatemode:ApiKey", Assert.Throws<PrivatemodeConfigurationException>(provider.GetRequiredService<PrivatemodeClient>).Setting);
    }

    [Fact]
    public void Environment_KeyOfAnAccountWithAKey_IsNotTakenFromIt()
    {
        using ServiceProvider provider = new ServiceCollection().AddKeyedPrivatemode("a").BuildServiceProvider();
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(
            () => provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().Get("a"));
        Assert.Equal("Privatemode:Accounts:a:ApiKey", exception.Setting);
        Assert.DoesNotContain("from-the-environment", exception.ToString(), StringComparison.Ordinal);
    }
}
