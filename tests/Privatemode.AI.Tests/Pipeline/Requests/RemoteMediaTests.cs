using System.Text;
using Privatemode.AI.Encryption;
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
    public void Find_NameWrittenWithEscapes_IsTheSameName(string name, int found)
    {
        string body = $$$"""
            {"messages":[{"content":[{"text":"Zw\u00F6lf \u0022quoted\u0022 Boxk\u00E4mpfer"},{"{{{name}}}":{"url":"https://example.com/a"}}]}]}
            """;
        using JsonRequestBody plain = new(PooledBytes.Copy(Encoding.UTF8.GetBytes(body)));
        Assert.Equal(found, RemoteMediaFinder.Find(plain.Bytes.Span, plain.Index).Count);
    }
}
