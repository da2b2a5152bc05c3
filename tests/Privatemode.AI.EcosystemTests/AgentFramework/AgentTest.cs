using System.Text.Json.Nodes;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>A test with agents over the client of the test deployment.</summary>
public abstract class AgentTest : EcosystemTest
{
    protected const string Question = "Shall I take an umbrella in Bochum today?";
    protected const string Answer = "No. The sky over Bochum is clear.";
    protected const string Instructions = "Look at the weather before you give advice.";
    protected const string ToolName = "get_weather";
    protected const string Arguments = """{"city":"Bochum"}""";
    protected const string ToolResult = "Bochum: 21 degrees, clear sky";

    protected static AIFunction Weather { get; } =
        AIFunctionFactory.Create((string city) => $"{city}: 21 degrees, clear sky", ToolName, "Gets the weather in a city.");

    protected IChatClient Chat => Client.AsIChatClient(ModelId);

    /// <summary>The messages of each decrypted chat request so far.</summary>
    protected IReadOnlyList<JsonArray> SentMessages => [.. ChatBodies.Select(body => body["messages"]!.AsArray())];

    protected ChatClientAgent CreateAgent(params IList<AITool> tools) => Chat.AsAIAgent(Instructions, "concierge", "Gives advice.", tools);

    protected void ScriptCall(string name = ToolName, string arguments = Arguments) =>
        _ = Deployment.Model.ReplyWithToolCall(name, arguments).Then.Reply(Answer);

    /// <summary>Answers each request with the first word of its instructions and the number of its other messages.</summary>
    protected void AnswerWithTheAgentsName() => Deployment.Model.SetFallback(request =>
    {
        JsonArray messages = JsonNode.Parse(request.DecryptedBody!)!["messages"]!.AsArray();
        return ScriptedAnswer.Text($"{((string)messages[0]!["content"]!).Split(' ')[0]} saw {messages.Count - 1}");
    });

    /// <summary>Runs the agent, streamed or not, and returns the whole response.</summary>
    protected static Task<AgentResponse> RunAsync(
        AIAgent agent, bool isStreaming, AgentSession? session = null, AgentRunOptions? options = null, string? question = Question) => isStreaming
            ? agent.RunStreamingAsync(question!, session, options).WithTimeout().ToAgentResponseAsync()
            : agent.RunAsync(question!, session, options).OrTimeout();

    protected static IEnumerable<string?> Roles(JsonArray messages) => messages.Select(message => (string?)message!["role"]);

    /// <summary>The text of a message, which is a string or a list of parts.</summary>
    protected static string? Text(JsonNode? message) => message!["content"] is JsonArray parts
        ? string.Concat(parts.Select(part => (string?)part!["text"])) : (string?)message["content"];
}
