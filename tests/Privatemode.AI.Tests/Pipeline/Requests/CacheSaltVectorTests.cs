using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Testing.Enclave;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Pipeline.Requests;

/// <summary>vectors/protocol/cache_salt.json.</summary>
public sealed class CacheSaltVectorTests
{
    // The reference takes any JSON value whose text is long enough; the service documents a string, and we take nothing else.
    private static readonly HashSet<string> StricterHere =
    [
        "{\"cache_salt\":12345678901234567890123456789012345}",
        "{\"cache_salt\":{\"a\":\"ssssssssssssssssssssssssssssssss\"}}",
    ];

    private readonly JsonElement _file = VectorFiles.Protocol("cache_salt.json");

    [Fact]
    public void Inject_AllCases_GiveTheReferenceBodyOrAreRefused()
    {
        byte[] salt = _file.Bytes("salt");
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("inject"))
        {
            string input = vector.Text("input");
            log.Run(input, () =>
            {
                using PooledBytes body = PooledBytes.Copy(Encoding.UTF8.GetBytes(input));
                using JsonIndex index = new();
                JsonShape shape = index.Read(body.Span);
                if (shape != JsonShape.Usable)
                {
                    // An empty body and an array, which the reference passes on or refuses, never come this far.
                    Assert.Contains(input, (string[])["", "[1,2]"]);
                    return;
                }

                if (vector.Flag("go_error") || StricterHere.Contains(input))
                {
                    Assert.Equal("cache_salt", Assert.Throws<PrivatemodeRequestException>(() => PromptCacheSaltWriter.Ensure(body, index, salt)).Member);
                    return;
                }

                bool added = PromptCacheSaltWriter.Ensure(body, index, salt);
                Assert.Equal(vector.Text("output"), Encoding.UTF8.GetString(body.Span));
                Assert.Equal(input != vector.Text("output"), added);
                AssertIndexIsUpToDate(body, index);
            });
        }

        log.AssertAllPassed(20);
    }

    [Fact]
    public void ServerValidate_AllCases_TheTestDeploymentJudgesAsTheService()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("server_validate"))
        {
            log.Run(vector.Text("input"), () => Assert.Equal(vector.Flag("ok"), BodyRules.CheckCacheSalt(vector.Text("input")) is null));
        }

        log.AssertAllPassed(20);
    }

    [Fact]
    public void RandomSalt_HasTheFormOfTheExample()
    {
        JsonElement example = _file.GetProperty("random_salt_example");
        Assert.Equal(example.Text("salt"), Convert.ToBase64String(example.Hex("random_hex")));
        byte[] random = example.Hex("random_hex");
        byte[] salt = new PromptCacheSaltProvider(PromptCacheScope.None).Of("key", null, null, random, out bool isShared);
        Assert.Equal(example.Text("salt"), Encoding.ASCII.GetString(salt));
        Assert.False(isShared);
        Assert.Equal(new byte[32], random);
    }

    [Fact]
    public void Prepare_ManyCalls_EveryByteOfSaltAndIdIsRandomAndNoneIsInBoth()
    {
        RequestEncryptor encryptor = new(new Uri("https://api.privatemode.ai"), new PromptCacheSaltProvider(PromptCacheScope.None), TimeProvider.System);
        HashSet<string> salts = [];
        HashSet<string> ids = [];
        for (int i = 0; i < 500; i++)
        {
            PooledBytes bytes = PooledBytes.Copy("""{"model":"m","messages":[]}"""u8);
            using EncryptedCall call = encryptor.Prepare(
                EndpointRules.ChatCompletions, RequestEncryptor.Read(EndpointRules.ChatCompletions, bytes, null), "key");
            JsonRequestBody body = (JsonRequestBody)call.Body!;
            byte[] salt = PromptCacheSaltWriter.Get(body.Bytes.Span, body.Index);
            Assert.True(salts.Add(Convert.ToHexStringLower(Convert.FromBase64String(Encoding.ASCII.GetString(salt)))));
            Assert.True(ids.Add(call.RequestId.Replace("-", "", StringComparison.Ordinal)[^14..]));
        }

        Assert.All(Enumerable.Range(0, 32), at => Assert.True(salts.Select(salt => salt.Substring(2 * at, 2)).Distinct().Count() > 100));
        Assert.All(Enumerable.Range(0, 7), at => Assert.True(ids.Select(id => id.Substring(2 * at, 2)).Distinct().Count() > 100));

        // The ID is sent in the clear.
        Assert.DoesNotContain(ids, id => salts.Any(salt => salt.Contains(id, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("quote\" backslash\\ and 32 bytes of text")]
    [InlineData("line\nbreak, tab\t and more than 32 bytes")]
    [InlineData("Grüße, 日本語 and more than 32 bytes")]
    public void Ensure_SaltThatNeedsEscaping_IsWrittenAsJson(string salt)
    {
        foreach (string document in (string[])["{\"a\":1}", "{}", "{\"cache_salt\":null,\"z\":1}"])
        {
            using PooledBytes body = PooledBytes.Copy(Encoding.UTF8.GetBytes(document));
            using JsonIndex index = new();
            index.Read(body.Span);
            Assert.True(PromptCacheSaltWriter.Ensure(body, index, Encoding.UTF8.GetBytes(salt)));
            AssertIndexIsUpToDate(body, index);
            Assert.Equal(salt, Encoding.UTF8.GetString(PromptCacheSaltWriter.Get(body.Span, index)));
        }
    }

    private static void AssertIndexIsUpToDate(PooledBytes body, JsonIndex index)
    {
        using JsonIndex fresh = new();
        Assert.Equal(JsonShape.Usable, fresh.Read(body.Span));
        Assert.Equal(fresh.Order.ToArray(), index.Order.ToArray());
        for (int i = 0; i < fresh.Members.Length; i++)
        {
            Assert.Equal(fresh.Name(fresh.Members[i]).ToArray(), index.Name(index.Members[i]).ToArray());
            Assert.Equal((fresh.Members[i].ValueStart, fresh.Members[i].ValueLength), (index.Members[i].ValueStart, index.Members[i].ValueLength));
            Assert.Equal(fresh.Members[i].Kind, index.Members[i].Kind);
        }
    }
}
