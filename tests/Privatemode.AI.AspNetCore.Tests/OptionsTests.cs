using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Privatemode.AI.AspNetCore.Tests;

/// <summary>Settings of the proxy: how they are read, and what is refused.</summary>
public sealed class OptionsTests
{
    private const string Key = "sentinel-caller-key-1";

    [Fact]
    public void Validate_Defaults_AreValid() => ProxyOptionsValidator.ThrowIfInvalid(new PrivatemodeProxyOptions());

    [Fact]
    public void Validate_LimitsOfEachRange_AreValid()
    {
        PrivatemodeProxyOptions options = new()
        {
            MaxRequestBodyBytes = 65536,
            MaxTranscriptionBytes = 1048576,
            MaxDocumentBytes = 1048576,
            MaxBufferedBytes = 2097152,
            KeepAliveInterval = Timeout.InfiniteTimeSpan,
            ModelListTimeout = TimeSpan.FromSeconds(30),
            ShutdownTimeout = TimeSpan.Zero,
            RateLimit = ProxyRateLimits.FreeTier,
            SessionPromptCache = true,
            PromptCacheSecret = new byte[32],
            CallerRateLimit = new ProxyRateLimits { RequestsPerMinute = 100_000, MaxWait = TimeSpan.FromMinutes(10), QueueLength = 0 },
        };
        options.CallerKeys.Add(new string('k', 16));
        options.CallerKeys.Add(new string('k', 512));
        options.AllowedHosts.Add("*.example.org");
        options.AllowedHosts.Add("[2001:db8::1]");
        options.AllowedHosts.Add("192.0.2.1");
        options.AllowedOrigins.Add("https://chat.example.org:8443");
        options.Aliases.Add("*", "gpt-oss-120b");
        options.Aliases.Add("claude-*", "openai/gpt-oss-120b");

        ProxyOptionsValidator.ThrowIfInvalid(options);
    }

    public static TheoryData<string, string> Faults => new()
    {
        { "CallerKeys:1", "short key" },
        { "CallerKeys:1", "long key" },
        { "CallerKeys:1", "key with space" },
        { "CallerKeys:1", "same key" },
        { "CallerKeyFiles:0", "no file" },
        { "CallerKeyFiles:0", "empty path" },
        { "UseCallerKeyAsApiKey", "both keys" },
        { "AllowedHosts:0", "any host" },
        { "AllowedHosts:0", "host with port" },
        { "AllowedHosts:0", "host with scheme" },
        { "AllowedOrigins:0", "any origin" },
        { "AllowedOrigins:0", "null origin" },
        { "AllowedOrigins:0", "origin with path" },
        { "AllowedOrigins:0", "origin with slash" },
        { "Aliases:a", "alias of an alias" },
        { "Aliases:a*b", "star inside" },
        { "Aliases:a", "no model" },
        { "DefaultModels:Chat", "default model" },
        { "ContextWindows:a", "small window" },
        { "PromptCacheSecret", "short secret" },
        { "PromptCacheSecret", "secret without sessions" },
        { "MaxRequestBodyBytes", "large body" },
        { "MaxTranscriptionBytes", "large transcription" },
        { "MaxDocumentBytes", "small document" },
        { "MaxBufferedBytes", "small buffer" },
        { "KeepAliveInterval", "zero interval" },
        { "ModelListTimeout", "long timeout" },
        { "ShutdownTimeout", "negative timeout" },
        { "RateLimit:RequestsPerMinute", "zero requests" },
        { "RateLimit:MaxWait", "long wait" },
        { "CallerRateLimit:QueueLength", "negative queue" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Validate_EachFault_NamesItsSetting(string setting, string fault)
    {
        PrivatemodeProxyOptions options = new();
        options.CallerKeys.Add(Key);
        Break(options, fault);

        PrivatemodeConfigurationException error = Assert.Throws<PrivatemodeConfigurationException>(() => ProxyOptionsValidator.ThrowIfInvalid(options));

        Assert.Equal($"PrivatemodeProxy:{setting}", error.Setting);
        Assert.DoesNotContain("sentinel", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_SeveralFaults_AreOneExceptionWithALineEach()
    {
        PrivatemodeProxyOptions options = new() { KeepAliveInterval = TimeSpan.Zero, MaxBufferedBytes = 1 };
        options.CallerKeys.Add("short");

        PrivatemodeConfigurationException error = Assert.Throws<PrivatemodeConfigurationException>(() => ProxyOptionsValidator.ThrowIfInvalid(options));

        Assert.Equal(3, error.Message.Split('\n').Length);
    }

    [Fact]
    public void Configuration_AllKinds_AreRead()
    {
        PrivatemodeProxyOptions options = Read(new()
        {
            ["CallerKeys:0"] = Key,
            ["AllowedHosts:0"] = "proxy.example.org",
            ["Aliases:gpt-4o"] = "gpt-oss-120b",
            ["Aliases:claude-*"] = "gpt-oss-120b",
            ["UseDefaultAliases"] = "false",
            ["DefaultModels:Chat"] = "gpt-oss-120b",
            ["ContextWindows:new-model"] = "4096",
            ["SessionPromptCache"] = "true",
            ["PromptCacheSecret"] = Convert.ToBase64String(new byte[40]),
            ["RateLimit:RequestsPerMinute"] = "20",
            ["RateLimit:MaxWait"] = "00:00:10",
            ["MaxBufferedBytes"] = "1000000000",
            ["KeepAliveInterval"] = "00:00:05",
        });

        Assert.Equal([Key], options.CallerKeys);
        Assert.Equal(["proxy.example.org"], options.AllowedHosts);
        Assert.Equal(2, options.Aliases.Count);
        Assert.Equal("gpt-oss-120b", options.DefaultModels.Chat);
        Assert.Equal(4096, options.ContextWindows["new-model"]);
        Assert.Equal(40, options.PromptCacheSecret?.Length);
        Assert.Equal((20, TimeSpan.FromSeconds(10), 100), (options.RateLimit?.RequestsPerMinute, options.RateLimit!.MaxWait, options.RateLimit.QueueLength));
        Assert.Equal((1_000_000_000, TimeSpan.FromSeconds(5), false), (options.MaxBufferedBytes, options.KeepAliveInterval, options.UseDefaultAliases));
    }

    [Fact]
    public void Configuration_Code_Wins()
    {
        PrivatemodeProxyOptions options = Read(
            new() { ["KeepAliveInterval"] = "00:00:05" },
            services => services.Configure<PrivatemodeProxyOptions>(o => o.KeepAliveInterval = TimeSpan.FromSeconds(7)));

        Assert.Equal(TimeSpan.FromSeconds(7), options.KeepAliveInterval);
    }

    [Theory]
    [InlineData("CalerKeys:0", "CalerKeys")]
    [InlineData("RateLimit:RequestPerMinute", "RequestPerMinute")]
    [InlineData("DefaultModels:Speech", "Speech")]
    public void Configuration_UnknownSetting_IsRefused(string name, string shown)
    {
        PrivatemodeConfigurationException error = Assert.Throws<PrivatemodeConfigurationException>(() => Read(new() { [name] = "1" }));

        Assert.Contains(shown, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("KeepAliveInterval")]
    [InlineData("PromptCacheSecret")]
    [InlineData("MaxBufferedBytes")]
    [InlineData("UseCallerKeyAsApiKey")]
    public void Configuration_ValueOfAnotherForm_IsRefusedWithoutTheValue(string name)
    {
        PrivatemodeConfigurationException error = Assert.Throws<PrivatemodeConfigurationException>(() => Read(new() { [name] = "sentinel at 'sentinel'" }));

        Assert.Contains($"PrivatemodeProxy:{name}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sentinel", $"{error}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("key")]
    [InlineData("credential")]
    [InlineData("accessor")]
    public void Account_CallersKeyAndAnotherKey_AreRefused(string source)
    {
        ServiceCollection services = new();
        _ = services.AddPrivatemodeProxy(options => options.UseCallerKeyAsApiKey = true).AddPrivatemode(options =>
        {
            options.ApiKey = source == "key" ? "an-api-key" : null;
            options.Credential = source == "credential" ? new System.ClientModel.ApiKeyCredential("an-api-key") : null;
            options.ApiKeyAccessor = source == "accessor" ? _ => new ValueTask<string?>("an-api-key") : null;
        });
        using ServiceProvider provider = services.BuildServiceProvider();

        PrivatemodeConfigurationException error = Assert.Throws<PrivatemodeConfigurationException>(
            () => provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().CurrentValue);
        Assert.Equal("PrivatemodeProxy:UseCallerKeyAsApiKey", error.Setting);
    }

    [Fact]
    public void Account_LeaveOutHostedTools_IsThatOfTheLibrary()
    {
        ServiceCollection services = new();
        _ = services.AddPrivatemodeProxy(options => options.LeaveOutHostedTools = true).AddPrivatemode(options => options.ApiKey = "an-api-key");
        using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Equal(HostedToolPolicy.LeaveOut, provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().CurrentValue.Responses.HostedTools);
    }

    [Fact]
    public void Host_ShutdownTimeout_IsThatOfTheProxy()
    {
        ServiceCollection services = new();
        _ = services.AddPrivatemodeProxy(options => options.ShutdownTimeout = TimeSpan.FromSeconds(77));
        using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Equal(TimeSpan.FromSeconds(77), provider.GetRequiredService<IOptions<Microsoft.Extensions.Hosting.HostOptions>>().Value.ShutdownTimeout);
    }

    [Fact]
    public void Account_SessionPromptCache_IsAScopeOfSessions()
    {
        ServiceCollection services = new();
        _ = services.AddPrivatemodeProxy(options => options.SessionPromptCache = true).AddPrivatemode(options => options.ApiKey = "an-api-key");
        using ServiceProvider provider = services.BuildServiceProvider();
        PromptCacheScope scope = provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().CurrentValue.PromptCache.Scope;

        Assert.NotSame(PromptCacheScope.None, scope);
    }

    [Fact]
    public void Account_SessionPromptCacheAndAnotherScope_AreRefused()
    {
        ServiceCollection services = new();
        _ = services.AddPrivatemodeProxy(options => options.SessionPromptCache = true).AddPrivatemode(options =>
        {
            options.ApiKey = "an-api-key";
            options.PromptCache.Scope = PromptCacheScope.PerClient;
        });
        using ServiceProvider provider = services.BuildServiceProvider();

        PrivatemodeConfigurationException error = Assert.Throws<PrivatemodeConfigurationException>(
            () => provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().CurrentValue);
        Assert.Equal("PrivatemodeProxy:SessionPromptCache", error.Setting);
    }

    [Fact]
    public async Task Start_OverPrivatemodesOwnProxy_IsRefused()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        _ = builder.Services.AddPrivatemodeProxy().AddPrivatemode(
            options => options.Transport.UseDangerousUnverifiedLocalProxy(new Uri("http://127.0.0.1:9")));
        await using WebApplication app = builder.Build();

        PrivatemodeConfigurationException error = await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => app.StartAsync());
        Assert.Equal("Transport.DangerousUnverifiedLocalProxy", error.Setting);
    }

    [Fact]
    public async Task MapPrivatemode_WithoutItsServicesOrTwice_Throws()
    {
        await using WebApplication without = WebApplication.CreateSlimBuilder().Build();
        Assert.Contains("AddPrivatemodeProxy", Assert.Throws<InvalidOperationException>(() => without.MapPrivatemode()).Message, StringComparison.Ordinal);

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        _ = builder.Services.AddPrivatemodeProxy().AddPrivatemodeProxy().AddPrivatemode(options => options.ApiKey = "an-api-key");
        await using WebApplication app = builder.Build();
        _ = app.MapPrivatemode("/ai");
        _ = Assert.Throws<InvalidOperationException>(() => app.MapPrivatemode());
    }

    [Fact]
    public void Guide_Settings_AreAllThereAreWithTheirDefaults()
    {
        string guide = File.ReadAllText(Path.Combine(Root(), "docs", "proxy.md"));
        foreach ((string path, object? value) in Settings("", new PrivatemodeProxyOptions()).Concat(Settings("RateLimit:", new ProxyRateLimits())))
        {
            string row = Assert.Single(guide.Split('\n'), line => line.StartsWith($"| `{path}` |", StringComparison.Ordinal));
            string shown = value switch
            {
                bool flag => flag ? "`true`" : "`false`",
                long number => $"`{number}`",
                int number => $"`{number}`",
                TimeSpan time => $"`{time}`",
                _ => "none",
            };
            string cell = row.Split('|')[^2].Trim();
            Assert.Equal(shown, cell == "empty" || cell.StartsWith("none: ", StringComparison.Ordinal) ? "none" : cell);
        }
    }

    private static IEnumerable<(string Path, object? Value)> Settings(string prefix, object options) =>
        options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).SelectMany(member => member.GetValue(options) switch
        {
            ProxyDefaultModels models => Settings($"{prefix}{member.Name}:", models),
            object value when value is not (bool or long or int or TimeSpan) => [($"{prefix}{member.Name}", null)],
            object value => [($"{prefix}{member.Name}", value)],
            null when member.PropertyType == typeof(ProxyRateLimits) => [],
            null => [($"{prefix}{member.Name}", null)],
        });

    internal static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Directory.Packages.props")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException();
    }

    private static PrivatemodeProxyOptions Read(Dictionary<string, string?> settings, Action<IServiceCollection>? add = null)
    {
        ServiceCollection services = new();
        add?.Invoke(services);
        _ = services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(pair => $"PrivatemodeProxy:{pair.Key}", pair => pair.Value)).Build());
        _ = services.AddPrivatemodeProxy();
        using ServiceProvider provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<PrivatemodeProxyOptions>>().Value;
    }

    private static void Break(PrivatemodeProxyOptions options, string fault)
    {
        Action act = fault switch
        {
            "short key" => () => options.CallerKeys.Add("sentinel-short1"),
            "long key" => () => options.CallerKeys.Add("sentinel" + new string('k', 505)),
            "key with space" => () => options.CallerKeys.Add("sentinel with a space in it"),
            "same key" => () => options.CallerKeys.Add(Key),
            "no file" => () => options.CallerKeyFiles.Add("/no/such/file"),
            "empty path" => () => options.CallerKeyFiles.Add(" "),
            "both keys" => () => options.UseCallerKeyAsApiKey = true,
            "any host" => () => options.AllowedHosts.Add("*"),
            "host with port" => () => options.AllowedHosts.Add("proxy.example.org:8080"),
            "host with scheme" => () => options.AllowedHosts.Add("https://proxy.example.org"),
            "any origin" => () => options.AllowedOrigins.Add("*"),
            "null origin" => () => options.AllowedOrigins.Add("null"),
            "origin with path" => () => options.AllowedOrigins.Add("https://chat.example.org/path"),
            "origin with slash" => () => options.AllowedOrigins.Add("https://chat.example.org/"),
            "alias of an alias" => () => (options.Aliases["a"], options.Aliases["b"]) = ("b", "gpt-oss-120b"),
            "star inside" => () => options.Aliases["a*b"] = "gpt-oss-120b",
            "no model" => () => options.Aliases["a"] = "../x",
            "default model" => () => options.DefaultModels.Chat = "",
            "small window" => () => options.ContextWindows["a"] = 1023,
            "short secret" => () => (options.SessionPromptCache, options.PromptCacheSecret) = (true, new byte[31]),
            "secret without sessions" => () => options.PromptCacheSecret = new byte[32],
            "large body" => () => options.MaxRequestBodyBytes = (64 * 1024 * 1024) + 1,
            "large transcription" => () => options.MaxTranscriptionBytes = (51 * 1024 * 1024) + 1,
            "small document" => () => options.MaxDocumentBytes = 1,
            "small buffer" => () => options.MaxBufferedBytes = (2 * options.MaxRequestBodyBytes) - 1,
            "zero interval" => () => options.KeepAliveInterval = TimeSpan.Zero,
            "long timeout" => () => options.ModelListTimeout = TimeSpan.FromSeconds(31),
            "negative timeout" => () => options.ShutdownTimeout = TimeSpan.FromSeconds(-1),
            "zero requests" => () => options.RateLimit = new ProxyRateLimits { RequestsPerMinute = 0 },
            "long wait" => () => options.RateLimit = new ProxyRateLimits { MaxWait = TimeSpan.FromMinutes(11) },
            "negative queue" => () => options.CallerRateLimit = new ProxyRateLimits { QueueLength = -1 },
            _ => throw new ArgumentOutOfRangeException(nameof(fault)),
        };
        act();
    }
}
