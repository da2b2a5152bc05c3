using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Tests.Pipeline.Requests;

/// <summary>Who shares the prompt cache with whom.</summary>
public sealed class PromptCacheSaltProviderTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    [Fact]
    public void None_EveryCall_HasItsOwn()
    {
        PromptCacheSaltProvider salts = new(PromptCacheScope.None);
        Assert.NotEqual(Of(salts, "a", isShared: false), Of(salts, "a", isShared: false));
    }

    [Fact]
    public void PerClient_DiffersByClientAndByKey()
    {
        PromptCacheSaltProvider one = new(PromptCacheScope.PerClient);
        PromptCacheSaltProvider other = new(PromptCacheScope.PerClient);
        Assert.Equal(Of(one, "a"), Of(one, "a"));
        Assert.NotEqual(Of(one, "a"), Of(one, "b"));
        Assert.NotEqual(Of(one, "a"), Of(other, "a"));
    }

    [Fact]
    public void Shared_IsUsedAsItIs()
    {
        string salt = new('s', 32);
        Assert.Equal(salt, Of(new PromptCacheSaltProvider(PromptCacheScope.Shared(salt), areManyCallers: true), "a"));
    }

    [Fact]
    public void Shared_CopyIsWiped_TheNextCallHasItStill()
    {
        PromptCacheSaltProvider salts = new(PromptCacheScope.Shared(new string('s', 32)));
        CryptographicOperations.ZeroMemory(salts.Of("a", null, null, out _));
        Assert.Equal(new string('s', 32), Of(salts, "a"));
    }

    [Fact]
    public void PerUser_SameSecretAndUser_ShareAcrossClients()
    {
        string salt = Of(new PromptCacheSaltProvider(PromptCacheScope.PerUser(Secret, "ada")), "a");
        Assert.Equal(salt, Of(new PromptCacheSaltProvider(PromptCacheScope.PerUser(Secret, () => "ada")), "b"));
        Assert.NotEqual(salt, Of(new PromptCacheSaltProvider(PromptCacheScope.PerUser(Secret, "Ada")), "a"));
        Assert.NotEqual(salt, Of(new PromptCacheSaltProvider(PromptCacheScope.PerUser(RandomNumberGenerator.GetBytes(32), "ada")), "a"));
    }

    [Fact]
    public void PerUser_ManyCallers_UsersOfDifferentKeysNeverShare()
    {
        PromptCacheSaltProvider salts = new(PromptCacheScope.PerUser(Secret, "1"), areManyCallers: true);
        Assert.Equal(Of(salts, "a"), Of(salts, "a"));
        Assert.NotEqual(Of(salts, "a"), Of(salts, "b"));
        Assert.NotEqual(Of(salts, "a"), Of(new PromptCacheSaltProvider(PromptCacheScope.PerUser(Secret, "1")), "a"));
    }

    [Fact]
    public void PerUser_IsHkdfOfTheSecretWithALabelAndTheUser()
    {
        byte[] expected = HKDF.DeriveKey(
            HashAlgorithmName.SHA256, Secret, 32, salt: [], info: Encoding.UTF8.GetBytes("Privatemode.AI prompt cache v1 user\0zoë"));
        Assert.Equal(Convert.ToBase64String(expected), Of(new PromptCacheSaltProvider(PromptCacheScope.PerUser(Secret, "zoë")), "a"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void PerUser_NobodyInParticular_SharesWithNoOther(string? user)
    {
        PromptCacheSaltProvider salts = new(PromptCacheScope.PerUser(Secret, () => user));
        Assert.NotEqual(Of(salts, "a", isShared: false), Of(salts, "a", isShared: false));
    }

    [Fact]
    public void PerUser_UserChanges_IsAskedOnceForEachCall()
    {
        int asked = 0;
        PromptCacheSaltProvider salts = new(PromptCacheScope.PerUser(Secret, () => $"{asked++ / 2}"));
        string[] four = [.. Enumerable.Range(0, 4).Select(_ => Of(salts, "a"))];
        Assert.Equal(4, asked);
        Assert.Equal(four[0], four[1]);
        Assert.Equal(four[2], four[3]);
        Assert.NotEqual(four[1], four[2]);
    }

    [Fact]
    public void PerUser_SecretIsChangedAfterwards_HasNoEffect()
    {
        byte[] secret = [.. Secret];
        PromptCacheSaltProvider salts = new(PromptCacheScope.PerUser(secret, "ada"));
        string before = Of(salts, "a");
        CryptographicOperations.ZeroMemory(secret);
        Assert.Equal(before, Of(salts, "a"));
    }

    [Fact]
    public void PerUser_BadSecretOrUser_IsRefused()
    {
        Assert.Equal("PromptCache.Scope", Assert.Throws<PrivatemodeConfigurationException>(() => PromptCacheScope.PerUser(new byte[31], "ada")).Setting);
        Assert.Throws<ArgumentException>(() => PromptCacheScope.PerUser(Secret, ""));
        Assert.Throws<ArgumentNullException>(() => PromptCacheScope.PerUser(Secret, (Func<string?>)null!));

        // Two users with broken surrogates would be one user with a replacement character.
        Assert.Equal("PromptCache.Scope", Assert.Throws<PrivatemodeConfigurationException>(() => PromptCacheScope.PerUser(Secret, "a\ud800")).Setting);
        PromptCacheSaltProvider salts = new(PromptCacheScope.PerUser(Secret, () => "a\ud800"));
        Assert.Equal("PromptCache.Scope", Assert.Throws<PrivatemodeRequestException>(() => salts.Of("a", null, null, out _)).Member);
    }

    private static string Of(PromptCacheSaltProvider salts, string apiKey, bool isShared = true)
    {
        string salt = Encoding.UTF8.GetString(salts.Of(apiKey, null, null, out bool actual));
        Assert.Equal(isShared, actual);
        Assert.True(Encoding.UTF8.GetByteCount(salt) >= PromptCacheScope.MinimumSaltBytes);
        return salt;
    }
}
