using Microsoft.Agents.AI;
using Microsoft.Agents.AI.Workflows;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.AgentFramework;

/// <summary>The code of docs/agents.md runs. ReadmeTests compares it with the document.</summary>
public sealed class AgentReadmeTests
{
    [Fact]
    public async Task Snippets_OfAgentsAndReceipts_Run()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            // begin: agent
            // A test deployment with a scripted model. For the real service: PrivatemodeClient privatemode = new();
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient();
            deployment.Model.ReplyWithToolCall("get_weather", """{"city":"Bochum"}""").Then.Reply("No. The sky over Bochum is clear.");

            AIAgent agent = privatemode.AsIChatClient("gpt-oss-120b").AsAIAgent(
                instructions: "Look at the weather before you give advice.",
                name: "concierge",
                tools: [AIFunctionFactory.Create((string city) => $"{city}: 21 degrees, clear sky", "get_weather")]);
            AgentResponse response = await agent.RunAsync("Shall I take an umbrella in Bochum today?");
            Console.WriteLine(response.Text);
            // end

            Assert.Equal("No. The sky over Bochum is clear.", response.Text);
            Assert.Equal(2, deployment.Requests.Count);

            // begin: agentReceipts
            EncryptionReceipt? receipt = response.AsChatResponse().GetPrivatemodeReceipt();

            List<EncryptionReceipt> receipts = [];
            await foreach (AgentResponseUpdate update in agent.RunStreamingAsync("And tomorrow?"))
            {
                if (update.AsChatResponseUpdate().GetPrivatemodeReceipt() is { } found && !receipts.Contains(found))
                {
                    receipts.Add(found);
                }
            }
            // end

            Assert.Equal(deployment.Requests[1].RequestId, receipt!.RequestId);
            Assert.Equal(deployment.Requests[^1].RequestId, Assert.Single(receipts).RequestId);
        }
    }

    [Fact]
    public async Task Snippet_OfSessions_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient();
            AIAgent agent = privatemode.AsIChatClient("gpt-oss-120b").AsAIAgent(name: "concierge");

            // begin: session
            AgentSession session = await agent.CreateSessionAsync();
            await agent.RunAsync("My name is Ada.", session);
            string stored = (await agent.SerializeSessionAsync(session)).GetRawText(); // contains the conversation in the clear

            using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(stored);
            AgentSession resumed = await agent.DeserializeSessionAsync(json.RootElement);
            Console.WriteLine(await agent.RunAsync("What is my name?", resumed));
            // end

            Assert.Contains("My name is Ada.", deployment.Requests[^1].DecryptedBody, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Snippet_OfWorkflows_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient();

            // begin: workflow
            IChatClient chat = privatemode.AsIChatClient("gpt-oss-120b");
            Workflow workflow = AgentWorkflowBuilder.BuildSequential(
                [chat.AsAIAgent("Plan a day in the city.", "planner"), chat.AsAIAgent("Translate the last message into German.", "translator")]);
            List<ChatMessage> input = [new(ChatRole.User, "Bochum")];
            await using StreamingRun run = await InProcessExecution.RunStreamingAsync(workflow, input);
            await run.TrySendMessageAsync(new TurnToken(emitEvents: true));
            await foreach (WorkflowEvent occurred in run.WatchStreamAsync())
            {
                switch (occurred)
                {
                    case AgentResponseUpdateEvent { Update: var update }:
                        Console.Write(update.Text);
                        break;
                    case ExecutorFailedEvent { Data: PrivatemodeException exception }:
                        Console.Error.WriteLine($"{exception.ErrorType}: {exception.Message}"); // stop: what came before is not the whole answer
                        break;
                }
            }
            // end

            Assert.Contains("Translate the last message", deployment.Requests[^1].DecryptedBody, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Snippets_OfFunctionsAndHosts_Run()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient();
            AIAgent agent = privatemode.AsIChatClient("gpt-oss-120b").AsAIAgent(name: "concierge");

            // begin: tolerated
            AIAgent strict = privatemode.AsIChatClient("gpt-oss-120b").AsBuilder()
                .UseFunctionInvocation(configure: invoking => invoking.MaximumConsecutiveErrorsPerRequest = 0)
                .BuildAIAgent("You ask the concierge.", tools: [agent.AsAIFunction()]);
            // end

            Assert.NotEmpty((await strict.RunAsync("hi")).Text);

            // begin: agentHost
            ServiceCollection services = new();
            services.AddPrivatemode(deployment.ConfigureClient); // in your application: AddPrivatemode(), which reads the configuration section Privatemode
            services.AddPrivatemodeChatClient("gpt-oss-120b");
            services.AddKeyedSingleton<AIAgent>("concierge", (provider, _) =>
                provider.GetRequiredService<IChatClient>().AsAIAgent("Give advice.", "concierge", services: provider));
            await using ServiceProvider provider = services.BuildServiceProvider();
            AIAgent concierge = provider.GetRequiredKeyedService<AIAgent>("concierge");
            // end

            Assert.NotEmpty((await concierge.RunAsync("hi")).Text);
        }
    }
}
