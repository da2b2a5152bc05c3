using System.Diagnostics.Metrics;

namespace Privatemode.AI.Diagnostics;

/// <summary>The gauges of one client. The client keeps this object alive; the meter does not.</summary>
internal sealed class ClientGauge(string server, TimeProvider time, Func<VerifiedDeployment?> deployment, Func<int> secrets) : IDisposable
{
    private static int _last;

    private readonly KeyValuePair<string, object?>[] _tags =
        [new(TelemetryTags.Server, server), new(TelemetryTags.Client, Interlocked.Increment(ref _last))];

    public static ClientGauge Register(string server, TimeProvider time, Func<VerifiedDeployment?> deployment, Func<int> secrets)
    {
        ClientGauge gauge = new(server, time, deployment, secrets);
        Telemetry.Clients.Add(gauge);
        return gauge;
    }

    public Measurement<int> Secrets() => new(secrets(), _tags);

    public Measurement<double>? Age() => deployment() is { } verified ? Seconds(time.GetUtcNow() - verified.VerifiedAt) : null;

    public Measurement<double>? Remaining() => deployment() is { } verified ? Seconds(verified.ValidUntil - time.GetUtcNow()) : null;

    public void Dispose() => Telemetry.Clients.Remove(this);

    private Measurement<double> Seconds(TimeSpan span) => new(span.TotalSeconds, _tags);
}

/// <summary>The gauges of all clients of the process. A client that is garbage-collected without being disposed is removed too.</summary>
internal sealed class ClientGauges
{
    private readonly Lock _gate = new();
    private readonly List<WeakReference<ClientGauge>> _clients = [];

    public void Add(ClientGauge client)
    {
        lock (_gate)
        {
            _clients.Add(new WeakReference<ClientGauge>(client));
        }
    }

    public void Remove(ClientGauge client)
    {
        lock (_gate)
        {
            _ = _clients.RemoveAll(other => !other.TryGetTarget(out ClientGauge? alive) || alive == client);
        }
    }

    public IEnumerable<Measurement<int>> Secrets() => Living().Select(client => client.Secrets());

    public IEnumerable<Measurement<double>> Ages() => Living().Select(client => client.Age()).OfType<Measurement<double>>();

    public IEnumerable<Measurement<double>> Remaining() => Living().Select(client => client.Remaining()).OfType<Measurement<double>>();

    private List<ClientGauge> Living()
    {
        lock (_gate)
        {
            List<ClientGauge> living = [];
            _ = _clients.RemoveAll(client =>
            {
                bool isAlive = client.TryGetTarget(out ClientGauge? target);
                if (isAlive)
                {
                    living.Add(target!);
                }

                return !isAlive;
            });
            return living;
        }
    }
}
