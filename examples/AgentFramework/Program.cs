using System.ComponentModel;
using System.Text.Json;
using Examples;
using Microsoft.Agents.AI;
using Microsoft.Agents.AI.Workflows;
using Microsoft.Extensions.AI;
using Privatemode.AI;

// An agent with a tool and a session that is stored between two questions, and a workflow of two agents. Instructions, tools and sessions are sent encrypted.
await using Example example = await Example.StartAsync(
    model => model.ReplyWithToolCall("get_weather", """{"city":"Bochum"}""").Then.Reply("No. The sky over Bochum is clear.")
        .Then.Reply("Then take a hat.")
        .Then.Reply("Day 1: the mining museum.").Then.Reply("Tag 1: das Bergbaumuseum."));
IChatClient chat = example.Client.AsIChatClient("gpt-oss-120b");

AIAgent concierge = chat.AsAIAgent(
    instructions: "Look at the weather before you give advice.", name: "concierge", tools: [AIFunctionFactory.Create(GetWeather, "get_weather")]);

// The service does not store conversations. The session holds this one.
AgentSession session = await concierge.CreateSessionAsync();
EncryptionReceipt? receipt = null;
await foreach (AgentResponseUpdate update in concierge.RunStreamingAsync("Shall I take an umbrella in Bochum today?", session))
{
    Console.Write(update.Text);
    receipt = update.AsChatResponseUpdate().GetPrivatemodeReceipt() ?? receipt;
}

Console.WriteLine($"\n{receipt}\n");

// A serialized session contains the conversation in the clear: store it like the conversation itself.
JsonElement stored = await concierge.SerializeSessionAsync(session);
AgentSession resumed = await concierge.DeserializeSessionAsync(stored);
AgentResponse second = await concierge.RunAsync("And if the sun is strong?", resumed);
Console.WriteLine(second.Text);

// A workflow: the second agent translates what the first one wrote.
AIAgent planner = chat.AsAIAgent("Plan a day in the city.", "planner");
AIAgent translator = chat.AsAIAgent("Translate the last message into German.", "translator");
Workflow workflow = AgentWorkflowBuilder.BuildSequential([planner, translator]);
await using StreamingRun run = await InProcessExecution.RunStreamingAsync(workflow, new List<ChatMessage> { new(ChatRole.User, "Bochum") });
await run.TrySendMessageAsync(new TurnToken(emitEvents: true));
string? speaker = null;
await foreach (WorkflowEvent occurred in run.WatchStreamAsync())
{
    if (occurred is AgentResponseUpdateEvent { Update: { Text.Length: > 0 } update })
    {
        Console.Write(update.AuthorName == speaker ? update.Text : $"\n{speaker = update.AuthorName}: {update.Text}");
    }
    else if (occurred is ExecutorFailedEvent { Data: { } failure })
    {
        // A workflow reports errors as events and does not throw them.
        Console.Error.WriteLine(failure.Message);
    }
}

Console.WriteLine();

[Description("Gets the weather in a city.")]
static string GetWeather([Description("The name of the city.")] string city) => $"{city}: 21 degrees, clear sky";
