using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using static Privatemode.AI.Tests.Fakes.HostSettings;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>Settings from configuration, code and environment: which wins, and what an error says.</summary>
public sealed class SettingsTests
{
    private static readonly string Digest = new('a', 64);
    private static readonly byte[] ReasoningKey = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    [Fact]
    public void Options_EverySetting_IsBound()
    {
        PrivatemodeOptions options = Options(
            ("ApiKey", "key"), ("Endpoint", "https://example.com"), ("Verification:Manifest:Mode", "pinned"), ("Verification:Manifest:Sha256:0", Digest),
            ("Verification:Hardware:AllowedTees", "SEV-SNP"), ("Verification:Hardware:AllowedAmdProducts", "Genoa, Milan"),
            ("Verification:Hardware:AllowedAmdChipIds:0", new string('b', 128)),
            ("Verification:Hardware:DangerousAcceptOutdatedTdxPlatform", "true"), ("Verification:Lifetime", "01:00:00"),
            ("Verification:Hardware:RequireNewestTdxTcbInfo", "true"), ("Verification:Hardware:MaxAmdFallbackRevocationListAge", "7.00:00:00"),
            ("Verification:DangerousAcceptAnyUnnamedWorkloadAsSecretService", "true"),
            ("Verification:CollateralDirectory", "/tmp/collateral"), ("Verification:CollateralEndpoint", "https://proxy.example.com"),
            ("Verification:GpuRevocation:Mode", "AcceptUnknownOrRecentlyRevoked"), ("Verification:GpuRevocation:RevocationGracePeriod", "2.00:00:00"),
            ("PromptCache:Scope", "PerClient"),
            ("Media:Remote", "FetchLocally"), ("Media:MaxFetchedImages", "5"),
            ("Responses:HostedTools", "leaveout"), ("Responses:ReasoningKey", Convert.ToBase64String(ReasoningKey)),
            ("Transport:ResponseTimeout", "00:01:00"), ("Transport:IdleTimeout", "00:00:10"), ("MaxSessions", "7"),
            ("WarmUp", "disabled"), ("LogEncryptedContent", "true"));
        Assert.Equal("key", options.ApiKey);
        Assert.Equal(new Uri("https://example.com"), options.Endpoint);
        Assert.Equal([Digest], Assert.IsType<ManifestPolicy.PinnedManifest>(options.Verification.Manifest).Digests);
        Assert.Equal([TeeKind.SevSnp], options.Verification.Hardware.AllowedTees!);
        Assert.Equal([AmdProduct.Genoa, AmdProduct.Milan], options.Verification.Hardware.AllowedAmdProducts!);
        Assert.Equal([new string('b', 128)], options.Verification.Hardware.AllowedAmdChipIds!);
        Assert.True(options.Verification.Hardware.DangerousAcceptOutdatedTdxPlatform);
        Assert.True(options.Verification.Hardware.RequireNewestTdxTcbInfo);
        Assert.Equal(TimeSpan.FromDays(7), options.Verification.Hardware.MaxAmdFallbackRevocationListAge);
        Assert.True(options.Verification.DangerousAcceptAnyUnnamedWorkloadAsSecretService);
        Assert.Equal(TimeSpan.FromHours(1), options.Verification.Lifetime);
        Assert.Equal("/tmp/collateral", options.Verification.CollateralDirectory);
        Assert.Equal(new Uri("https://proxy.example.com"), options.Verification.CollateralEndpoint);
        Assert.Equal(TimeSpan.FromDays(2), options.Verification.GpuRevocation.RevocationGracePeriod);
        Assert.Same(PromptCacheScope.PerClient, options.PromptCache.Scope);
        Assert.Equal((RemoteMediaPolicy.FetchLocally, 5), (options.Media.Remote, options.Media.MaxFetchedImages));
        Assert.Equal(HostedToolPolicy.LeaveOut, options.Responses.HostedTools);
        Assert.Equal(ReasoningKey, options.Responses.ReasoningKey.ToArray());
        Assert.Equal(
            (TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10), 7), (options.Transport.ResponseTimeout, options.Transport.IdleTimeout, options.MaxSessions));
        Assert.Equal(WarmUpMode.Disabled, options.WarmUp);
        Assert.True(options.LogEncryptedContent);
    }

    [Fact]
    public void Options_NothingConfigured_AreTheDefaults()
    {
        PrivatemodeOptions options = Options(("ApiKey", "key"));
        PrivatemodeOptions defaults = new();
        Assert.Equal(
            (defaults.Endpoint, defaults.Verification.Lifetime, defaults.MaxSessions),
            (options.Endpoint, options.Verification.Lifetime, options.MaxSessions));
        Assert.Null(Assert.IsType<ManifestPolicy.LatestManifest>(options.Verification.Manifest).LogDirectory);
        Assert.Equal(WarmUpMode.Background, options.WarmUp);
    }

    [Fact]
    public void Options_LogAlone_MeansLatest()
    {
        ManifestPolicy policy = Options(("ApiKey", "key"), ("Verification:Manifest:LogDirectory", "/tmp/log")).Verification.Manifest;
        Assert.Equal("/tmp/log", Assert.IsType<ManifestPolicy.LatestManifest>(policy).LogDirectory);
    }

    [Theory]
    [InlineData("Verification:Manifest:Mode", "RequireApproval")]
    [InlineData("Verification:Manifest:Sha256", "abc", "Verification:Manifest:Mode", "Pinned")]
    [InlineData("Verification:Manifest:Sha256", "", "Verification:Manifest:Mode", "Pinned")]
    [InlineData(
        "Verification:Manifest:LogDirectory", "/tmp/log", "Verification:Manifest:Sha256", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("Verification:Manifest:Sha256", "aa", "Verification:Manifest:Mode", "Latest")]
    [InlineData("Endpoint", "api.privatemode.ai")]
    [InlineData("Endpoint", "http://api.privatemode.ai")]
    [InlineData("Verification:Hardware", "Rome", "Verification:Hardware:AllowedAmdProducts", "Rome")]
    [InlineData("Verification:Hardware", "", "Verification:Hardware:AllowedAmdProducts:0", "")]
    [InlineData("Verification:Hardware", "tdx", "Verification:Hardware:AllowedTees", "tdx")]
    [InlineData("Verification:Hardware", " ", "Verification:Hardware:AllowedTees:0", " ")]
    [InlineData("Verification:Hardware:DangerousAcceptOutdatedTdxPlatform", "yes")]
    [InlineData("Verification:Hardware", "-00:00:01", "Verification:Hardware:MaxAmdFallbackRevocationListAge", "-00:00:01")]
    [InlineData("Verification:Hardware", "367.00:00:00", "Verification:Hardware:MaxAmdFallbackRevocationListAge", "367.00:00:00")]
    [InlineData("Verification:Lifetime", "24:00:00")] // which TimeSpan.Parse takes for 24 days
    [InlineData("Verification:Lifetime", "00:01:00")]
    [InlineData("Verification:CollateralEndpoint", "http://proxy.example.com")]
    [InlineData("Verification:GpuRevocation:Mode", "Lax")]
    [InlineData("Verification:GpuRevocation:RevocationGracePeriod", "01:00:00")]
    [InlineData("Verification:GpuRevocation:RevocationGracePeriod", "400.00:00:00", "Verification:GpuRevocation:Mode", "AcceptUnknownOrRecentlyRevoked")]
    [InlineData("PromptCache:Scope", "PerUser")]
    [InlineData("PromptCache:Salt", "short", "PromptCache:Scope", "Shared")]
    [InlineData("PromptCache:Salt", "unused")]
    [InlineData("Media:Remote", "1")]
    [InlineData("Responses:HostedTools", "Run")]
    [InlineData("Responses:ReasoningKey", "no base64")]
    [InlineData("Responses:ReasoningKey", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==")] // 31 bytes
    [InlineData("Responses:ReasoningKey", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g")] // 33 bytes
    [InlineData("Transport:ResponseTimeout", "ten minutes")]
    [InlineData("Transport:IdleTimeout", "-00:00:01")]
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
        settings.AddRange(other == setting || setting == "Verification:Hardware" ? [] : [(setting, value)]);
        settings.AddRange(other is null ? [] : [(other, otherValue!)]);
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => Options([.. settings]));
        Assert.Equal($"Privatemode:{setting}", exception.Setting);
        Assert.StartsWith($"Privatemode:{setting}", exception.Message, StringComparison.Ordinal);
    }

    // An environment variable with one text would otherwise lose against the list in a file, unnoticed.
    [Theory]
    [InlineData("Verification:Manifest:Sha256", "0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("Verification:Hardware:AllowedTees", "TDX")]
    [InlineData("Verification:Hardware:AllowedAmdProducts", "Genoa")]
    public void Options_ListAsTextAndAsEntries_IsRefused(string setting, string value)
    {
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => Options(("ApiKey", "key"), (setting, value), ($"{setting}:0", value)));
        Assert.Equal($"Privatemode:{setting}", exception.Setting);
        Assert.Contains("set twice", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MaxSessions")]
    [InlineData("Transport:ResponseTimeout")]
    [InlineData("LogEncryptedContent")]
    [InlineData("WarmUp")]
    [InlineData("Endpoint")]
    [InlineData("Verification:CollateralEndpoint")]
    [InlineData("Verification:Manifest:Mode")]
    [InlineData("Verification:Manifest:Sha256")]
    [InlineData("Verification:Hardware:AllowedTees")]
    [InlineData("Verification:Hardware:AllowedAmdProducts")]
    [InlineData("Verification:Hardware:AllowedAmdChipIds")]
    [InlineData("Verification:GpuRevocation:Mode")]
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
            () => Options(("ApiKey", "key"), ("Zeal", "1"), ("Verification:Hardware:Chips", "2")));
        Assert.All(
            (string[])["Privatemode:Zeal", "Privatemode:Verification:Hardware:Chips"],
            name => Assert.Contains(name, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Options_Code_WinsOverConfigurationWhereverItWasRegistered()
    {
        ServiceCollection services = With(("ApiKey", "configured"), ("MaxSessions", "7"), ("Transport:ResponseTimeout", "00:01:00"));
        services.Configure<PrivatemodeOptions>(options => options.MaxSessions = 8);
        services.AddPrivatemode(options => options.ApiKey = "coded");
        PrivatemodeOptions options = Resolve(services);
        Assert.Equal(("coded", 8, TimeSpan.FromMinutes(1)), (options.ApiKey, options.MaxSessions, options.Transport.ResponseTimeout));
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
        Assert.Null(Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable));
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
    public void Options_NamedAccountWithoutAKey_DoesNotUseTheKeyOfAnotherAccount()
    {
        ServiceCollection services = With(("ApiKey", "main"));
        services.AddPrivatemode().AddKeyedPrivatemode("a");
        using ServiceProvider provider = services.BuildServiceProvider();
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(
            () => provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().Get("a"));
        Assert.Equal("Privatemode:Accounts:a:ApiKey", exception.Setting);
    }
}
