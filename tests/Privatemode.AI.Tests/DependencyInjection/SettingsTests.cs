using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using static Privatemode.AI.Tests.Fakes.HostSettings;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>Settings from configuration, code and environment: which wins, and what an error says.</summary>
public sealed class SettingsTests
{
    private static readonly string Digest = new('a', 64);

    [Fact]
    public void Options_EverySetting_IsBound()
    {
        PrivatemodeOptions options = Options(
            ("ApiKey", "key"), ("Endpoint", "https://example.com"), ("Manifest:Mode", "pinned"), ("Manifest:Sha256:0", Digest),
            ("Hardware:Tees", "SEV-SNP"), ("Hardware:AmdProducts", "Genoa, Milan"), ("Hardware:AmdChipIds:0", new string('b', 128)),
            ("Hardware:DangerousAcceptOutdatedTdxPlatform", "true"), ("EvidenceLifetime", "01:00:00"),
            ("Hardware:RequireUpToDateUnderNewestTcbInfo", "true"), ("Hardware:SuppliedRevocationListMaxAge", "7.00:00:00"),
            ("AcceptAnyUnnamedWorkloadAsSecretService", "true"),
            ("CollateralDirectory", "/tmp/collateral"), ("CollateralProxy", "https://proxy.example.com"),
            ("GpuRevocation:Mode", "AcceptUnknownOrRecentlyRevoked"), ("GpuRevocation:RevokedGrace", "2.00:00:00"), ("PromptCache:Scope", "PerClient"),
            ("RemoteMedia", "FetchHereAndInline"), ("MaxFetchedImages", "5"),
            ("ResponseTimeout", "00:01:00"), ("IdleTimeout", "00:00:10"), ("MaxSessions", "7"),
            ("WarmUp", "none"), ("LogSealedContent", "true"));
        Assert.Equal("key", options.ApiKey);
        Assert.Equal(new Uri("https://example.com"), options.Endpoint);
        Assert.Equal([Digest], Assert.IsType<ManifestPolicy.PinnedManifest>(options.Manifest).Digests);
        Assert.Equal(["SEV-SNP"], options.Hardware.Tees!);
        Assert.Equal(["Genoa", "Milan"], options.Hardware.AmdProducts!);
        Assert.Equal([new string('b', 128)], options.Hardware.AmdChipIds!);
        Assert.True(options.Hardware.DangerousAcceptOutdatedTdxPlatform);
        Assert.True(options.Hardware.RequireUpToDateUnderNewestTcbInfo);
        Assert.Equal(TimeSpan.FromDays(7), options.Hardware.SuppliedRevocationListMaxAge);
        Assert.True(options.AcceptAnyUnnamedWorkloadAsSecretService);
        Assert.Equal(TimeSpan.FromHours(1), options.EvidenceLifetime);
        Assert.Equal("/tmp/collateral", options.CollateralDirectory);
        Assert.Equal(new Uri("https://proxy.example.com"), options.CollateralProxy);
        Assert.Equal(TimeSpan.FromDays(2), options.GpuRevocation.RevokedGrace);
        Assert.Same(PromptCacheScope.PerClient, options.PromptCache);
        Assert.Equal((RemoteMediaPolicy.FetchHereAndInline, 5), (options.RemoteMedia, options.MaxFetchedImages));
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10), 7), (options.ResponseTimeout, options.IdleTimeout, options.MaxSessions));
        Assert.Equal(WarmUpMode.None, options.WarmUp);
        Assert.True(options.LogSealedContent);
    }

    [Fact]
    public void Options_NothingConfigured_AreTheDefaults()
    {
        PrivatemodeOptions options = Options(("ApiKey", "key"));
        PrivatemodeOptions defaults = new();
        Assert.Equal((defaults.Endpoint, defaults.EvidenceLifetime, defaults.MaxSessions), (options.Endpoint, options.EvidenceLifetime, options.MaxSessions));
        Assert.Null(Assert.IsType<ManifestPolicy.LatestManifest>(options.Manifest).AdoptionLog);
        Assert.Equal(WarmUpMode.Background, options.WarmUp);
    }

    [Fact]
    public void Options_LogAlone_MeansLatest() => Assert.Equal(
        "/tmp/log", Assert.IsType<ManifestPolicy.LatestManifest>(Options(("ApiKey", "key"), ("Manifest:AdoptionLog", "/tmp/log")).Manifest).AdoptionLog);

    [Theory]
    [InlineData("Manifest:Mode", "Approve")]
    [InlineData("Manifest:Sha256", "abc", "Manifest:Mode", "Pinned")]
    [InlineData("Manifest:Sha256", "", "Manifest:Mode", "Pinned")]
    [InlineData("Manifest:AdoptionLog", "/tmp/log", "Manifest:Mode", "Pinned")]
    [InlineData("Manifest:Sha256", "aa", "Manifest:Mode", "Latest")]
    [InlineData("Endpoint", "api.privatemode.ai")]
    [InlineData("Endpoint", "http://api.privatemode.ai")]
    [InlineData("Hardware", "Rome", "Hardware:AmdProducts", "Rome")]
    [InlineData("Hardware:DangerousAcceptOutdatedTdxPlatform", "yes")]
    [InlineData("Hardware", "-00:00:01", "Hardware:SuppliedRevocationListMaxAge", "-00:00:01")]
    [InlineData("Hardware", "367.00:00:00", "Hardware:SuppliedRevocationListMaxAge", "367.00:00:00")]
    [InlineData("EvidenceLifetime", "24:00:00")] // which TimeSpan.Parse takes for 24 days
    [InlineData("EvidenceLifetime", "00:01:00")]
    [InlineData("CollateralProxy", "http://proxy.example.com")]
    [InlineData("GpuRevocation:Mode", "Lax")]
    [InlineData("GpuRevocation:RevokedGrace", "01:00:00")]
    [InlineData("GpuRevocation:RevokedGrace", "400.00:00:00", "GpuRevocation:Mode", "AcceptUnknownOrRecentlyRevoked")]
    [InlineData("PromptCache:Scope", "PerUser")]
    [InlineData("PromptCache:Salt", "short", "PromptCache:Scope", "Shared")]
    [InlineData("PromptCache:Salt", "unused")]
    [InlineData("RemoteMedia", "1")]
    [InlineData("ResponseTimeout", "ten minutes")]
    [InlineData("IdleTimeout", "-00:00:01")]
    [InlineData("MaxSessions", "0")]
    [InlineData("MaxSessions", "many")]
    [InlineData("WarmUp", "Later")]
    [InlineData("ApiKey", "two words")]
    [InlineData("Manifset:Mode", "Latest")]
    [InlineData("ApiKeyy", "key")]
    public void Options_BadSetting_IsNamedWithItsPath(string setting, string value, string? other = null, string? otherValue = null)
    {
        List<(string, string)> settings = [("ApiKey", "key")];
        settings.RemoveAll(_ => setting == "ApiKey");
        settings.AddRange(other == setting || setting == "Hardware" ? [] : [(setting, value)]);
        settings.AddRange(other is null ? [] : [(other, otherValue!)]);
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => Options([.. settings]));
        Assert.Equal($"Privatemode:{setting}", exception.Setting);
        Assert.StartsWith($"Privatemode:{setting}", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MaxSessions")]
    [InlineData("ResponseTimeout")]
    [InlineData("LogSealedContent")]
    [InlineData("WarmUp")]
    [InlineData("Endpoint")]
    [InlineData("CollateralProxy")]
    [InlineData("Manifest:Mode")]
    [InlineData("Manifest:Sha256")]
    [InlineData("Hardware:Tees")]
    [InlineData("Hardware:AmdProducts")]
    [InlineData("Hardware:AmdChipIds")]
    [InlineData("GpuRevocation:Mode")]
    [InlineData("PromptCache:Scope")]
    [InlineData("PromptCache:Salt")]
    public void Options_KeyInTheWrongPlace_IsNotShown(string setting)
    {
        const string Key = "0f8fad5b-d9cb-469f-a165-70867728950e";
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => Options(("ApiKey", "key"), (setting, Key)));
        Assert.DoesNotContain(Key[..8], exception.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Options_SeveralUnknownSettings_AreAllNamed()
    {
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(
            () => Options(("ApiKey", "key"), ("Zeal", "1"), ("Hardware:Chips", "2")));
        Assert.All(
            (string[])["Privatemode:Zeal", "Privatemode:Hardware:Chips"],
            name => Assert.Contains(name, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Options_Code_WinsOverConfigurationWhereverItWasRegistered()
    {
        ServiceCollection services = With(("ApiKey", "configured"), ("MaxSessions", "7"), ("ResponseTimeout", "00:01:00"));
        services.Configure<PrivatemodeOptions>(options => options.MaxSessions = 8);
        services.AddPrivatemode(options => options.ApiKey = "coded");
        PrivatemodeOptions options = Resolve(services);
        Assert.Equal(("coded", 8, TimeSpan.FromMinutes(1)), (options.ApiKey, options.MaxSessions, options.ResponseTimeout));
    }

    [Fact]
    public void Options_SectionGiven_IsUsedAndNamed()
    {
        ServiceCollection services = With();
        IConfigurationRoot other = new ConfigurationBuilder().AddInMemoryCollection([new("AI:Mine:ApiKey", "key"), new("AI:Mine:Typo", "x")]).Build();
        services.AddPrivatemode(other.GetSection("AI:Mine"));
        Assert.Equal("AI:Mine:Typo", Assert.Throws<PrivatemodeConfigurationException>(() => Resolve(services)).Setting);
    }

    [Fact]
    public void Options_NoKeyAnywhere_NamesTheSetting()
    {
        Assert.Null(Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyVariable));
        ServiceCollection services = With();
        services.AddPrivatemode();
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => Resolve(services));
        Assert.Equal("Privatemode:ApiKey", exception.Setting);
        Assert.Contains("PRIVATEMODE_API_KEY", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_NamedAccounts_AreApart()
    {
        ServiceCollection services = With(("ApiKey", "main"), ("Accounts:a:ApiKey", "key-a"), ("Accounts:b:ApiKey", "key-b"), ("Accounts:b:MaxSessions", "3"));
        services.AddPrivatemode().AddKeyedPrivatemode("a").AddKeyedPrivatemode("b", options => options.MaxSessions = 4);
        using ServiceProvider provider = services.BuildServiceProvider();
        IOptionsMonitor<PrivatemodeOptions> options = provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>();
        Assert.Equal(("main", "key-a", "key-b"), (options.CurrentValue.ApiKey, options.Get("a").ApiKey, options.Get("b").ApiKey));
        Assert.Equal((256, 256, 4), (options.CurrentValue.MaxSessions, options.Get("a").MaxSessions, options.Get("b").MaxSessions));
    }

    [Fact]
    public void Options_NamedAccountWithoutAKey_TakesNobodyElses()
    {
        ServiceCollection services = With(("ApiKey", "main"));
        services.AddPrivatemode().AddKeyedPrivatemode("a");
        using ServiceProvider provider = services.BuildServiceProvider();
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(
            () => provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().Get("a"));
        Assert.Equal("Privatemode:Accounts:a:ApiKey", exception.Setting);
    }
}
