using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Tests.Pipeline.Requests;

public sealed class RemoteMediaTests
{
    // Passed on as it is, the service would fetch it.
    [Fact]
    public async Task Resolve_UrlInASourceWhileImagesAreFetchedHere_IsRefused()
    {
        string body = """{"messages":[{"content":[{"type":"image","source":{"type":"url","url":"https://example.com/a"}}]}]}""";
        using JsonRequestBody plain = new(PooledBytes.Copy(Encoding.UTF8.GetBytes(body)));
        RemoteMediaResolver resolver = new(RemoteMediaPolicy.FetchLocally, null);
        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => resolver.ResolveAsync(EndpointRules.Messages, plain, async: true, CancellationToken.None).AsTask());
        Assert.Equal("remote-media", exception.ErrorType);
    }

    [Theory]
    [InlineData("image_url", 1)]
    [InlineData("\\u0069mage_url", 1)]
    [InlineData("image\\u005furl", 1)]
    [InlineData("image\\u005Furl", 1)]
    [InlineData("image_ur\\u006c", 1)]
    [InlineData("\\u00f6image_url", 0)]
    [InlineData("image_uri", 0)]
    public void Find_NameWrittenWithEscapes_IsTheSameName(string name, int count)
    {
        string body = $$$"""
            {"messages":[{"content":[{"text":"Zw\u00F6lf \u0022quoted\u0022 Boxk\u00E4mpfer"},{"{{{name}}}":{"url":"https://example.com/a"}}]}]}
            """;
        using JsonRequestBody plain = new(PooledBytes.Copy(Encoding.UTF8.GetBytes(body)));
        List<MediaUrl> found = [];
        RemoteMediaFinder.Find(plain.Bytes.Span, plain.Index, found.Add);
        Assert.Equal(count, found.Count);
    }

    // The memory for the URLs is not counted in the proxy's buffer budget: a body of 64 MiB took 400 MiB more.
    [Theory]
    [InlineData(RemoteMediaPolicy.Refuse, false, """{"image_url":""}""")]
    [InlineData(RemoteMediaPolicy.FetchByService, false, """{"image_url":"https://a/b"}""")]
    [InlineData(RemoteMediaPolicy.FetchLocally, false, """{"image_url":"https://a/b"}""")]
    [InlineData(RemoteMediaPolicy.Refuse, true, """{"source":{"url":""}}""")]
    [InlineData(RemoteMediaPolicy.FetchByService, true, """{"source":{"url":"https://a/b"}}""")]
    public void Resolve_BodyFullOfUrls_TakesNoMemoryForEachUrl(RemoteMediaPolicy policy, bool isMessages, string part)
    {
        string parts = string.Join(',', Enumerable.Repeat(part, 20_000));
        using JsonRequestBody body = new(PooledBytes.Copy(Encoding.UTF8.GetBytes($$"""{"messages":[{"content":[{{parts}}]}]}""")));
        RemoteMediaResolver resolver = new(policy, null);
        EndpointRule rule = isMessages ? EndpointRules.Messages : EndpointRules.ChatCompletions;
        _ = Resolve();
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isRefused = Resolve() is not null;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(policy != RemoteMediaPolicy.FetchByService, isRefused);
        Assert.True(allocated < 64 * 1024, $"{allocated} bytes for 20,000 URLs");

        Exception? Resolve() => Record.Exception(
            () => resolver.ResolveAsync(rule, body, async: false, CancellationToken.None).Completed());
    }
}
