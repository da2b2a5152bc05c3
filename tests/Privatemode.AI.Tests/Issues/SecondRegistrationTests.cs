using System.ClientModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using static Privatemode.AI.Tests.Fakes.HostSettings;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Two registrations of one account add up; when they disagree about whose account it is, no order decides silently.</summary>
public sealed class SecondRegistrationTests
{
    /// <summary>What the second call sets, and the setting that is named.</summary>
    public static TheoryData<string, Action<PrivatemodeOptions>> Contrary => new()
    {
        { "ApiKey", options => options.ApiKey = "key-of-globex" },
        { "ApiKey", options => options.Credential = new ApiKeyCredential("key-of-globex") },
        { "ApiKey", options => options.ApiKeyAccessor = _ => new("key-of-globex") },
        { "Endpoint", options => options.Endpoint = new Uri("https://eu.example.com") },
    };

    [Theory]
    [MemberData(nameof(Contrary))]
    public void Add_TwiceWithAnotherAccount_IsRefusedNamingBothCalls(string setting, Action<PrivatemodeOptions> second)
    {
        IServiceCollection services = With().AddPrivatemode(SetFirst).AddPrivatemode(options => options.MaxSessions = 3).AddPrivatemode(second);
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => Resolve(services));
        Assert.Equal($"Privatemode:{setting}", exception.Setting);
        Assert.Contains("calls 1 and 3", exception.Message, StringComparison.Ordinal);
        Assert.Contains("PostConfigure<PrivatemodeOptions>", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("globex", exception.ToString(), StringComparison.Ordinal);

        using ServiceProvider keyed = With().AddKeyedPrivatemode("a", SetFirst).AddKeyedPrivatemode("a", second).BuildServiceProvider();
        exception = Assert.Throws<PrivatemodeConfigurationException>(() => keyed.GetRequiredKeyedService<PrivatemodeClient>("a"));
        Assert.Equal($"Privatemode:Accounts:a:{setting}", exception.Setting);
        Assert.Contains("AddKeyedPrivatemode(\"a\")", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_TwiceInAgreement_AddsUp()
    {
        PrivatemodeOptions options = Resolve(With(("ApiKey", "configured"), ("MaxSessions", "7"))
            .AddPrivatemode(SetFirst).AddPrivatemode(SetFirst)
            .AddPrivatemode(options => options.MaxSessions = 3).AddPrivatemode(options => options.Transport.ResponseTimeout = TimeSpan.FromMinutes(1)));
        Assert.Equal(("key-of-acme", 3, TimeSpan.FromMinutes(1)), (options.ApiKey, options.MaxSessions, options.Transport.ResponseTimeout));
    }

    [Fact]
    public void PostConfigure_AfterTheRegistration_ReplacesOnPurpose()
    {
        IServiceCollection services = With().AddPrivatemode(SetFirst);
        services.PostConfigure<PrivatemodeOptions>(options => options.ApiKey = "key-of-the-test");
        Assert.Equal("key-of-the-test", Resolve(services).ApiKey);
    }

    [Theory]
    [InlineData("ApiKey", "one", "another")]
    [InlineData("MaxSessions", "7", "8")]
    [InlineData("Verification:Manifest:LogDirectory", "/var/a", "/var/b")]
    public void Sections_ThatContradictEachOther_AreRefusedNamingBoth(string setting, string one, string another)
    {
        IConfigurationRoot other = new ConfigurationBuilder().AddInMemoryCollection([new($"AI:Mine:{setting}", another)]).Build();
        IServiceCollection services = With(setting == "ApiKey" ? [(setting, one)] : [("ApiKey", "key"), (setting, one)])
            .AddPrivatemode().AddPrivatemode(other.GetSection("AI:Mine"));
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => Resolve(services));
        string name = string.Join(':', setting.Split(':').Take(2));
        Assert.Equal($"AI:Mine:{name}", exception.Setting);
        Assert.Contains($"Privatemode:{name} has a different value", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(another, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_InAgreement_AddUp()
    {
        IConfigurationRoot other = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Mine:apikey", "key"), new("Mine:MaxSessions", "8"), new("Last:transport:IdleTimeout", "00:00:10")]).Build();
        IServiceCollection services = With(("ApiKey", "key"), ("Transport:ResponseTimeout", "00:01:00"), ("Accounts:a:MaxSessions", "9"))
            .AddPrivatemode().AddPrivatemode(other.GetSection("Mine")).AddPrivatemode(other.GetSection("Last")).AddPrivatemode(other.GetSection("Mine"));
        PrivatemodeOptions options = Resolve(services);
        Assert.Equal(
            ("key", 8, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10)),
            (options.ApiKey, options.MaxSessions, options.Transport.ResponseTimeout, options.Transport.IdleTimeout));
    }

    /// <summary>The path is the same, the configuration is not: what the second one says may be what protects the application.</summary>
    [Fact]
    public void Sections_OfOnePathInTwoConfigurations_AddUp()
    {
        IConfigurationRoot other = new ConfigurationBuilder()
            .AddInMemoryCollection(
            [
                new("Privatemode:Verification:Manifest:Mode", "Pinned"), new("Privatemode:Verification:Manifest:Sha256", new string('a', 64)),
            ]).Build();
        IServiceCollection services = With(("ApiKey", "key"), ("MaxSessions", "7")).AddPrivatemode().AddPrivatemode(other.GetSection("Privatemode"));
        PrivatemodeOptions options = Resolve(services);
        Assert.Equal(("key", 7), (options.ApiKey, options.MaxSessions));
        _ = Assert.IsType<ManifestPolicy.PinnedManifest>(options.Verification.Manifest);
    }

    private static void SetFirst(PrivatemodeOptions options) =>
        (options.ApiKey, options.Endpoint) = ("key-of-acme", new Uri("https://de.example.com"));
}
