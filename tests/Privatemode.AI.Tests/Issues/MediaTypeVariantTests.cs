using Microsoft.Extensions.AI;
using Privatemode.AI.Documents;
using Privatemode.AI.Tests.Chat;
using Privatemode.AI.Tests.Fakes;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Media types with parameters, in upper case, or under another name mean the type they stand for, and are sent as that.</summary>
public sealed class MediaTypeVariantTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private static readonly byte[] Bytes = [1, 2, 3, 250];

    [Theory]
    [InlineData("IMAGE/PNG", "image/png")]
    [InlineData("image/png;name=canary.png", "image/png")]
    [InlineData("image/png ; charset=utf-8", "image/png")]
    [InlineData("image/jpg", "image/jpeg")]
    [InlineData("Image/JPG;q=1", "image/jpeg")]
    [InlineData("image/pjpeg", "image/jpeg")]
    [InlineData("image/x-png", "image/png")]
    [InlineData("image/x-ms-bmp", "image/bmp")]
    public async Task Image_OfAVariantType_IsSentUnderItsOwn(string given, string sent)
    {
        string expected = $$$"""[{"type":"image_url","image_url":{"url":"data:{{{sent}}};base64,AQID+g=="}}]""";
        ChatFixture.AssertJson(expected, await PostPartsAsync(new DataContent(Bytes, given)));
        ChatFixture.AssertJson(expected, await PostPartsAsync(new DataContent($"data:{given.Replace(" ", "", StringComparison.Ordinal)};base64,AQID+g==")));
        ChatFixture.AssertJson(expected, await PostPartsAsync(
            new UriContent($"data:{given.Replace(" ", "", StringComparison.Ordinal)};base64,AQID+g==", "image/*")));
    }

    [Theory]
    [InlineData("audio/mpeg;rate=16000", "mp3")]
    [InlineData("AUDIO/MPEG", "mp3")]
    [InlineData("audio/mp3; codecs=mp3", "mp3")]
    [InlineData("audio/x-mp3", "mp3")]
    [InlineData("audio/x-mpeg", "mp3")]
    [InlineData("audio/wav;codec=pcm", "wav")]
    [InlineData("audio/x-wav", "wav")]
    [InlineData("audio/vnd.wave;codec=1", "wav")]
    [InlineData("audio/x-pn-wav", "wav")]
    public async Task Audio_OfAVariantType_IsSentInItsFormat(string given, string format)
    {
        string expected = $$$"""[{"type":"input_audio","input_audio":{"data":"AQID+g==","format":"{{{format}}}"}}]""";
        ChatFixture.AssertJson(expected, await PostPartsAsync(new DataContent(Bytes, given)));
        ChatFixture.AssertJson(expected, await PostPartsAsync(new DataContent($"data:{given.Replace(" ", "", StringComparison.Ordinal)};base64,AQID+g==")));
    }

    [Theory]
    [InlineData("application/pdf;version=1.7")]
    [InlineData("Application/PDF")]
    [InlineData("application/x-pdf")]
    public async Task File_OfAVariantType_IsSentAsPdf(string given) => ChatFixture.AssertJson(
        """[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AQID+g=="}}]""",
        await PostPartsAsync(new DataContent(Bytes, given) { Name = "a.pdf" }));

    [Theory]
    [InlineData("audio/x-m4a;name=canary.m4a", "'audio/mp4'")]
    [InlineData("AUDIO/OGG;codecs=opus", "'audio/ogg'")]
    [InlineData("application/pdfx", "'application/pdfx'")]
    public async Task Content_OfATypeNoMessageCarries_IsNamedWithoutParameters(string given, string named)
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => PostPartsAsync(new DataContent(Bytes, given)));
        Assert.Equal("DataContent.MediaType", exception.Member);
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>What comes with a request can be anything, and exceptions end up in logs.</summary>
    [Fact]
    public async Task Content_OfATypeLongerThanAnyThereIs_IsNotQuoted()
    {
        string words = string.Join('.', Enumerable.Repeat("sentence", 20));
        foreach (AIContent content in (AIContent[])[new DataContent(Bytes, $"text/{words}"), new UriContent($"data:text/{words};base64,AQID", "text/plain")])
        {
            PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => PostPartsAsync(content));
            Assert.DoesNotContain("sentence", exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("application/pdf;name=canary.pdf", "application/pdf")]
    [InlineData("APPLICATION/PDF", "application/pdf")]
    [InlineData("image/jpg", "image/jpeg")]
    [InlineData("text/plain; charset=utf-8", "text/plain")]
    [InlineData("application/x-gzip", "application/gzip")]
    public async Task Document_OfAVariantType_IsSentUnderItsOwn(string given, string sent)
    {
        Assert.Equal(sent, DocumentForm.TypeOf(new DocumentOptions { MediaType = given }));
        Assert.Equal(sent, DocumentForm.Fields(new DocumentOptions { UncompressedMediaType = given })
            .Single(field => field.Name == "gz_uncompressed_content_type").Value);
        _ = await fixture.Client.Documents.PartitionAsync(
            new MemoryStream(Bytes), "a.pdf", new DocumentOptions { MediaType = given }).OrTimeout();
        Assert.Contains($"Content-Type: {sent}\r\n", fixture.Deployment.Requests[^1].DecryptedBody, StringComparison.Ordinal);
    }

    /// <summary>The file tells what it is; its media type is not sent.</summary>
    [Theory]
    [InlineData("audio/x-wav;rate=16000")]
    [InlineData("AUDIO/WAVE")]
    public async Task Recording_OfAVariantType_IsTranscribed(string given)
    {
        _ = fixture.Deployment.Model.Reply("said");
        SpeechToTextResponse response = await fixture.Client.AsISpeechToTextClient("whisper-large-v3")
            .GetTextAsync(new DataContent(Recording.Wave(), given)).OrTimeout();
        Assert.Equal("said", response.Text);
    }

    private async Task<string> PostPartsAsync(params AIContent[] contents)
    {
        string messages = await fixture.PostAsync(new ChatMessage(ChatRole.User, contents));
        return System.Text.Json.Nodes.JsonNode.Parse(messages)![0]!["content"]!.ToJsonString();
    }
}
