using Microsoft.Extensions.AI;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;

namespace Privatemode.AI.IntegrationTests;

/// <summary>A test with a deployment and a client of its own, and a clock that is moved by hand.</summary>
public abstract class DeploymentTest : IAsyncLifetime
{
    protected const string ModelId = "gpt-oss-120b";

    private protected ManualTimeProvider Time { get; } = new();

    protected PrivatemodeTestDeployment Deployment { get; private set; } = null!;

    protected PrivatemodeClient Client { get; private set; } = null!;

    protected IChatClient Chat => Client.AsIChatClient(ModelId);

    public async Task InitializeAsync()
    {
        PrivatemodeTestDeploymentOptions options = new() { TimeProvider = Time };
        ConfigureDeployment(options);
        Deployment = await PrivatemodeTestDeployment.StartAsync(options);
        Client = Deployment.CreateClient(Configure);
    }

    public virtual async Task DisposeAsync()
    {
        await Client.DisposeAsync();
        await Deployment.DisposeAsync();
    }

    protected virtual void Configure(PrivatemodeOptions options)
    {
    }

    protected virtual void ConfigureDeployment(PrivatemodeTestDeploymentOptions options)
    {
    }

    /// <summary>Streams an answer to its end or its failure; the text that came first, and what broke it.</summary>
    protected async Task<(string Text, Exception? Failure)> StreamAsync(string prompt = "tell me something longer than a word")
    {
        string text = "";
        Exception? failure = await Record.ExceptionAsync(async () =>
        {
            await foreach (ChatResponseUpdate update in Chat.GetStreamingResponseAsync(prompt))
            {
                text += update.Text;
            }
        }).OrTimeout();
        return (text, failure);
    }

    protected async Task<Exception?> AskAsync(string prompt = "hi") =>
        await Record.ExceptionAsync(() => Chat.GetResponseAsync(prompt)).OrTimeout();
}
