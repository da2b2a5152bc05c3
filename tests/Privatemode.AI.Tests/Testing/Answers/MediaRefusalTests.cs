using Privatemode.AI.Testing;
using Privatemode.AI.Testing.Enclave;

namespace Privatemode.AI.Tests.Testing.Answers;

/// <summary>The inference proxy looks at the media of a chat and at those of Anthropic-style messages by different rules.</summary>
public sealed class MediaRefusalTests
{
    private const string Salt = "\"ssssssssssssssssssssssssssssssss\"";
    private const string Insecure = """validating image URLs: non-HTTPS and non-data image URL "http://x/a.png" is insecure""";

    [Theory]
    [InlineData("""{"type":"image_url","image_url":{"url":"http://x/a.png"}}""", Insecure)]
    [InlineData("""{"image_url":"http://x/a.png"}""", Insecure)]
    [InlineData("""{"audio_url":{"url":"https://x/a.wav"}}""", "validating audio URLs: audio URLs are not allowed: \"https://x/a.wav\"")]
    [InlineData("""{"video_url":"data:video/mp4;base64,AA"}""", "validating video URLs: video URLs are not allowed: \"data:video/mp4;base64,AA\"")]
    [InlineData("""{"video_url":"https://x/v"},{"image_url":"http://x/a.png"}""", Insecure)]
    [InlineData("""{"type":"image","source":{"type":"url","url":"http://x/a.png"}}""", null)]
    public void MediaOfAChat_AreJudgedByTheRulesOfChats(string parts, string? refusal) =>
        Assert.Equal(refusal, BodyRules.CheckMedia(Body(parts)));

    [Theory]
    [InlineData("""{"type":"image","source":{"type":"url","url":"http://x/a.png"}}""", Insecure)]
    [InlineData("""{"type":"image","source":{"type":"base64","url":"http://x/a.png","data":"AAAA"}}""", Insecure)]
    [InlineData("""{"type":"tool_result","content":[{"type":"image","source":{"url":"http://x/a.png"}}]}""", Insecure)]
    [InlineData("""{"type":"image","source":{"type":"url","url":"https://x/a.png"}}""", null)]
    [InlineData("""{"type":"image","source":{"type":"base64","media_type":"image/tiff","data":"AAAA"}}""", null)]
    [InlineData("""{"type":"document","source":{"type":"url","url":"http://x/a.pdf"}}""", null)]
    [InlineData("""{"type":"text","content":[{"type":"image","source":{"url":"http://x/a.png"}}]}""", null)]
    [InlineData("""{"type":"image_url","image_url":{"url":"http://x/a.png"}}""", null)]
    [InlineData("""{"type":"audio_url","audio_url":"https://x/a.wav"}""", null)]
    public void MediaOfMessages_AreJudgedByTheRulesOfMessages(string blocks, string? refusal) =>
        Assert.Equal(refusal, BodyRules.CheckBlocks(Body(blocks)));

    [Theory]
    [InlineData(WireCaller.Chat, """{"type":"image_url","image_url":{"url":"http://x/a.png"}}""")]
    [InlineData(WireCaller.Messages, """{"type":"image","source":{"type":"url","url":"http://x/a.png"}}""")]
    public async Task InsecureImage_IsRefusedByTheProxy_InItsWords(string path, string part)
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        using WireCaller caller = await WireCaller.ConnectAsync(deployment);

        WireAnswer answer = await caller.SendAsync(caller.Post(
            path, caller.Body(("cache_salt", Salt), ("messages", $$"""[{"role":"user","content":[{{part}}]}]"""))));

        Assert.Equal((500, "false"), (answer.Status, answer.Encrypted));
        Assert.Equal($"forwarding request: mutating request: mutating request: mutating request: {Insecure}", answer.ReadMessage());
    }

    private static string Body(string parts) => $$"""{"messages":[{"role":"user","content":"text"},{"role":"user","content":[{{parts}}]}]}""";
}
