using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Privatemode.AI.Tests.Chat;

public sealed class RequestMediaTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private static readonly byte[] Bytes = [1, 2, 3, 250];

    public static TheoryData<object?, string> Details => new()
    {
        { null, "" },
        { "low", ",\"detail\":\"low\"" },
        { ChatImageDetailLevel.High, ",\"detail\":\"high\"" },
        { System.Text.Json.JsonDocument.Parse("\"auto\"").RootElement, ",\"detail\":\"auto\"" },
        { 5, "" },
    };

    public static TheoryData<AIContent, string, string> Unsupported => new()
    {
        { new DataContent(Bytes, "text/plain") { Name = "canary.txt" }, "DataContent.MediaType", "'text/plain'" },
        { new DataContent(Bytes, "text/csv; name=canary.csv"), "DataContent.MediaType", "'text/csv'" },
        { new DataContent(Bytes, "audio/ogg"), "DataContent.MediaType", "'audio/ogg'" },
        { new DataContent(Bytes, "video/mp4"), "DataContent.MediaType", "'video/mp4'" },
        { new DataContent(Bytes, "application/zip"), "DataContent.MediaType", "'application/zip'" },
        { new UriContent("https://example.com/canary.pdf", "application/pdf"), "UriContent.MediaType", "'application/pdf'" },
        { new UriContent("https://example.com/canary.mp3", "audio/mpeg"), "UriContent.MediaType", "'audio/mpeg'" },
    };

    [Theory]
    [MemberData(nameof(Details))]
    public async Task Image_ByData_IsADataUrlWithItsDetail(object? detail, string member)
    {
        DataContent image = new(Bytes, "image/png") { AdditionalProperties = new() { ["detail"] = detail } };

        ChatFixture.AssertJson(
            $$$"""[{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID+g=="{{{member}}}}}]""", await PostPartsAsync(image));
    }

    [Fact]
    public async Task Image_AsDataUri_IsADataUrl()
    {
        ChatFixture.AssertJson(
            """[{"type":"image_url","image_url":{"url":"data:image/webp;base64,AQID"}}]""",
            await PostPartsAsync(new DataContent("data:image/webp;base64,AQID")));
    }

    [Fact]
    public async Task Image_BetweenTexts_KeepsItsPlace()
    {
        ChatFixture.AssertJson(
            """
            [{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID+g=="}},{"type":"text","text":"b"}]
            """,
            await PostPartsAsync(new TextContent("a"), new DataContent(Bytes, "image/png"), new TextContent("b")));
    }

    [Fact]
    public async Task Image_ByUrl_IsRefusedWithBothWaysOut()
    {
        int before = fixture.Deployment.Requests.Count;

        PrivatemodeWouldLeakException exception = await Assert.ThrowsAsync<PrivatemodeWouldLeakException>(
            () => PostPartsAsync(new UriContent("https://example.com/canary.png", "image/png")));

        Assert.Equal("remote-media", exception.ErrorType);
        Assert.Contains(nameof(RemoteMediaPolicy.FetchLocally), exception.Message);
        Assert.Contains(nameof(RemoteMediaPolicy.FetchByService), exception.Message);
        Assert.DoesNotContain("canary", exception.ToString());
        Assert.Equal(before, fixture.Deployment.Requests.Count);
    }

    [Fact]
    public async Task Image_ByUrlWithOptIn_IsPostedWithItsDetail()
    {
        await using PrivatemodeClient client = fixture.Deployment.CreateClient(options => options.Media.Remote = RemoteMediaPolicy.FetchByService);
        UriContent image = new("https://example.com/a.png", "image/png") { AdditionalProperties = new() { ["detail"] = "high" } };

        _ = await client.AsIChatClient(ChatFixture.Model).GetResponseAsync([new ChatMessage(ChatRole.User, [image])]);

        Assert.Contains("""{"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"high"}}""", fixture.LastBody);
    }

    [Theory]
    [InlineData("audio/mpeg", "mp3")]
    [InlineData("audio/mp3", "mp3")]
    [InlineData("AUDIO/MPEG", "mp3")]
    [InlineData("audio/wav", "wav")]
    [InlineData("audio/x-wav", "wav")]
    [InlineData("audio/wave", "wav")]
    public async Task Audio_OfAKnownFormat_IsInputAudio(string mediaType, string format)
    {
        ChatFixture.AssertJson(
            $$$"""[{"type":"input_audio","input_audio":{"data":"AQID+g==","format":"{{{format}}}"}}]""",
            await PostPartsAsync(new DataContent(Bytes, mediaType)));
    }

    /// <summary>Left out, the model would answer as if the user had attached nothing.</summary>
    [Theory]
    [MemberData(nameof(Unsupported))]
    public async Task Attachment_OfATypeAMessageCannotCarry_IsRefusedByName(AIContent content, string setting, string mediaType)
    {
        foreach (string role in (string[])["user", "system", "developer"])
        {
            ChatMessage message = new(new ChatRole(role), [new TextContent("x"), content]);
            int before = fixture.Deployment.Requests.Count;

            PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
                () => fixture.Chat.GetResponseAsync([message]));

            Assert.Equal(setting, exception.Member);
            Assert.Contains(mediaType, exception.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
            Assert.Equal(before, fixture.Deployment.Requests.Count);
        }
    }

    /// <summary>What a model spoke in some format comes back with the history; nobody attached it.</summary>
    [Fact]
    public async Task Audio_OfAnAnswer_IsLeftOutOfTheHistory()
    {
        ChatFixture.AssertJson(
            """[{"role":"assistant","content":"x"}]""",
            await fixture.PostAsync(new ChatMessage(ChatRole.Assistant, [new TextContent("x"), new DataContent(Bytes, "audio/ogg")])));
    }

    [Theory]
    [InlineData("report.pdf", "report.pdf")]
    [InlineData(null, "document.pdf")]
    public async Task Pdf_IsAFileWithAName(string? name, string posted)
    {
        ChatFixture.AssertJson(
            $$$"""[{"type":"file","file":{"filename":"{{{posted}}}","file_data":"data:application/pdf;base64,AQID+g=="}}]""",
            await PostPartsAsync(new DataContent(Bytes, "application/pdf") { Name = name }));
    }

    [Fact]
    public async Task HostedFile_IsRefused()
    {
        PrivatemodeRequestException exception = await Assert.ThrowsAsync<PrivatemodeRequestException>(
            () => PostPartsAsync(new TextContent("x"), new HostedFileContent("file-7")));
        Assert.Equal("messages[0].Contents[1]", exception.Member);
        Assert.DoesNotContain("file-7", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>The content of one user message as it was posted.</summary>
    private async Task<string> PostPartsAsync(params AIContent[] contents)
    {
        string messages = await fixture.PostAsync(new ChatMessage(ChatRole.User, contents));
        return System.Text.Json.Nodes.JsonNode.Parse(messages)![0]!["content"]!.ToJsonString();
    }
}
