using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Privatemode.AI.Tests.Fakes;

/// <summary>The settings of an application below <c>Privatemode</c>, and what becomes of them.</summary>
internal static class HostSettings
{
    public static ServiceCollection With(params (string Key, string Value)[] settings)
    {
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(setting => new KeyValuePair<string, string?>($"Privatemode:{setting.Key}", setting.Value))).Build());
        return services;
    }

    public static PrivatemodeOptions Resolve(IServiceCollection services)
    {
        using ServiceProvider provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<PrivatemodeOptions>>().Value;
    }

    public static PrivatemodeOptions Options(params (string Key, string Value)[] settings) => Resolve(With(settings).AddPrivatemode());

    public static PrivatemodeConfigurationException Refused(params (string Key, string Value)[] settings) =>
        Assert.Throws<PrivatemodeConfigurationException>(() => Options(settings));
}
