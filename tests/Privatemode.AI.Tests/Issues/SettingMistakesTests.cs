using System.ClientModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Privatemode.AI.Tests.DependencyInjection;
using static Privatemode.AI.Tests.Fakes.HostSettings;

namespace Privatemode.AI.Tests.Issues;

/// <summary>What people write into settings, and what they have to be told.</summary>
[Collection(EnvironmentAlone.Name)]
public sealed class SettingMistakesTests : IDisposable
{
    private const string Key = "0f8fad5b-d9cb-469f-a165-70867728950e";

    /// <summary>What is set, and what the message says about it.</summary>
    public static TheoryData<string, string> CopiedKeys => new()
    {
        { $"\"{Key}\"", "quotation marks" },
        { $"'{Key}'", "quotation marks" },
        { $"\u201C{Key}\u201D", "quotation marks" },
        { $"{Key}\"", "quotation marks" },
        { $"Bearer {Key}", "'Bearer'" },
        { $"bearer {Key}", "'Bearer'" },
        { $"Bearer: {Key}", "'Bearer'" },
        { $"{Key}\n", "line break" },
        { $"{Key}\r\n", "line break" },
        { $" {Key}", "white space" },
        { $"{Key}\t", "white space" },
        { $"{Key[..8]} {Key[9..]}", "white space" },
        { $"{Key}\u200B", "not allowed in a key" },
        { "${PRIVATEMODE_API_KEY}", "placeholder" },
        { "$PRIVATEMODE_API_KEY", "placeholder" },
        { "%PRIVATEMODE_API_KEY%", "placeholder" },
        { $"PRIVATEMODE_API_KEY={Key}", "placeholder" },
        { "<your-key>", "placeholder" },
        { "@/run/secrets/privatemode", "file" },
    };

    public static TheoryData<string, Func<ManifestPolicy>> OtherPolicies => new()
    {
        { new string('a', 64), () => ManifestPolicy.Latest() },
        { new string('a', 64), () => ManifestPolicy.Pinned(new string('b', 64)) },
        { new string('a', 64), () => ManifestPolicy.Pinned(new string('a', 64), new string('b', 64)) },
        { new string('a', 64), () => ManifestPolicy.RequireApproval((_, _) => new(true)) },
    };

    public void Dispose() => Environment.SetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable, null);

    /// <summary>What cannot be read counts as not set; the default would take any manifest in place of the pinned one.</summary>
    [Fact]
    public void Settings_ReadWithoutTheHost_AreNoClientWhileOneOfThemCannotBeRead()
    {
        using ServiceProvider provider = With(("ApiKey", Key), ("Verification:Manifest:Mode", "Pinned"), ("Verification:Manifest:Sha256", "not a digest"))
            .AddPrivatemode().BuildServiceProvider();
        PrivatemodeOptions options = new();
        foreach (IConfigureOptions<PrivatemodeOptions> configure in provider.GetServices<IConfigureOptions<PrivatemodeOptions>>())
        {
            configure.Configure(options);
        }

        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => new PrivatemodeClient(options));
        Assert.Equal("Privatemode:Verification:Manifest:Sha256", exception.Setting);
    }

    /// <summary>The configuration, which another department may own, pins a manifest: code must not silently accept others.</summary>
    [Theory]
    [MemberData(nameof(OtherPolicies))]
    public void ConfiguredPin_CodeSetsAnotherPolicy_IsRefusedAndNotSilentlyOverridden(string digests, Func<ManifestPolicy> policy)
    {
        IServiceCollection services = With(("ApiKey", Key), ("Verification:Manifest:Mode", "Pinned"), ("Verification:Manifest:Sha256", digests));
        foreach (IServiceCollection added in new[]
        {
            Copy(services).AddPrivatemode(options => options.Verification.Manifest = policy()),
            Copy(services).AddPrivatemode().Configure<PrivatemodeOptions>(options => options.Verification.Manifest = policy()),
        })
        {
            PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => Resolve(added));
            Assert.Equal("Privatemode:Verification:Manifest", exception.Setting);
            Assert.Contains("Remove the policy from one of them", exception.Message, StringComparison.Ordinal);
            Assert.Contains("PostConfigure<PrivatemodeOptions>", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ConfiguredPolicy_CodeSetsTheSameOne_IsAccepted()
    {
        string[] digests = [new('a', 64), new('b', 64)];
        _ = Resolve(With(("ApiKey", Key), ("Verification:Manifest:Sha256", string.Join(',', digests)))
            .AddPrivatemode(options => options.Verification.Manifest = ManifestPolicy.Pinned(digests[1].ToUpperInvariant(), digests[0])));
        _ = Resolve(With(("ApiKey", Key), ("Verification:Manifest:LogDirectory", "/tmp/log"))
            .AddPrivatemode(options => options.Verification.Manifest = ManifestPolicy.Latest("/tmp/log")));
    }

    [Fact]
    public void ConfiguredPin_TestReplacesThePolicyAfterwards_IsAccepted()
    {
        ServiceCollection services = With(("ApiKey", Key), ("Verification:Manifest:Sha256", new string('a', 64)));
        _ = services.PostConfigure<PrivatemodeOptions>(options => options.Verification.Manifest = ManifestPolicy.Latest());
        _ = Assert.IsType<ManifestPolicy.LatestManifest>(Resolve(services.AddPrivatemode()).Verification.Manifest);
    }

    [Fact]
    public void ConfiguredPinOfAnotherAccount_DoesNotConcernThisOne()
    {
        IServiceCollection services = With(("ApiKey", Key), ("Accounts:a:Verification:Manifest:Sha256", new string('a', 64)))
            .AddKeyedPrivatemode("a").AddPrivatemode(options => options.Verification.Manifest = ManifestPolicy.Latest("/tmp/log"));
        _ = Assert.IsType<ManifestPolicy.LatestManifest>(Resolve(services).Verification.Manifest);
    }

    /// <summary>Otherwise the host has to be started once for each mistake.</summary>
    [Theory]
    [InlineData("Verification:Manifest", "Mode=Pinned", "Sha256=abc", "LogDirectory=/tmp/x", "Sha256 LogDirectory")]
    [InlineData("Verification:Manifest", "Mode=Pinned", "LogDirectory=/tmp/x", null, "LogDirectory Sha256")]
    [InlineData("Verification:Manifest", "Mode=Newest", "Sha256=abc", "LogDirectory=/tmp/x", "Mode Sha256")]
    [InlineData("Verification:GpuRevocation", "Mode=Lax", "RevocationGracePeriod=400.00:00:00", null, "Mode RevocationGracePeriod")]
    [InlineData("PromptCache", "Scope=Everyone", "Salt=short", null, "Scope Salt")]
    public void Settings_SeveralOfOneOptionAreInvalid_AreAllNamedAtOnce(string option, string first, string second, string? third, string named)
    {
        (string, string)[] settings =
            [("ApiKey", Key), .. new[] { first, second, third }.OfType<string>().Select(text => ($"{option}:{text.Split('=')[0]}", text.Split('=')[1]))];
        PrivatemodeConfigurationException exception = Refused(settings);
        Assert.All(named.Split(' '), name => Assert.Contains($"Privatemode:{option}:{name}: ", exception.Message, StringComparison.Ordinal));
        Assert.Contains("2 settings are invalid", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(CopiedKeys))]
    public async Task ApiKey_CopiedWithMoreThanTheKey_SaysWhatIsWrongWhereverItIsSet(string key, string fault)
    {
        AssertReported(Refused(("ApiKey", key)), "Privatemode:ApiKey");
        AssertReported(Assert.Throws<PrivatemodeConfigurationException>(() => new PrivatemodeClient(key)), "ApiKey");
        Environment.SetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable, key);
        PrivatemodeConfigurationException environment = Assert.Throws<PrivatemodeConfigurationException>(() => new PrivatemodeClient());
        AssertReported(environment, "ApiKey");
        Assert.Contains("(environment variable PRIVATEMODE_API_KEY)", environment.Message, StringComparison.Ordinal);

        await using PrivatemodeClient asking = new(new PrivatemodeOptions { ApiKeyAccessor = _ => new(key) });
        AssertReported(await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => asking.ConnectAsync()), "ApiKeyAccessor");
        await using PrivatemodeClient updated = new(new PrivatemodeOptions { Credential = new ApiKeyCredential(key) });
        AssertReported(await Assert.ThrowsAsync<PrivatemodeConfigurationException>(() => updated.ConnectAsync()), "Credential");

        void AssertReported(PrivatemodeConfigurationException exception, string setting)
        {
            Assert.Equal(setting, exception.Setting);
            Assert.Contains(fault, exception.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Key[..8], exception.ToString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("Transport:IdleTimeout", "1")]
    [InlineData("Transport:IdleTimeout", "01")]
    [InlineData("Transport:IdleTimeout", "100")]
    [InlineData("Transport:IdleTimeout", "1.5")]
    [InlineData("Transport:ResponseTimeout", "1")]
    [InlineData("Transport:ResponseTimeout", "10:00")] // ten hours, for the platform
    [InlineData("Verification:Lifetime", "1")]
    [InlineData("Verification:Hardware:MaxAmdFallbackRevocationListAge", "30")]
    [InlineData("Verification:GpuRevocation:RevocationGracePeriod", "2")] // without a mode: the form comes first
    public void Duration_BareNumberThatThePlatformTakesForDays_IsRefusedAndSaysHowToWriteSeconds(string setting, string value)
    {
        PrivatemodeConfigurationException exception = Refused(("ApiKey", "key"), (setting, value));
        Assert.Equal($"Privatemode:{setting}", exception.Setting);
        Assert.Contains("00:00:30 for 30 seconds", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("API_KEY", "Did you mean ApiKey?")]
    [InlineData("api-key", "Did you mean ApiKey?")]
    [InlineData("Key", "Did you mean ApiKey?")]
    [InlineData("ApiKeyy", "Did you mean ApiKey?")]
    [InlineData("AccessKey", "Did you mean ApiKey?")]
    [InlineData("Endpont", "Did you mean Endpoint?")]
    [InlineData("Endpiont", "Did you mean Endpoint?")]
    [InlineData("ApiEndpoint", "Did you mean Endpoint?")]
    [InlineData("BaseUrl", "Did you mean Endpoint?")]
    [InlineData("Timeout", "Did you mean Transport:ResponseTimeout or Transport:IdleTimeout?")]
    [InlineData("Idle_Timeout", "Did you mean Transport:IdleTimeout?")]
    [InlineData("ManifestMode", "Did you mean Verification:Manifest:Mode?")]
    [InlineData("Manifset:Mode", "Did you mean Verification:Manifest:Mode?")]
    [InlineData("Sha256", "Did you mean Verification:Manifest:Sha256?")]
    [InlineData("Verification:Manifest:ApiKey", "Did you mean ApiKey?")]
    [InlineData("Acounts:b:ApiKey", "Did you mean Accounts:b:ApiKey?")]
    [InlineData("Verifcation:Manifest:Mode", "Did you mean Verification:Manifest:Mode?")]
    [InlineData("Verification:Mode", "Did you mean Verification:Manifest:Mode?")]
    [InlineData("Media:IdleTimeout", "Did you mean Transport:IdleTimeout?")]
    [InlineData("Verification:Lifetme", "Did you mean Verification:Lifetime?")]
    [InlineData("PromptCache", "Did you mean PromptCache:Scope")]
    [InlineData("RateLimiter", "options.Transport.RateLimiter = ...")]
    [InlineData("Transport:RateLimiter", "options.Transport.RateLimiter = ...")]
    [InlineData("TimeProvider", "options.TimeProvider = ...")]
    [InlineData("Model", "AddPrivatemodeChatClient(modelId)")]
    [InlineData("Zeal", "Correct the spelling")]
    public void UnknownSetting_SimilarToAnother_SaysWhichWasProbablyMeant(string setting, string advice)
    {
        PrivatemodeConfigurationException exception = Refused(("ApiKey", "key"), (setting, "value"));
        Assert.Equal($"Privatemode:{setting}", exception.Setting);
        Assert.Contains(advice, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PrivatemodeAI:ApiKey", "PrivatemodeAI")]
    [InlineData("Privatemode.AI:ApiKey", "Privatemode.AI")]
    [InlineData("Privatmode:ApiKey", "Privatmode")]
    [InlineData("PRIVATEMODE_KEY", "PRIVATEMODE_KEY")]
    [InlineData("PRIVATEMODE_APIKEY", "PRIVATEMODE_APIKEY")]
    public void UnknownSection_SimilarToOurs_IsNamedWhenThereIsNoKey(string setting, string name)
    {
        IServiceCollection services = new ServiceCollection().AddSingleton<IConfiguration>(
            new ConfigurationBuilder().AddInMemoryCollection([new(setting, Key), new("Logging:Level", "x"), new("PRIVATEMODE_VECTORS", "x")]).Build());
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => Resolve(services.AddPrivatemode()));
        Assert.Contains($"The configuration has {name}, but the settings are read from Privatemode.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownAccount_InTheConfiguration_IsNamedWhenTheOneAskedForHasNoKey()
    {
        using ServiceProvider provider = With(("Accounts:acne:ApiKey", Key)).AddKeyedPrivatemode("acme").BuildServiceProvider();
        Assert.Contains(
            "The configuration has Privatemode:Accounts:acne, but",
            Assert.Throws<PrivatemodeConfigurationException>(() => provider.GetRequiredKeyedService<PrivatemodeClient>("acme")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_SeveralAreWrong_AllAreNamedAtOnce()
    {
        PrivatemodeConfigurationException exception = Refused(
            ("API_KEY", "key"), ("Transport:IdleTimeout", "1"), ("MaxSessions", "0"), ("Endpoint", "http://api.privatemode.ai"),
            ("Verification:Hardware:AllowedAmdProducts", "Rome"));
        Assert.Equal(
            ["API_KEY", "ApiKey", "Endpoint", "MaxSessions", "Transport:IdleTimeout", "Verification:Hardware"],
            exception.Message.Split("\n* Privatemode:")[1..].Select(line => line.Split(' ')[0].TrimEnd(':')).Order(StringComparer.Ordinal));
        Assert.StartsWith("6 settings are invalid:", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_SeveralAreWrong_AllAreNamedAtOnce()
    {
        PrivatemodeOptions options = new()
        {
            ApiKey = "key",
            MaxSessions = 0,
            Transport = { IdleTimeout = TimeSpan.Zero },
            Media = { MaxFetchedImages = 0, Remote = (RemoteMediaPolicy)9 },
        };
        PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(() => new PrivatemodeClient(options));
        Assert.Equal("Transport.IdleTimeout", exception.Setting);
        Assert.All(
            (string[])["Transport.IdleTimeout", "MaxSessions", "Media.MaxFetchedImages", "Media.Remote"],
            setting => Assert.Contains($"* {setting} must be", exception.Message, StringComparison.Ordinal));
    }

    private static ServiceCollection Copy(IServiceCollection services)
    {
        ServiceCollection copy = [];
        foreach (ServiceDescriptor service in services)
        {
            ((ICollection<ServiceDescriptor>)copy).Add(service);
        }

        return copy;
    }
}
