using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>Functions were sent with a member <c>condition</c>, a copy of their description, which Semantic Kernel's OpenAI connector does not send.</summary>
public sealed class ToolSchemaTests : KernelTest
{
    public ToolSchemaTests() => ScriptAll = true;

    // The two members that differ mean the same if they are absent.
    [Fact]
    public async Task Functions_AreDescribedLikeThoseOfTheOpenAIConnector()
    {
        Kernel theirs = Build(builder => builder.AddOpenAIChatCompletion(ModelId, Client.OpenAI));
        Kernel ours = Build(builder => builder.AddPrivatemodeChatCompletion(ModelId, Client));

        _ = await theirs.InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout();
        _ = await ours.InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout();

        JsonArray expected = ChatBodies[0]["tools"]!.AsArray();
        foreach (JsonObject function in expected.Select(tool => tool!["function"]!.AsObject()))
        {
            Assert.True(function.Remove("strict"));
            function["parameters"]!["additionalProperties"] = false;
        }

        Assert.True(JsonNode.DeepEquals(expected, ChatBodies[1]["tools"]), ChatBodies[1]["tools"]!.ToJsonString());
    }

    [Fact]
    public async Task StrictFunctions_HaveNoCondition()
    {
        PromptExecutionSettings settings = new()
        {
            FunctionChoiceBehavior = FunctionChoiceBehavior.Auto(options: new() { AllowStrictSchemaAdherence = true }),
        };
        Kernel kernel = Build(builder => builder.AddPrivatemodeChatCompletion(ModelId, Client));
        _ = await kernel.InvokePromptAsync(Question, new KernelArguments(settings)).OrTimeout();
        AssertNoCondition(requests: 1);
    }

    [Fact]
    public async Task FunctionsOfAChatClient_HaveNoCondition()
    {
        Kernel kernel = Build(builder => builder.AddPrivatemodeChatClient(ModelId, Client));
        _ = await kernel.InvokePromptAsync(Question, new KernelArguments(Auto)).OrTimeout();
        _ = await Client.AsIChatClient(ModelId).GetResponseAsync(Question, new() { Tools = [.. kernel.Plugins["Trips"]] }).OrTimeout();
        AssertNoCondition(requests: 2);
    }

    [Fact]
    public async Task OtherConditions_AreSent()
    {
        using JsonDocument schema = JsonDocument.Parse("""{"type":"object","properties":{},"condition":"if it rains"}""");
        AIFunctionDeclaration tool = AIFunctionFactory.CreateDeclaration("walk", "Goes for a walk.", schema.RootElement);
        _ = await Client.AsIChatClient(ModelId).GetResponseAsync(Question, new() { Tools = [tool] }).OrTimeout();
        Assert.Equal("if it rains", (string?)ChatBodies[0]["tools"]![0]!["function"]!["parameters"]!["condition"]);
    }

    private void AssertNoCondition(int requests)
    {
        Assert.Equal(requests, ChatBodies.Count);
        foreach (JsonObject body in ChatBodies)
        {
            Assert.NotEmpty(body["tools"]!.AsArray());
            Assert.All(body["tools"]!.AsArray(), tool => Assert.False(tool!["function"]!["parameters"]!.AsObject().ContainsKey("condition")));
        }
    }

    private static Kernel Build(Action<IKernelBuilder> configure)
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        configure(builder);
        builder.Plugins.AddFromType<WeatherPlugin>("Weather");
        builder.Plugins.AddFromType<TripPlugin>("Trips");
        return builder.Build();
    }

    internal sealed class TripPlugin
    {
        [KernelFunction("now")]
        public static string Now() => "12:00";

        [KernelFunction("book"), Description("Books a trip.")]
        public static string Book(
            [Description("The traveler.")] Person person, DateTimeOffset when, string[] stops, Dictionary<string, int> seats, double? price = null,
            CancellationToken cancellationToken = default) => $"{person} {when} {stops} {seats} {price} {cancellationToken}";
    }

    internal sealed record Person([property: Description("The name.")] string Name, int? Age, Class Class);

    internal enum Class
    {
        First,
        Second,
    }
}
