using System.Text;
using Privatemode.AI.Encryption.Json;
using Privatemode.AI.Pipeline.Answers;
using Privatemode.AI.Pipeline.Requests;

namespace Privatemode.AI.Tests.Pipeline.Answers;

/// <summary>JSON may escape half a surrogate pair. The platform's readers throw InvalidOperationException there; ours must not.</summary>
public sealed class LoneSurrogateTests
{
    [Theory]
    [InlineData("{\"error\":{\"message\":\"\\ud800\"}}")]
    [InlineData("{\"error\":\"\\udc00\"}")]
    [InlineData("{\"message\":\"text\",\"code\":\"\\ud800\"}")]
    [InlineData("{\"erro\\ud800\":1}")]
    [InlineData("\"\\ud800\"")]
    public void Read_ErrorWithALoneSurrogate_IsItsOwnMessage(string body) =>
        Assert.Equal((body, null), ErrorText.Read(Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("""{"messages":[{"conten\ud800":[],"content":[{"image_url":{"url":"https://a/b"}}]}]}""")]
    [InlineData("""{"messages":[{"content":[{"image_ur\ud800":1,"image_url":{"url":"https://a/b"}}]}]}""")]
    [InlineData("""{"messages":[{"content":[{"image_url":{"ur\udc00":1,"url":"https://a/b"}}]}]}""")]
    public void Find_NameWithALoneSurrogate_IsNoneOfTheNames(string body)
    {
        byte[] document = Encoding.UTF8.GetBytes(body);
        using JsonIndex index = new();
        Assert.Equal(JsonShape.Usable, index.Read(document));
        List<MediaUrl> found = [];
        RemoteMediaFinder.Find(document, index, found.Add);
        MediaUrl url = Assert.Single(found);
        Assert.Equal("\"https://a/b\"", Encoding.UTF8.GetString(document.AsSpan(url.Start, url.Length)));
    }
}
