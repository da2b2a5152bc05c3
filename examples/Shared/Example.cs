using Privatemode.AI;
using Privatemode.AI.Testing;

namespace Examples;

/// <summary>What every example begins with: the real service when there is an API key, a deployment inside this process otherwise.</summary>
internal sealed class Example : IAsyncDisposable
{
    private Example(PrivatemodeTestDeployment? deployment, PrivatemodeClient client) => (Deployment, Client) = (deployment, client);

    /// <summary>The deployment inside this process; null when the example talks to the real service.</summary>
    public PrivatemodeTestDeployment? Deployment { get; }

    public PrivatemodeClient Client { get; }

    /// <param name="script">Says what the model of a deployment inside this process answers.</param>
    /// <param name="options">Settings of that deployment; null for the defaults.</param>
    public static async Task<Example> StartAsync(Action<ScriptedModel> script, PrivatemodeTestDeploymentOptions? options = null)
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(PrivatemodeOptions.ApiKeyVariable)))
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
