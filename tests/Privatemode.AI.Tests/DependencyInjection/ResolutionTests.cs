using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenAI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.Tests.DependencyInjection;

/// <summary>Who asks the container for what, in the ways Semantic Kernel and others do, and gets the sealed one.</summary>
public sealed class ResolutionTests : IAsyncLifetime
{
    private PrivatemodeTestDeployment _deployment = null!;

    public async Task InitializeAsync()
    {
        PrivatemodeTestDeploymentOptions options = new();
        options.AdditionalApiKeys.Add("key-b");
        _deployment = await PrivatemodeTestDeployment.StartAsync(options);
    }

    public async Task DisposeAsync() => await _deployment.DisposeAsync();

    [Fact]
    public async Task Resolve_ByKeyByModelAndLastUnkeyed_FindsTheRightClient()
    {
        IServiceCollection services = new ServiceCollection().AddPrivatemode(_deployment.ConfigureClient);
        _ = services.AddPrivatemodeChatClient("gpt-oss-120b");
        _ = services.AddPrivatemodeChatClient("gemma-3-27b");
        _ = services.AddKeyedPrivatemodeChatClient("oss", "gpt-oss-120b");
        _ = services.AddKeyedPrivatemodeChatClient("gemma", "gemma-3-27b");
        await using ServiceProvider provider = services.BuildServiceProvider();

        // By key; then by the model an unkeyed one is for; then the last unkeyed.
        Assert.Equal("gpt-oss-120b", ModelOf(provider.GetRequiredKeyedService<IChatClient>("oss")));
        Assert.Equal("gemma-3-27b", ModelOf(provider.GetRequiredKeyedService<IChatClient>("gemma")));
        Assert.Equal(["gpt-oss-120b", "gemma-3-27b"], provider.GetServices<IChatClient>().Select(ModelOf));
        Assert.Equal("gemma-3-27b", ModelOf(provider.GetRequiredService<IChatClient>()));
        Assert.Equal("You said: hi", (await provider.GetRequiredKeyedService<IChatClient>("oss").GetResponseAsync("hi").OrTimeout()).Text);
        Assert.Equal("gpt-oss-120b", Assert.Single(_deployment.Requests).Headers["Privatemode-Target-Model"]);
    }

    [Fact]
    public async Task Resolve_EmbeddingGenerators_ByKeyByModelAndLastUnkeyed()
    {
        IServiceCollection services = new ServiceCollection().AddPrivatemode(_deployment.ConfigureClient);
        _ = services.AddPrivatemodeEmbeddingGenerator("another-model");
        _ = services.AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b");
        _ = services.AddKeyedPrivatemodeEmbeddingGenerator("short", "qwen3-embedding-4b", defaultModelDimensions: 8);
        await using ServiceProvider provider = services.BuildServiceProvider();

        IEmbeddingGenerator<string, Embedding<float>> last = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        IEmbeddingGenerator<string, Embedding<float>> keyed = provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("short");
        Assert.Equal(
            ["another-model", "qwen3-embedding-4b"],
            provider.GetServices<IEmbeddingGenerator<string, Embedding<float>>>()
                .Select(each => each.GetService<EmbeddingGeneratorMetadata>()?.DefaultModelId));
        Assert.Same(last, provider.GetServices<IEmbeddingGenerator<string, Embedding<float>>>().Last());
        Assert.Equal(8, (await keyed.GenerateAsync(["text"]).OrTimeout())[0].Dimensions);
        Assert.NotEqual(8, (await last.GenerateAsync(["text"]).OrTimeout())[0].Dimensions);
        Assert.All(_deployment.Requests, request => Assert.Equal("qwen3-embedding-4b", request.Headers["Privatemode-Target-Model"]));
    }

    [Fact]
    public async Task Resolve_SpeechToTextClients_ByKeyAndAccount()
    {
        _ = _deployment.Model.ReplyWithTranscription("one");
        _ = _deployment.Model.ReplyWithTranscription("two");
        IServiceCollection services = TwoAccounts();
        _ = services.AddPrivatemodeSpeechToTextClient("whisper-large-v3");
        _ = services.AddKeyedPrivatemodeSpeechToTextClient("b", "whisper-large-v3", RegisteredAccount.Keyed("b"));
        await using ServiceProvider provider = services.BuildServiceProvider();
        using MemoryStream audio = new(Recording.Wave());

        Assert.Equal("one", (await provider.GetRequiredService<ISpeechToTextClient>().GetTextAsync(audio).OrTimeout()).Text);
        audio.Position = 0;
        Assert.Equal("two", (await provider.GetRequiredKeyedService<ISpeechToTextClient>("b").GetTextAsync(audio).OrTimeout()).Text);
        Assert.Equal(["Bearer test-api-key", "Bearer key-b"], _deployment.Requests.Select(request => request.Headers["Authorization"]));
    }

    [Fact]
    public async Task Resolve_OpenAIClient_IsTheEncryptingOneAndOneOnly()
    {
        await using ServiceProvider provider = new ServiceCollection().AddPrivatemode(_deployment.ConfigureClient).BuildServiceProvider();
        OpenAIClient openAI = provider.GetRequiredService<OpenAIClient>();
        Assert.Same(provider.GetRequiredService<PrivatemodeClient>().OpenAI, openAI);
        Assert.Same(openAI, Assert.Single(provider.GetServices<OpenAIClient>()));
        _ = await openAI.GetChatClient("gpt-oss-120b").CompleteChatAsync("hi").OrTimeout();
        Assert.Single(_deployment.Requests);
    }

    [Fact]
    public async Task Resolve_AccountsSideBySide_UseTheirOwnKeys()
    {
        IServiceCollection services = TwoAccounts();
        _ = services.AddPrivatemodeChatClient("gpt-oss-120b");
        _ = services.AddKeyedPrivatemodeChatClient("chat-b", "gpt-oss-120b", RegisteredAccount.Keyed("b"));
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.NotSame(provider.GetRequiredService<OpenAIClient>(), provider.GetRequiredKeyedService<OpenAIClient>("b"));
        _ = await provider.GetRequiredService<IChatClient>().GetResponseAsync("hi").OrTimeout();
        _ = await provider.GetRequiredKeyedService<IChatClient>("chat-b").GetResponseAsync("hi").OrTimeout();
        Assert.Equal(["Bearer test-api-key", "Bearer key-b"], _deployment.Requests.Select(request => request.Headers["Authorization"]));
        Assert.Equal(2, _deployment.KeyExchangeCount);
    }

    [Fact]
    public async Task Resolve_AccountIsGiven_UsesItWithoutAServiceKey()
    {
        IServiceCollection services = TwoAccounts();
        _ = services.AddPrivatemodeChatClient("gpt-oss-120b", RegisteredAccount.Keyed("b"));
        _ = services.AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b", RegisteredAccount.Keyed("b"));
        _ = services.AddPrivatemodeSpeechToTextClient("whisper-large-v3", RegisteredAccount.Keyed("none"));
        await using ServiceProvider provider = services.BuildServiceProvider();
        _ = await provider.GetRequiredService<IChatClient>().GetResponseAsync("hi").OrTimeout();
        _ = await provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync(["text"]).OrTimeout();
        Assert.All(_deployment.Requests, request => Assert.Equal("Bearer key-b", request.Headers["Authorization"]));
        Assert.Throws<PrivatemodeConfigurationException>(provider.GetRequiredService<ISpeechToTextClient>);
    }

    // A caller who takes the service key for the account must not send under another account.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Resolve_ServiceKeyIsThatOfAnAccountAndNoAccountIsGiven_AsksWhich(bool hasDefaultAccount)
    {
        IServiceCollection services = hasDefaultAccount ? TwoAccounts() : new ServiceCollection().AddKeyedPrivatemode("b", SetKeyOfB);
        _ = services.AddKeyedPrivatemodeChatClient("b", "gpt-oss-120b");
        _ = services.AddKeyedPrivatemodeEmbeddingGenerator("b", "qwen3-embedding-4b");
        _ = services.AddKeyedPrivatemodeSpeechToTextClient("b", "whisper-large-v3");
        await using ServiceProvider provider = services.BuildServiceProvider();
        Func<object>[] ways =
        [
            () => provider.GetRequiredKeyedService<IChatClient>("b"),
            () => provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("b"),
            () => provider.GetRequiredKeyedService<ISpeechToTextClient>("b"),
        ];
        Assert.All(ways, way =>
        {
            PrivatemodeConfigurationException exception = Assert.Throws<PrivatemodeConfigurationException>(way);
            Assert.Contains("RegisteredAccount.Keyed(\"b\")", exception.Message, StringComparison.Ordinal);
            Assert.Contains("RegisteredAccount.Default", exception.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Resolve_ServiceKeyIsThatOfAnAccount_UsesTheGivenAccount()
    {
        IServiceCollection services = TwoAccounts();
        _ = services.AddKeyedPrivatemodeChatClient("b", "gpt-oss-120b", RegisteredAccount.Default);
        _ = services.AddKeyedPrivatemodeEmbeddingGenerator("b", "qwen3-embedding-4b", RegisteredAccount.Keyed("b"));
        await using ServiceProvider provider = services.BuildServiceProvider();
        _ = await provider.GetRequiredKeyedService<IChatClient>("b").GetResponseAsync("hi").OrTimeout();
        _ = await provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("b").GenerateAsync(["text"]).OrTimeout();
        Assert.Equal(["Bearer test-api-key", "Bearer key-b"], _deployment.Requests.Select(request => request.Headers["Authorization"]));
    }

    [Fact]
    public async Task Add_ReturnsABuilder_WhoseMiddlewareIsAroundTheClient()
    {
        IServiceCollection services = new ServiceCollection().AddPrivatemode(_deployment.ConfigureClient).AddDistributedMemoryCache();
        ConcurrentQueue<string> calls = [];
        _ = services.AddPrivatemodeChatClient("gpt-oss-120b").UseDistributedCache().Use((messages, options, next, cancellationToken) =>
        {
            calls.Enqueue("unkeyed");
            return next(messages, options, cancellationToken);
        });
        _ = services.AddKeyedPrivatemodeChatClient("plain", "gpt-oss-120b");
        _ = services.AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b").UseDistributedCache();
        _ = services.AddPrivatemodeSpeechToTextClient("whisper-large-v3").ConfigureOptions(options => options.SpeechLanguage = "de");
        await using ServiceProvider provider = services.BuildServiceProvider();
        using MemoryStream audio = new(Recording.Wave());

        for (int i = 0; i < 2; i++)
        {
            Assert.Equal("You said: hi", (await provider.GetRequiredService<IChatClient>().GetResponseAsync("hi").OrTimeout()).Text);
            _ = await provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateAsync(["text"]).OrTimeout();
        }

        _ = await provider.GetRequiredKeyedService<IChatClient>("plain").GetResponseAsync("hi").OrTimeout();
        _ = _deployment.Model.ReplyWithTranscription("said");
        _ = await provider.GetRequiredService<ISpeechToTextClient>().GetTextAsync(audio).OrTimeout();
        Assert.Equal(["unkeyed"], calls);
        Assert.Equal(
            ["/v1/chat/completions", "/v1/embeddings", "/v1/chat/completions", "/v1/audio/transcriptions"],
            _deployment.Requests.Select(request => request.PathAndQuery));
        Assert.Equal("de", Encoding.UTF8.GetString(_deployment.Requests[3].DecryptedFields["language"].Span));
        Assert.Same(provider.GetRequiredService<IChatClient>(), provider.GetRequiredService<IChatClient>());
    }

    [Fact]
    public async Task GetRequiredPrivatemodeClient_FindsTheClientOfAnAccount()
    {
        await using ServiceProvider provider = TwoAccounts().BuildServiceProvider();
        Assert.Same(provider.GetRequiredService<PrivatemodeClient>(), provider.GetRequiredPrivatemodeClient());
        Assert.Same(provider.GetRequiredKeyedService<PrivatemodeClient>("b"), provider.GetRequiredPrivatemodeClient(RegisteredAccount.Keyed("b")));
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => provider.GetRequiredPrivatemodeClient(RegisteredAccount.Keyed("c")));
        Assert.Contains("RegisteredAccount.Keyed(\"b\")", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Account_WithoutAServiceKey_IsRefusedAndOtherwiseShowsNoKey()
    {
        Assert.Throws<ArgumentNullException>(() => RegisteredAccount.Keyed(null!));
        Assert.Throws<ArgumentException>(() => RegisteredAccount.Keyed(""));

        // An API key that is passed by mistake must not get into a log with the object.
        Assert.DoesNotContain("an API key", RegisteredAccount.Keyed("an API key").ToString(), StringComparison.Ordinal);
        Assert.Empty(typeof(RegisteredAccount).GetProperties(BindingFlags.Public | BindingFlags.Instance));
    }

    // A service key appears in logs, and the methods of the same names for Semantic Kernel take an API key as their second string.
    [Fact]
    public void Add_WithoutKeyed_TakesNoStringThatCouldBeAnApiKey()
    {
        IEnumerable<MethodInfo> methods = typeof(PrivatemodeServiceCollectionExtensions).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => !method.Name.StartsWith("AddKeyed", StringComparison.Ordinal));
        Assert.All(methods, method => Assert.All(
            method.GetParameters().Where(parameter => parameter.ParameterType == typeof(string)), parameter => Assert.Equal("modelId", parameter.Name)));
    }

    [Fact]
    public void AddKeyed_WithoutAServiceKey_IsRefused()
    {
        ServiceCollection services = new();
        Assert.Throws<ArgumentException>(() => services.AddKeyedPrivatemodeChatClient("", "gpt-oss-120b"));
        Assert.Throws<ArgumentNullException>(() => services.AddKeyedPrivatemodeEmbeddingGenerator(null!, "qwen3-embedding-4b"));
        Assert.Throws<ArgumentNullException>(() => services.AddKeyedPrivatemodeSpeechToTextClient(null!, "whisper-large-v3"));
    }

    [Fact]
    public void Add_DimensionsBelowOne_AreRefusedAtOnce() => Assert.Throws<ArgumentOutOfRangeException>(
        () => new ServiceCollection().AddPrivatemodeEmbeddingGenerator("qwen3-embedding-4b", defaultModelDimensions: 0));

    [Fact]
    public async Task Configure_WithServices_SeesThem()
    {
        IServiceCollection services = new ServiceCollection().AddSingleton(new Tenant("key-b")).AddPrivatemode((resolved, options) =>
        {
            _deployment.ConfigureClient(options);
            options.ApiKeyAccessor = _ => new(resolved.GetRequiredService<Tenant>().Key);
        });
        _ = services.AddPrivatemodeChatClient("gpt-oss-120b");
        await using ServiceProvider provider = services.BuildServiceProvider();
        _ = await provider.GetRequiredService<IChatClient>().GetResponseAsync("hi").OrTimeout();
        Assert.Equal("Bearer key-b", Assert.Single(_deployment.Requests).Headers["Authorization"]);
    }

    [Fact]
    public void AddKeyed_KeysDifferOnlyInCase_IsRefusedAsTheyShareASection()
    {
        IServiceCollection services = new ServiceCollection().AddKeyedPrivatemode("support");
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => services.AddKeyedPrivatemode("Support"));
        Assert.Contains("'support' and 'Support' differ only in case", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Privatemode:Accounts:support", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_AnotherOpenAIClientIsRegistered_IsRefusedAndOffersAKey()
    {
        IServiceCollection services = new ServiceCollection().AddSingleton(new OpenAIClient("another vendor's"));
        PrivatemodeConfigurationException exception =
            Assert.Throws<PrivatemodeConfigurationException>(() => services.AddPrivatemode(options => options.ApiKey = "key"));
        Assert.Contains("AddKeyedPrivatemode(\"privatemode\"", exception.Message, StringComparison.Ordinal);
        services.AddKeyedPrivatemode("privatemode", options => options.ApiKey = "key");
        Assert.Throws<PrivatemodeConfigurationException>(
            () => new ServiceCollection().AddKeyedSingleton("a", new OpenAIClient("x")).AddKeyedPrivatemode("a", options => options.ApiKey = "key"));
    }

    [Fact]
    public void Add_Twice_AddsSettingsOnly()
    {
        using ServiceProvider provider = new ServiceCollection()
            .AddPrivatemode(options => options.ApiKey = "key").AddPrivatemode(options => options.MaxSessions = 3).BuildServiceProvider();
        Assert.Single(provider.GetServices<PrivatemodeClient>());
        Assert.Single(provider.GetServices<IHostedService>());
    }

    [Fact]
    public async Task Dispose_TheProvider_EndsTheSession()
    {
        PrivatemodeClient client;
        await using (ServiceProvider provider = new ServiceCollection().AddPrivatemode(_deployment.ConfigureClient).BuildServiceProvider())
        {
            client = provider.GetRequiredService<PrivatemodeClient>();
            await client.ConnectAsync().OrTimeout();
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.ConnectAsync());
    }

    private IServiceCollection TwoAccounts() =>
        new ServiceCollection().AddPrivatemode(_deployment.ConfigureClient).AddKeyedPrivatemode("b", SetKeyOfB);

    private void SetKeyOfB(PrivatemodeOptions options)
    {
        _deployment.ConfigureClient(options);
        options.ApiKey = "key-b";
    }

    private static string? ModelOf(IChatClient client) => client.GetService<ChatClientMetadata>()?.DefaultModelId;

    private sealed record Tenant(string Key);
}
