using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OpenAI.Responses;
using Privatemode.AI.Testing;

namespace Privatemode.AI.EcosystemTests.ExtensionsAI;

/// <summary>The adapter of Microsoft.Extensions.AI.OpenAI over the encrypting <see cref="ResponsesClient"/>.</summary>
public sealed class ResponsesAdapterTests : ExtensionsAITest
{
    private IChatClient Responses => Client.OpenAI.GetResponsesClient().AsIChatClient(ModelId);

    private IChatClient WithFunctions => Responses.AsBuilder().UseFunctionInvocation().Build();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FunctionLoop_OfTwoTurns_SendsTheWholeHistory(bool isStreaming)
    {
        _ = Deployment.Model.Reply("").WithReasoning("I look it up.").WithToolCall(ToolName, Arguments)
            .Then.Reply(Answer).WithReasoning("Clear, so no.").Then.Reply("You are welcome.");
        List<ChatMessage> history = [new(ChatRole.User, Question)];
        ChatOptions options = new() { Tools = [Weather], Instructions = "Be brief." };
        if (await TryAskAsync(WithFunctions, history, options, isStreaming) is not { } first)
        {
            return;
        }

        Assert.Equal(Answer, first.Messages[^1].Text);
        Assert.Null(first.ConversationId);
        Assert.Equal("system user", RolesOf(ChatBodies[0]));
        Assert.Equal("system user assistant tool", RolesOf(ChatBodies[1]));
        Assert.Contains("21 degrees", ToolResultOf(ChatBodies[1]), StringComparison.Ordinal);
        JsonNode assistant = ChatBodies[1]["messages"]![2]!;
        Assert.Equal("I look it up.", (string?)assistant["reasoning"]);
        Assert.Equal("Bochum", (string?)JsonNode.Parse((string)assistant["tool_calls"]![0]!["function"]!["arguments"]!)!["city"]);

        history.AddMessages(first);
        history.Add(new ChatMessage(ChatRole.User, "Thank you."));
        ChatResponse second = (await TryAskAsync(WithFunctions, history, options, isStreaming))!;
        Assert.Equal("You are welcome.", second.Text);
        Assert.Equal("system user assistant tool assistant user", RolesOf(ChatBodies[2]));
        Assert.Equal(Answer, (string?)ChatBodies[2]["messages"]![4]!["content"]);

        // Streamed, the adapter puts this reasoning into the message of the function's result, from which it sends no reasoning.
        Assert.Equal(isStreaming ? null : "Clear, so no.", (string?)ChatBodies[2]["messages"]![4]!["reasoning"]);
        Assert.All(ChatBodies, body => Assert.Equal(ToolName, (string?)body["tools"]![0]!["function"]!["name"]));
        AssertSentEncrypted("umbrella", "Be brief.", "21 degrees", "I look it up.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_HasTextReasoningUsageAndFinish(bool isStreaming)
    {
        _ = Deployment.Model.Reply(Answer).WithReasoning("I think.")
            .WithUsage(new UsageDetails { InputTokenCount = 11, OutputTokenCount = 7, CachedInputTokenCount = 5, ReasoningTokenCount = 3 });
        ChatOptions options = new() { MaxOutputTokens = 50, Temperature = 0.5f, ResponseFormat = ChatResponseFormat.ForJsonSchema<TypedAnswerTests.Day>() };
        if (await TryAskAsync(Responses, [new(ChatRole.User, Question)], options, isStreaming) is not { } response)
        {
            return;
        }

        Assert.Equal(Answer, response.Text);
        Assert.Equal((11, 7, 18), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));

        // The adapter reads no finish reason from whole responses that are complete.
        Assert.Equal(isStreaming ? ChatFinishReason.Stop : null, response.FinishReason);
        Assert.NotEmpty(response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>());
        Assert.Equal((50, "json_schema"), ((int)ChatBodies[0]["max_completion_tokens"]!, (string?)ChatBodies[0]["response_format"]!["type"]));
    }

    /// <summary>The adapter ignores a failed response, so the stream has to throw; and it calls functions as soon as their calls are done.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_CutOrAltered_ThrowsAndRunsNoFunction(bool isStreaming)
    {
        int runs = 0;
        AIFunction counted = AIFunctionFactory.Create((string city) => runs++, ToolName);
        foreach (Fault fault in isStreaming ? (Fault[])[Fault.RemoveEndMarker, Fault.TamperEvent(1), Fault.RemoveFinishEvent] : [Fault.TamperEvent(0)])
        {
            _ = Deployment.Model.ReplyWithToolCall(ToolName, Arguments);
            Deployment.Faults.Inject(fault);
            Exception? exception = await Record.ExceptionAsync(
                () => AskAsync(WithFunctions, options: new ChatOptions { Tools = [counted] }, isStreaming: isStreaming));
            Assert.True(exception is PrivatemodeIntegrityException || (isStreaming && exception is MissingMethodException), $"{exception}");
        }

        Assert.Equal(0, runs);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_WithCutArguments_RunsNoFunction(bool isStreaming)
    {
        int runs = 0;
        AIFunction counted = AIFunctionFactory.Create((string? city = null) => runs++, ToolName);
        _ = Deployment.Model.ReplyWithToolCall(ToolName, """{"city":"Boch""").WithFinishReason("length");
        _ = await TryAskAsync(WithFunctions, [new(ChatRole.User, Question)], new ChatOptions { Tools = [counted] }, isStreaming);
        _ = Deployment.Model.ReplyWithToolCall(ToolName, """{"city":"Boch""").WithFinishReason("tool_calls");
        Exception? exception = await Record.ExceptionAsync(
            () => AskAsync(WithFunctions, options: new ChatOptions { Tools = [counted] }, isStreaming: isStreaming));
        Assert.True(exception is PrivatemodeServiceException || (isStreaming && exception is MissingMethodException), $"{exception}");
        Assert.Equal(0, runs);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatTheServiceDoesNotHave_IsRefusedBeforeAnythingIsSent(bool isStreaming)
    {
        foreach (ChatOptions options in (ChatOptions[])
            [
                new() { Tools = [new HostedWebSearchTool()] }, new() { ConversationId = "resp_1" },
                new() { RawRepresentationFactory = _ => new CreateResponseOptions { StoredOutputEnabled = true } },
                new() { RawRepresentationFactory = _ => new CreateResponseOptions { BackgroundModeEnabled = true } },
            ])
        {
            Exception? exception = await Record.ExceptionAsync(() => AskAsync(Responses, options: options, isStreaming: isStreaming));
            Assert.True(exception is PrivatemodeRequestException || (isStreaming && exception is MissingMethodException), $"{exception}");
        }

        Assert.Empty(Deployment.AllRequests);
    }

    /// <summary>Null if the adapter cannot stream: with OpenAI 2.15 it lacks a method that it calls.</summary>
    private static async Task<ChatResponse?> TryAskAsync(IChatClient chat, List<ChatMessage> messages, ChatOptions options, bool isStreaming)
    {
        try
        {
            return await AskAsync(chat, messages, options, isStreaming);
        }
        catch (MissingMethodException) when (isStreaming)
        {
            return null;
        }
    }
}
