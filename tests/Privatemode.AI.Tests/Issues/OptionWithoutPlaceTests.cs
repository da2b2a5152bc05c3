using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Privatemode.AI.Tests.Architecture;
using Privatemode.AI.Tests.Chat;

namespace Privatemode.AI.Tests.Issues;

/// <summary>Hosted tools and other options that the service has no place for were ignored, or sent to a service that does not know them.</summary>
public sealed class OptionWithoutPlaceTests(ChatFixture fixture) : IClassFixture<ChatFixture>
{
    private static readonly AIFunction Function = AIFunctionFactory.Create(() => "x", "f");

    /// <summary>A value of each option, and what becomes of it: the member of the request, or <c>refused</c>, or <c>ignored</c>.</summary>
    private static readonly FrozenDictionary<string, (ChatOptions Options, string Becomes)> Members = new Dictionary<string, (ChatOptions, string)>
    {
        ["AdditionalProperties"] = (new() { AdditionalProperties = new() { ["min_p"] = 0.5 } }, "min_p"),
        ["AllowBackgroundResponses"] = (new() { AllowBackgroundResponses = true }, "ignored"),
        ["AllowMultipleToolCalls"] = (new() { AllowMultipleToolCalls = false, Tools = [Function] }, "parallel_tool_calls"),
        ["ContinuationToken"] = (new() { ContinuationToken = ResponseContinuationToken.FromBytes(new byte[] { 1 }) }, "refused"),
        ["ConversationId"] = (new() { ConversationId = "canary" }, "refused"),
        ["FrequencyPenalty"] = (new() { FrequencyPenalty = 0.5f }, "frequency_penalty"),
        ["Instructions"] = (new() { Instructions = "i" }, "messages"),
        ["MaxOutputTokens"] = (new() { MaxOutputTokens = 5 }, "max_completion_tokens"),
        ["ModelId"] = (new() { ModelId = "gemma-3-27b" }, "model"),
        ["PresencePenalty"] = (new() { PresencePenalty = 0.5f }, "presence_penalty"),
        ["RawRepresentationFactory"] =
            (new() { RawRepresentationFactory = _ => new OpenAI.Chat.ChatCompletionOptions { TopP = 0.5f } }, "top_p"),
        ["Reasoning.Effort"] = (new() { Reasoning = new() { Effort = ReasoningEffort.Low } }, "reasoning_effort"),
        ["Reasoning.Output"] = (new() { Reasoning = new() { Output = ReasoningOutput.Full } }, "ignored"),
        ["ResponseFormat"] = (new() { ResponseFormat = ChatResponseFormat.Json }, "response_format"),
        ["Seed"] = (new() { Seed = 5 }, "seed"),
        ["StopSequences"] = (new() { StopSequences = ["x"] }, "stop"),
        ["Temperature"] = (new() { Temperature = 0.5f }, "temperature"),
        ["ToolMode"] = (new() { ToolMode = ChatToolMode.RequireAny, Tools = [Function] }, "tool_choice"),
        ["Tools"] = (new() { Tools = [Function] }, "tools"),
        ["TopK"] = (new() { TopK = 5 }, "top_k"),
        ["TopP"] = (new() { TopP = 0.5f }, "top_p"),
    }.ToFrozenDictionary();

    public static TheoryData<string> MemberNames => [.. Members.Keys.Order()];

    public static TheoryData<AITool?> HostedTools => [.. Hosted];

    private static AITool?[] Hosted =>
    [
        new HostedWebSearchTool(), new HostedCodeInterpreterTool(), new HostedFileSearchTool(), new HostedImageGenerationTool(),
        new HostedToolSearchTool(), new HostedMcpServerTool("canary", "https://canary.example"), new OwnTool(), null,
    ];

    /// <summary>A member that a later version of the package adds has to be decided.</summary>
    [Fact]
    public void Options_AllMembers_AreDecided()
    {
        IEnumerable<string> Of(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name);

        Assert.Equal(
            Of(typeof(ChatOptions)).Except(["Reasoning"]).Concat(Of(typeof(ReasoningOptions)).Select(name => $"Reasoning.{name}")).Order(),
            Members.Keys.Order());
        Assert.Equal(
            typeof(AITool).Assembly.GetExportedTypes().Where(type => type.IsSubclassOf(typeof(AITool)) && !type.IsAssignableTo(typeof(AIFunctionDeclaration)))
                .Select(type => type.Name).Order(),
            Hosted.OfType<AITool>().Where(tool => tool is not OwnTool).Select(tool => tool.GetType().Name).Order());
        string document = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "chat.md"));
        Assert.All(Members.Keys, name => Assert.Contains($"`{name}`", document, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(MemberNames))]
    public async Task Option_Set_IsSentOrRefusedAsDecided(string name)
    {
        (ChatOptions options, string becomes) = Members[name];
        string without = await fixture.PostAsync(new ChatOptions { Tools = options.Tools is null || name == "Tools" ? null : [Function] });
        if (becomes == "refused")
        {
            await RefusedAsync(options, $"ChatOptions.{name}");
            return;
        }

        Assert.Equal(becomes == "ignored" ? [] : [becomes, .. (string[])(name == "Tools" ? ["tool_choice"] : [])],
            Differences(without, await fixture.PostAsync(options)));
    }

    [Theory]
    [MemberData(nameof(HostedTools))]
    public async Task Tool_ThatTheServiceWouldHaveToRun_IsRefused(AITool? tool)
    {
        await RefusedAsync(new ChatOptions { Tools = [Function, tool!] }, "ChatOptions.Tools");
        await RefusedAsync(new ChatOptions { Tools = [tool!], ToolMode = ChatToolMode.None }, "ChatOptions.Tools");
    }

    [Fact]
    public async Task ToolMode_DemandingACallWithoutTools_IsRefused()
    {
        await RefusedAsync(new ChatOptions { ToolMode = ChatToolMode.RequireAny }, "ChatOptions.ToolMode");
        await RefusedAsync(new ChatOptions { ToolMode = ChatToolMode.RequireSpecific("canary"), Tools = [] }, "ChatOptions.ToolMode");
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public async Task ConversationId_Blank_NamesNone(string id)
    {
        ChatFixture.AssertJson(
            """{"model":"gpt-oss-120b","messages":[{"role":"user","content":"hi"}]}""", await fixture.PostAsync(new ChatOptions { ConversationId = id }));
    }

    private async Task RefusedAsync(ChatOptions options, string member)
    {
        int before = fixture.Deployment.Requests.Count;

        PrivatemodeRequestException whole = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => fixture.PostAsync(options));
        PrivatemodeRequestException streamed = await Assert.ThrowsAsync<PrivatemodeRequestException>(() => fixture.StreamAsync(options));

        Assert.Equal([member, member], [whole.Member, streamed.Member]);
        Assert.DoesNotContain("canary", whole.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, fixture.Deployment.Requests.Count);
    }

    /// <summary>The top-level members that one request has and the other has not, or has with another value.</summary>
    private static IEnumerable<string> Differences(string without, string with)
    {
        JsonObject before = JsonNode.Parse(without)!.AsObject();
        return JsonNode.Parse(with)!.AsObject()
            .Where(member => !JsonNode.DeepEquals(before[member.Key], member.Value)).Select(member => member.Key).Order()
            .OrderBy(name => name == "tool_choice");
    }

    private sealed class OwnTool : AITool;
}
