using Microsoft.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>The code of the READMEs that uses the connector runs. ReadmeTests compares it with the documents.</summary>
public sealed class SemanticKernelReadmeTests
{
    [Fact]
    public async Task Snippet_OfTheReadme_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            await using PrivatemodeClient privatemode = deployment.CreateClient();
            deployment.Model.ReplyWithToolCall("Clock-get_time", "{}").Then.Reply("It is noon.");

            // begin: kernel
            IKernelBuilder kernelBuilder = Kernel.CreateBuilder();
            kernelBuilder.AddPrivatemodeChatCompletion("gpt-oss-120b", privatemode); // or an API key in place of the client
            kernelBuilder.Plugins.AddFromFunctions("Clock", [KernelFunctionFactory.CreateFromMethod(() => "12:00", "get_time", "Gets the time.")]);
            Kernel kernel = kernelBuilder.Build();

            PromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
            Console.WriteLine(await kernel.InvokePromptAsync("What time is it?", new KernelArguments(settings)));
            // end

            Assert.Equal(2, deployment.Requests.Count);
            Assert.Contains("12:00", deployment.Requests[1].DecryptedBody, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Snippet_OfThePackagesReadme_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            // begin: connector
            // A local test server with a scripted model. For the real service, pass an API key instead of a client.
            await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
            deployment.Model.ReplyWithToolCall("Clock-get_time", "{}").Then.Reply("It is noon.");

            IKernelBuilder builder = Kernel.CreateBuilder();
            builder.AddPrivatemodeChatCompletion("gpt-oss-120b", deployment.CreateClient());
            builder.Plugins.AddFromFunctions("Clock", [KernelFunctionFactory.CreateFromMethod(() => "12:00", "get_time", "Gets the time.")]);
            Kernel kernel = builder.Build();

            PromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
            Console.WriteLine(await kernel.InvokePromptAsync("What time is it?", new KernelArguments(settings)));
            // end

            Assert.Equal(2, deployment.Requests.Count);
        }
    }
}
