using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Privatemode.AI.Testing;

namespace Privatemode.AI.Tests.Testing;

/// <summary>An application can start a deployment in its entry point and still be tested with <c>WebApplicationFactory</c>, which listens to the events of
/// hosts that are built in the asynchronous flow of the entry point.</summary>
public sealed class DeploymentHostTests
{
    [Fact]
    public async Task Start_InAnEntryPoint_BuildsNoHostThatItsTestsTakeForTheApplication()
    {
        using HostEvents events = new();
        await using PrivatemodeTestDeployment deployment = await PrivatemodeTestDeployment.StartAsync();
        Assert.Empty(events.Seen);

        using IHost application = new HostBuilder().Build();
        Assert.Equal(["HostBuilding", "HostBuilt"], events.Seen);
    }

    [Fact]
    public async Task Start_WithoutExecutionContext_Succeeds()
    {
        Task<PrivatemodeTestDeployment> start;
        using (ExecutionContext.SuppressFlow())
        {
            start = PrivatemodeTestDeployment.StartAsync();
        }

        await using PrivatemodeTestDeployment deployment = await start;
        Assert.NotNull(deployment.Endpoint);
    }

    private sealed class HostEvents : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        private readonly AsyncLocal<bool> _isHere = new() { Value = true };
        private readonly ConcurrentBag<IDisposable> _subscriptions = [];

        public HostEvents() => _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

        public ConcurrentQueue<string> Seen { get; } = new();

        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == "Microsoft.Extensions.Hosting")
            {
                _subscriptions.Add(value.Subscribe(this));
            }
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (_isHere.Value)
            {
                Seen.Enqueue(value.Key);
            }
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void Dispose()
        {
            foreach (IDisposable subscription in _subscriptions)
            {
                subscription.Dispose();
            }
        }
    }
}
