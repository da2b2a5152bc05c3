using System.Security.Cryptography;
using Examples;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI;
using Privatemode.AI.Testing;

// One client for many tenants: each request uses the API key of its tenant. Tenants share neither secrets nor cached prompts.
PrivatemodeTestDeploymentOptions accounts = new() { AdditionalApiKeys = { "key-of-acme", "key-of-globex" } };
await using Example example = await Example.StartAsync(model => model.SetFallback(_ => ScriptedAnswer.Text("Done.")), accounts);
string? ownKey = Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable);
byte[] cacheSecret = RandomNumberGenerator.GetBytes(32);

ServiceCollection services = new();
services.AddPrivatemode(options =>
{
    example.Deployment?.ConfigureClient(options);

    // An asynchronous accessor can read the key from a store: async cancellationToken => await ...
    options.ApiKeyAccessor = _ => ValueTask.FromResult(Tenant.Current?.ApiKey);
    options.MaxSessions = 100;
    options.PromptCache.Scope = PromptCacheScope.PerUser(cacheSecret, () => Tenant.Current?.User);
});
services.AddPrivatemodeChatClient("gpt-oss-120b");
await using ServiceProvider provider = services.BuildServiceProvider();
IChatClient chat = provider.GetRequiredService<IChatClient>();

// In a web application, middleware sets the tenant from the authenticated user.
Tenant[] tenants = [new(ownKey ?? "key-of-acme", "alice"), new(ownKey ?? "key-of-globex", "bob")];
await Task.WhenAll(tenants.Select(async tenant =>
{
    Tenant.Current = tenant;
    ChatResponse answer = await chat.GetResponseAsync("Sum up my week.");
    Console.WriteLine($"{tenant.User}: {answer.Text} (secret {answer.GetPrivatemodeReceipt()!.SecretId})");
}));

try
{
    await chat.GetResponseAsync("Whose call is this?");
}
catch (PrivatemodeConfigurationException exception)
{
    Console.WriteLine($"Without a tenant: {exception.Message}");
}

/// <summary>The tenant of the current request. It flows with the asynchronous call.</summary>
internal sealed record Tenant(string ApiKey, string User)
{
    private static readonly AsyncLocal<Tenant?> Ambient = new();

    public static Tenant? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }
}
