using System.Text;
using System.Text.Json;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Requests;
using Privatemode.AI.Tests.Vectors;

namespace Privatemode.AI.Tests.Pipeline.Requests;

/// <summary>vectors/protocol/shard_key.json.</summary>
public sealed class ShardKeyVectorTests
{
    // Never come as far as the shard key: the salt is not a string of 32 bytes, the names are not unique, or there is no body.
    private static readonly HashSet<string> RefusedBefore =
        ["short salt is used as is (checked elsewhere)", "numeric salt", "duplicate messages: the first counts", "empty body"];

    private readonly JsonElement _file = VectorFiles.Protocol("shard_key.json");

    [Fact]
    public void OfContent_AllCases_GiveTheReferenceKey()
    {
        CaseLog log = new();
        foreach (JsonElement vector in _file.Items("content"))
        {
            JsonElement content = vector.GetProperty("content");
            log.Run($"{content} with {vector.Text("cache_salt")}", () =>
            {
                byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(content.Text("repeat"), content.Int("count"))));
                Assert.Equal(vector.Int("content_bytes"), bytes.Length);
                if (vector.Flag("go_error"))
                {
                    Assert.Throws<PrivatemodeRequestException>(() => ShardKey.OfContent(bytes, vector.Bytes("cache_salt")));
                    return;
                }

                string key = ShardKey.OfContent(bytes, vector.Bytes("cache_salt"));
                Assert.Equal(vector.Int("length"), key.Length);
                Assert.Equal(vector.Text("shard_key"), key);
            });
        }

        log.AssertAllPassed(43);
    }

    [Fact]
    public void OfBody_AllCases_GiveTheReferenceHeader()
    {
        CaseLog log = new();
        int refused = 0;
        foreach (JsonElement vector in _file.Items("bodies"))
        {
            string name = vector.Text("name");
            log.Run(name, () =>
            {
                using PooledBytes body = PooledBytes.Copy(vector.Bytes("body"));
                using JsonIndex index = new();
                JsonShape shape = index.Read(body.Span);
                if (RefusedBefore.Contains(name))
                {
                    refused++;
                    Assert.True(shape != JsonShape.Usable
                        || Record.Exception(() => PromptCacheSaltWriter.Ensure(body, index, new byte[32])) is PrivatemodeException);
                    return;
                }

                Assert.Equal(vector.GetProperty("shard_key").GetString(), HeaderOf(body, index, vector.Bytes("default_cache_salt")));
            });
        }

        log.AssertAllPassed(30);
        Assert.Equal(RefusedBefore.Count, refused);
    }

    /// <summary>What the engine does: no header when the salt is random.</summary>
    private static string? HeaderOf(PooledBytes body, JsonIndex index, byte[] fixedSalt)
    {
        bool added = PromptCacheSaltWriter.Ensure(body, index, fixedSalt.Length > 0 ? fixedSalt : Encoding.ASCII.GetBytes(new string('s', 44)));
        return added && fixedSalt.Length == 0 ? null : ShardKey.OfBody(body.Span, index, PromptCacheSaltWriter.Get(body.Span, index));
    }
}
