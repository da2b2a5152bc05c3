using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenAI;

namespace Privatemode.AI.DependencyInjection;

/// <summary>Checks, when a host starts, that the registered OpenAI client is this library's, and warms up the accounts.</summary>
internal sealed class PrivatemodeStartup(IServiceProvider provider, IEnumerable<PrivatemodeAccount> accounts) : IHostedLifecycleService, IDisposable
{
    // Not disposed: a WebApplicationFactory stops the services of a host that is disposed already, and there is nothing to release.
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>The task of the warm-ups in the background.</summary>
    internal Task WarmUps { get; private set; } = Task.CompletedTask;

    /// <summary>Performs the checks before any service of the host starts and can use a client.</summary>
    /// <exception cref="PrivatemodeConfigurationException">Another OpenAI client would be used in place of the encrypting one.</exception>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (PrivatemodeAccount account in accounts)
        {
            RequireOurs(account);
        }

        return Task.CompletedTask;
    }

    /// <exception cref="PrivatemodeConfigurationException">Another OpenAI client would be used in place of the encrypting one.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Not all hosts register this service.
        await StartingAsync(cancellationToken).ConfigureAwait(false);
        List<Task> inBackground = [];
        foreach (PrivatemodeAccount account in accounts)
        {
            PrivatemodeClient client = ClientOf(account);
            switch (provider.GetRequiredService<IOptionsMonitor<PrivatemodeOptions>>().Get(account.OptionsName).WarmUp)
            {
                case WarmUpMode.Required:
                    await client.ConnectAsync(cancellationToken).ConfigureAwait(false);
                    break;
                case WarmUpMode.Background:
                    CancellationToken stopping = _stopping.Token;
                    inBackground.Add(Task.Run(() => TryConnectAsync(client, stopping), CancellationToken.None));
                    break;
                default:
                    break;
            }
        }

        WarmUps = Task.WhenAll(inBackground);
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await WarmUps.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // A host can be disposed without being stopped.
    public void Dispose() => _stopping.Cancel();

    private PrivatemodeClient ClientOf(PrivatemodeAccount account) => AccountServices.ClientOf(provider, account.AccountKey);

    private void RequireOurs(PrivatemodeAccount account)
    {
        if (!ReferenceEquals(provider.GetRequiredKeyedService<OpenAIClient>(account.AccountKey), ClientOf(account).OpenAI))
        {
            string which = account.AccountKey is null ? "without a service key" : $"with the service key '{account.AccountKey}'";
            throw new PrivatemodeConfigurationException(
                nameof(OpenAIClient),
                    $"The OpenAIClient registered {which} is not Privatemode's, so requests would be sent to another provider unencrypted. " +
                    "Register the other client with a service key of its own.");
        }
    }

    private static async Task TryConnectAsync(PrivatemodeClient client, CancellationToken stopping)
    {
        try
        {
            await client.ConnectAsync(stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (PrivatemodeConfigurationException exception) when (exception.IsOutsideOfCalls)
        {
            // ApiKeyAccessor returns a key only inside calls: the first call connects.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            client.Events.WarmUpFailed(exception);
        }
    }
}
