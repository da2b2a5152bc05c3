using Privatemode.AI;
using Privatemode.AI.Testing;

namespace Examples;

/// <summary>Creates the client of an example: of the real service if there is an API key, and of a test deployment in this process otherwise.</summary>
internal sealed class Example : IAsyncDisposable
{
    private Example(PrivatemodeTestDeployment? deployment, PrivatemodeClient client) => (Deployment, Client) = (deployment, client);

    /// <summary>The test deployment in this process; null if the example uses the real service.</summary>
    public PrivatemodeTestDeployment? Deployment { get; }

    public PrivatemodeClient Client { get; }

    /// <param name="script">Scripts the model of the test deployment.</param>
    /// <param name="options">The options of the test deployment; null for the defaults.</param>
    public static async Task<Example> StartAsync(Action<ScriptedModel> script, PrivatemodeTestDeploymentOptions? options = null)
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyEnvironmentVariable)))
        {
            return new Example(null, new PrivatemodeClient());
        }

        PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync(options);
        script(deployment.Model);
        return new Example(deployment, deployment.CreateClient());
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        if (Deployment is not null)
        {
            await Deployment.DisposeAsync();
        }
    }
}
