using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.EcosystemTests.SemanticKernel;

/// <summary>The code of the READMEs that uses the connector runs. ReadmeTests compares it with the documents.</summary>
public sealed class SemanticKernelReadmeTests
{
    [Fact]
    public async Task Snippet_OfTheReadmes_Runs()
    {
        await RunAsync().OrTimeout();

        static async Task RunAsync()
        {
            // begin: kernel
            // A test deployment with a scripted model. For the real service, leave out the next two statements, and pass an API key in place of the client.
            await using PrivatemodeTestDeployment server = await PrivatemodeTestDeployment.StartAsync();
            server.Model.ReplyWithToolCall("Clock-get_time", "{}").Then.Reply("It is noon.");

            IKernelBuilder kernelBuilder = Kernel.CreateBuilder();
            kernelBuilder.AddPrivatemodeChatCompletion("gpt-oss-120b", server.CreateClient());
            kernelBuilder.Plugins.AddFromFunctions("Clock", [KernelFunctionFactory.CreateFromMethod(() => "12:00", "get_time", "Gets the time.")]);
            Kernel kernel = kernelBuilder.Build();

            PromptExecutionSettings settings = new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
            Console.WriteLine(await kernel.InvokePromptAsync("What time is it?", new KernelArguments(settings)));
            // end

            Assert.Equal(2, server.Requests.Count);
            Assert.Contains("12:00", server.Requests[1].DecryptedBody, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Snippet_OfAnAccount_Runs()
    {
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        deployment.Model.Reply("yes");

        // begin: kernelAccount
        IKernelBuilder accountBuilder = Kernel.CreateBuilder();
        accountBuilder.Services.AddPrivatemode(); // reads PRIVATEMODE_API_KEY
        accountBuilder.AddPrivatemodeChatCompletion("gpt-oss-120b");
        // end

        accountBuilder.Services.PostConfigureAll<PrivatemodeOptions>(deployment.ConfigureClient);
        Assert.Equal("yes", (await accountBuilder.Build().InvokePromptAsync("Is it noon?").OrTimeout()).GetValue<string>());
    }
}
