using System.Text;
using Privatemode.AI.Encryption;
using Privatemode.AI.Encryption.Json;
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

    /// <summary>Long texts are not read twice. Everything around them is: names, other URLs, and their positions.</summary>
    [Theory]
    [InlineData(ShortenedText.From - 1)]
    [InlineData(ShortenedText.From)]
    [InlineData(ShortenedText.From + 5000)]
    public void Find_LongTextsBetweenUrls_FindsTheSameUrls(int length)
    {
        // Characters of two bytes: the text may be cut in the middle of one.
        string text = new('ö', length / 2);
        string data = "data:image/png;base64," + new string('A', length);
        string remote = "https://example.com/" + new string('a', length);
        string body = $$$"""
            {"tools":[{"a":"{{{text}}}"}],"messages":[{"content":[{"text":"{{{text}}}"},{"image_url":{"url":"https://a/1"}},
            {"image_url":{"detail":"{{{text}}}","url":"{{{data}}}"}},{"image_url" : "{{{remote}}}"},{"image_url":{"url":"http\u0073://a/2"}},
            {"image_url":"{{{data}}}\u0020"},{"image_url":"{{{data}}}x y","text":"{{{text}}}"},{"image_url":"https://a/3"}]}],"last":["{{{text}}}"]}
            """;
        using JsonRequestBody plain = new(PooledBytes.Copy(Encoding.UTF8.GetBytes(body)));
        List<(string Url, string Place)> found = [];
        RemoteMediaFinder.Find(
            plain.Bytes.Span, plain.Index,
            url => found.Add((Encoding.UTF8.GetString(plain.Bytes.Span.Slice(url.Start, url.Length)), url.Place.ToString())));
        string[] expected = ["\"https://a/1\"", $"\"{remote}\"", "\"http\\u0073://a/2\"", "\"https://a/3\""];
        Assert.Equal(expected, found.Select(url => url.Url).Where(url => !url.StartsWith("\"data:", StringComparison.Ordinal)));
        Assert.Equal("messages[0].content[7]", found[^1].Place);
    }

    [Theory]
    [InlineData(ShortenedText.From - 1)]
    [InlineData(ShortenedText.From)]
    [InlineData(ShortenedText.From + 5000)]
    public void FindSources_LongTextsBetweenUrls_FindsTheSameUrls(int length)
    {
        string text = new('ö', length / 2);
        string remote = "https://example.com/" + new string('a', length);
        string body = $$$"""
            {"system":"{{{text}}}","messages":[{"content":[{"text":"{{{text}}}"},{"source":{"url":"https://a/1"}},{"source":{"data":"{{{text}}}"}},
            {"source" : {"url" : "{{{remote}}}"}},{"content":[{"source":{"data":"{{{text}}}","url":"http\u0073://a/2"}}]},{"source":{"url":"https://a/3"}}]}],
            "tools":[{"a":"{{{text}}}"}]}
            """;
        using JsonRequestBody plain = new(PooledBytes.Copy(Encoding.UTF8.GetBytes(body)));
        List<string> found = [];
        RemoteMediaFinder.FindSources(
            plain.Bytes.Span, plain.Index, url => found.Add(Encoding.UTF8.GetString(plain.Bytes.Span.Slice(url.Start, url.Length))));
        Assert.Equal(["\"https://a/1\"", $"\"{remote}\"", "\"http\\u0073://a/2\"", "\"https://a/3\""], found);
    }

    // The copy is more memory for a body, which no limit counts.
    [Theory]
    [InlineData(0, ShortenedText.From, 100, false)]
    [InlineData(ShortenedText.From, 0, 100, true)]
    [InlineData(ShortenedText.From, 0, 2 * ShortenedText.From, false)]
    [InlineData(3 * ShortenedText.From, ShortenedText.From, 2 * ShortenedText.From, true)]
    public void ShortenedText_IsACopyOnlyIfItIsAtMostHalfAsLong(int inside, int outside, int rest, bool isCopy)
    {
        string shortTexts = string.Concat(Enumerable.Repeat("\"0123456789\",", rest / 13));
        string body = $$$"""{"tools":["{{{new string('a', outside)}}}"],"messages":[{{{shortTexts}}}"{{{new string('a', inside)}}}"]}""";
        using JsonRequestBody plain = new(PooledBytes.Copy(Encoding.UTF8.GetBytes(body)));
        JsonMember member = plain.Index.Members[plain.Index.Find("messages"u8)];
        using ShortenedText text = new(plain.Bytes.Span, plain.Index, member);
        Assert.Equal(isCopy, text.Shortened != text.Original);
        Assert.InRange(text.Shortened.Length, 0, isCopy ? text.Original.Length / 2 + 100 : text.Original.Length);
        Assert.Equal(text.Original.Length, text.OriginalPosition(text.Shortened.Length));
    }

    [Theory]
    [InlineData("data:image/png;base64,{0}\\u0000")]
    [InlineData("data:image/png;base64,{0}%z")]
    [InlineData("ftp://{0}")]
    [InlineData("http://{0}")]
    public void Resolve_LongUrlThatIsWrongAtItsEndOnly_IsHandledAsAShortOne(string url)
    {
        foreach (int length in (int[])[10, ShortenedText.From])
        {
            string text = string.Format(System.Globalization.CultureInfo.InvariantCulture, url, new string('A', length));
            using JsonRequestBody body = new(PooledBytes.Copy(
                Encoding.UTF8.GetBytes($$$"""{"messages":[{"content":[{"image_url":{"url":"{{{text}}}"}}]}]}""")));
            RemoteMediaResolver resolver = new(RemoteMediaPolicy.FetchByService, null);
            Exception? refused = Record.Exception(
                () => resolver.ResolveAsync(EndpointRules.ChatCompletions, body, async: false, CancellationToken.None).Completed());
            Assert.Equal(!url.Contains("%z", StringComparison.Ordinal), refused is PrivatemodeWouldLeakException);
        }
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
