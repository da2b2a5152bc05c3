using System.Security.Cryptography;
using System.Text;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Fakes;

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
        CryptographicOperations.ZeroMemory(salts.Of("a", null, null, new byte[32], out _));
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
    public void PerUser_NoUser_GetsACacheSaltOfItsOwn(string? user)
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
        Assert.Equal("PromptCache.Scope", Assert.Throws<PrivatemodeRequestException>(() => salts.Of("a", null, null, new byte[32], out _)).Member);
    }

    [Fact]
    public void None_Session_IsIgnored()
    {
        PromptCacheSaltProvider salts = new(PromptCacheScope.None);
        Assert.NotEqual(Of(salts, "a", isShared: false, "1"), Of(salts, "a", isShared: false, "1"));
    }

    [Fact]
    public void PerSession_DiffersBySessionKeyAndCaller()
    {
        PromptCacheSaltProvider salts = new(PromptCacheScope.PerSession());
        Assert.Equal(Of(salts, "a", true, "1"), Of(salts, "a", true, "1"));
        string[] all =
        [
            Of(salts, "a", true, "1"), Of(salts, "a", true, "2"), Of(salts, "b", true, "1"), Of(salts, "a", true, "1", "anna"),
            Of(salts, "a", true, "1", "ben"), Of(new PromptCacheSaltProvider(PromptCacheScope.PerSession()), "a", true, "1"),
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void PerSession_NoSession_SharesWithNoOther(string? session)
    {
        PromptCacheSaltProvider salts = new(PromptCacheScope.PerSession(Secret));
        Assert.NotEqual(Of(salts, "a", isShared: false, session), Of(salts, "a", isShared: false, session));
    }

    // Computed with Python's hmac and hashlib from the texts in the documentation of the scopes.
    [Fact]
    public void Session_IsHkdfOfTheSecretOrOfTheWiderSalt()
    {
        const string Session = "Grüße";
        PromptCacheSaltProvider perSession = new(PromptCacheScope.PerSession(Secret));
        Assert.Equal("YLv8gLs3V95xBktLUrEUDBCIVpbJo/7fDSsZrPrwhlA=", Of(perSession, "a", true, Session));
        Assert.Equal("mONBOWNmV/jLoyZFPtYpng0ug97Y2lSdwcDbe+3iTf4=", Of(perSession, "a", true, Session, "anna"));
        PromptCacheSaltProvider shared = new(PromptCacheScope.Shared(new string('s', 32)));
        Assert.Equal("mAU+H23XigGRmkntddnbOL7rF3WxZMB4rU5WbnHC7aY=", Of(shared, "a", true, Session));
        PromptCacheSaltProvider perUser = new(PromptCacheScope.PerUser(Secret, "anna"));
        Assert.Equal("7qv4cd374HAb4B/HZAbRUuvXcRrunV4WZg4QeyIwD/o=", Of(perUser, "a", true, Session));
    }

    [Fact]
    public void Session_MakesTheOtherScopesNarrower()
    {
        PromptCacheSaltProvider perClient = new(PromptCacheScope.PerClient);
        Assert.Equal(Of(perClient, "a", true, "1"), Of(perClient, "a", true, "1"));
        string[] all = [Of(perClient, "a"), Of(perClient, "a", true, "1"), Of(perClient, "a", true, "2"), Of(perClient, "b", true, "1")];
        Assert.Equal(all.Length, all.Distinct().Count());

        // Without a user there is nothing to narrow.
        PromptCacheSaltProvider nobody = new(PromptCacheScope.PerUser(Secret, () => null));
        Assert.NotEqual(Of(nobody, "a", isShared: false, "1"), Of(nobody, "a", isShared: false, "1"));

        // The copy that was narrowed is wiped, and the next call has the salt still.
        PromptCacheSaltProvider shared = new(PromptCacheScope.Shared(new string('s', 32)));
        Assert.Equal(Of(shared, "a", true, "1"), Of(shared, "a", true, "1"));
        Assert.Equal(new string('s', 32), Of(shared, "a"));
    }

    [Theory]
    [InlineData("None")]
    [InlineData("PerClient")]
    [InlineData("PerSession")]
    public void Session_TooLongOrNoText_IsRefused(string scope)
    {
        PromptCacheSaltProvider salts = new(
            scope == "None" ? PromptCacheScope.None : scope == "PerClient" ? PromptCacheScope.PerClient : PromptCacheScope.PerSession());
        _ = salts.Of("a", new string('x', 1024), null, new byte[32], out _);
        foreach (string session in (string[])[new string('x', 1025), new string('é', 513), "a\ud800"])
        {
            Assert.Equal("prompt_cache_key", Assert.Throws<PrivatemodeRequestException>(() => salts.Of("a", session, null, new byte[32], out _)).Member);
        }
    }

    [Fact]
    public void PerSession_ShortSecret_IsRefused() =>
        Assert.Equal("PromptCache.Scope", Assert.Throws<PrivatemodeConfigurationException>(() => PromptCacheScope.PerSession(new byte[31])).Setting);

    // A salt of zeros would be known to everyone, and with it what other callers have asked.
    [Fact]
    public void Of_ClientWasDisposed_SecretIsZeroedAndNoSaltIsDerivedFromIt()
    {
        PromptCacheScope[] scopes = [PromptCacheScope.PerClient, PromptCacheScope.PerSession()];
        foreach (PromptCacheScope scope in scopes)
        {
            PromptCacheSaltProvider salts = new(scope);
            byte[] secret = salts.Field<byte[]>("_clientSecret");
            Assert.Equal(GC.MaxGeneration, GC.GetGeneration(secret));
            _ = Of(salts, "a", session: "1");
            Assert.NotEqual(new byte[32], secret);
            salts.Dispose();
            Assert.Equal(new byte[32], secret);
            Assert.Throws<ObjectDisposedException>(() => Of(salts, "a", session: "1"));
        }
    }

    private static string Of(PromptCacheSaltProvider salts, string apiKey, bool isShared = true, string? session = null, string? caller = null)
    {
        string salt = Encoding.UTF8.GetString(salts.Of(apiKey, session, caller, RandomNumberGenerator.GetBytes(32), out bool actual));
        Assert.Equal(isShared, actual);
        Assert.True(Encoding.UTF8.GetByteCount(salt) >= PromptCacheScope.MinimumSaltBytes);
        return salt;
    }
}
