using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using Privatemode.AI.IntegrationTests.Handler;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests.Issues;

/// <summary>A caller who asks for usage on every event gets it; one who does not, and every adapter, is told once.</summary>
public sealed class ContinuousUsageTests : HandlerTest
{
    private const string Continuous = ",\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}";

    [Theory]
    [InlineData(Continuous, true)]
    [InlineData(",\"stream_options\":{\"continuous_usage_stats\":true}", true)]
    [InlineData(",\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":false}", false)]
    [InlineData(",\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":null}", false)]
    [InlineData(",\"stream_options\":null", false)]
    [InlineData("", false)]
    public async Task Handler_AskingForUsageOnEveryEvent_GetsIt(string options, bool isContinuous)
    {
        Deployment.Model.Reply("one two three");
        string body = ChatBody(stream: true);
        (_, string text, Exception? failure) = await ReadAsync(Post(ChatPath, body[..^1] + options + "}"));
        Assert.Null(failure);
        List<(bool HasChoices, bool HasUsage)> events = [.. text.Split("\n\n").Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement)
            .Select(root => (
                root.GetProperty("choices").GetArrayLength() > 0,
                root.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object))];
        Assert.True(events.Count > 3);
        Assert.All(events, item => Assert.Equal(isContinuous || !item.HasChoices, item.HasUsage));
    }

    [Fact]
    public async Task PlainClient_AskingForUsageOnEveryEvent_GetsIt()
    {
        Deployment.Model.Reply("one two three").WithUsage(new() { InputTokenCount = 5, OutputTokenCount = 7 });
        ChatCompletionOptions options = new();
        options.Patch.Set("$.stream_options"u8, BinaryData.FromString("""{"include_usage":true,"continuous_usage_stats":true}"""));
        List<ChatTokenUsage?> usages = [];
        await foreach (StreamingChatCompletionUpdate update in Client.OpenAI.GetChatClient(ModelId)
            .CompleteChatStreamingAsync([new UserChatMessage("hi")], options).WithTimeout())
        {
            usages.Add(update.Usage);
        }

        Assert.True(usages.Count > 3);
        Assert.DoesNotContain(null, usages);
    }

    [Fact]
    public async Task Chat_AskingForUsageOnEveryEvent_ReportsItOnce()
    {
        Deployment.Model.Reply("one two three").WithUsage(new() { InputTokenCount = 5, OutputTokenCount = 7 });
        ChatOptions options = new()
        {
            RawRepresentationFactory = _ =>
            {
                ChatCompletionOptions raw = new();
                raw.Patch.Set("$.stream_options"u8, BinaryData.FromString("""{"include_usage":true,"continuous_usage_stats":true}"""));
                return raw;
            },
        };
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in Chat.GetStreamingResponseAsync("hi", options).WithTimeout())
        {
            updates.Add(update);
        }

        Assert.Contains("continuous_usage_stats", Deployment.Requests[0].WireBodyText, StringComparison.Ordinal);
        UsageContent usage = Assert.Single(updates.SelectMany(update => update.Contents).OfType<UsageContent>());
        Assert.Equal((5L, 7L, 12L), (usage.Details.InputTokenCount, usage.Details.OutputTokenCount, usage.Details.TotalTokenCount));
        Assert.Equal("one two three", updates.ToChatResponse().Text);
    }

    /// <summary>A server that tells the total with the last choice, and in no event after it.</summary>
    [Fact]
    public async Task Chat_UsageOnEventsWithChoicesOnly_IsReportedOnce()
    {
        Deployment.Model.Reply("").WithRawEvents(Event("\"a\"", "null", 1), Event("\"b\"", "\"stop\"", 2));
        ChatOptions options = new()
        {
            RawRepresentationFactory = _ =>
            {
                ChatCompletionOptions raw = new();
                raw.Patch.Set("$.stream_options"u8, BinaryData.FromString("""{"continuous_usage_stats":true}"""));
                return raw;
            },
        };
        ChatResponse response = await Chat.GetStreamingResponseAsync("hi", options).ToChatResponseAsync().OrTimeout();
        Assert.Equal(("ab", 2L), (response.Text, response.Usage?.OutputTokenCount));

        static string Event(string text, string finish, int tokens) => $$$"""
            {"id":"x","object":"c","created":1,"model":"m","choices":[{"index":0,"delta":{"content":{{{text}}}},"finish_reason":{{{finish}}}}],
            "usage":{"completion_tokens":{{{tokens}}}}}
            """;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Transcription_AskingForUsageOnEveryEvent_GetsIt(bool isContinuous)
    {
        Deployment.Model.Reply("").WithRawEvents(Event("""{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}""", 1), Event("", 2));
        using HttpRequestMessage request = new(HttpMethod.Post, TranscriptionPath)
        {
            Content = Form(Recording.Wave(), ("model", "whisper-large-v3"), ("stream", "true"), ("stream_include_usage", "true"),
                ("stream_continuous_usage_stats", isContinuous ? "true" : "false")),
        };
        (_, string text, Exception? failure) = await ReadAsync(request);
        Assert.Null(failure);
        Assert.Equal(isContinuous, text.Contains("\"total_tokens\":1", StringComparison.Ordinal));
        Assert.Contains("\"total_tokens\":2", text, StringComparison.Ordinal);

        static string Event(string choices, int tokens) =>
            $$$"""{"id":"t","object":"c","created":1,"model":"m","choices":[{{{choices}}}],"usage":{"total_tokens":{{{tokens}}}}}""";
    }
}
