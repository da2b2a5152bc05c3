using System.Security.Cryptography;
using Privatemode.Tool.Proxy;
using Privatemode.Tool.Services;
using Privatemode.Tool.Tests.Fakes;

namespace Privatemode.Tool.Tests.Proxy;

/// <summary>How long secrets from files stay in memory.</summary>
public sealed class ProxySecretTests : IDisposable
{
    private readonly ToolRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void SecretFile_Read_ReturnsAPinnedArray()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(32);
        _ = _run.WriteFile("secret", Convert.ToBase64String(bytes) + "\n");

        byte[] secret = SecretFile.Read("--secret", "@secret", 32, 64, _run.Context);

        Assert.Equal(bytes, secret);

        // The heap of pinned objects counts as the oldest generation; any other new array of this size is in the youngest one.
        Assert.Equal(GC.MaxGeneration, GC.GetGeneration(secret));
    }

    [Fact]
    public async Task Dispose_OfTheProxy_ZeroesItsSecrets()
    {
        (byte[] cacheSecret, byte[] reasoningKey) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));
        ProxySettings settings = new()
        {
            Service = new ServiceSettings { IsDemo = true },
            DefaultWorkspace = _run.WorkingDirectory,
            UsesSessionPromptCache = true,
            PromptCacheSecret = cacheSecret,
            ReasoningKey = reasoningKey,
        };
        await using (ProxyHost host = await ProxyHost.StartAsync(settings, _run.Context))
        {
            Assert.NotEqual(new byte[32], cacheSecret);
            Assert.NotEqual(new byte[32], reasoningKey);
        }

        Assert.Equal(new byte[32], cacheSecret);
        Assert.Equal(new byte[32], reasoningKey);
    }
}
