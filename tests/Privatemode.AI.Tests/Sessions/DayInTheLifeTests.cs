using Privatemode.AI.Diagnostics;
using Privatemode.AI.Internal;
using Privatemode.AI.Pipeline.Transport;
using Privatemode.AI.Sessions;
using Privatemode.AI.Testing;
using Privatemode.AI.Tests.Fakes;
using Privatemode.AI.Verification;

namespace Privatemode.AI.Tests.Sessions;

/// <summary>Twenty-four hours with a call each minute, and three hours of sleep in the middle: who waits for a renewal?</summary>
public sealed class DayInTheLifeTests : IAsyncLifetime
{
    private const string Key = "test-api-key";

    private DeploymentScene _scene = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _scene = await DeploymentScene.StartAsync(hasCertificates: true);
        _http = HttpTransports.Create(null, isTestTrust: true);
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _scene.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Calls_EveryMinuteOfADay_WaitForNoRenewal(bool async)
    {
        using DeploymentVerifier authority = _scene.Authority();
        ControlPlaneClient control = new(
            new BoundedHttpClient(_http, _scene.Time), _scene.Deployment.Endpoint, ProtocolHeaders.ProtocolVersion);
        ClientEvents events = new(null, _scene.Deployment.Endpoint);
        SecretExchanger exchanger = new(authority.GetAsync, control, GpuRevocationPolicy.Strict, events, _scene.Time);
        int paidByBlocking = 0; // renewals in the background are asynchronous, whoever sets them off
        using AccountSession session = new(
            (isAsync, token) =>
            {
                paidByBlocking += isAsync ? 0 : 1;
                return exchanger.GetAsync(Key, isAsync, token);
            },
            _scene.Time);
        (List<TimeSpan> waits, List<TimeSpan> renewals) = await LiveAsync(session, authority, () => paidByBlocking, async);

        // The first call ever, and the first one after the sleep; that one waits for one exchange and for no attestation.
        Assert.Equal([TimeSpan.Zero, TimeSpan.FromHours(15)], waits);
        AssertOnSchedule(renewals);
    }

    /// <summary>A call each minute: when one had to wait, and when one came with another secret.</summary>
    private async Task<(List<TimeSpan> Waits, List<TimeSpan> Renewals)> LiveAsync(
        AccountSession session, DeploymentVerifier authority, Func<int> paid, bool async)
    {
        DateTimeOffset begin = _scene.Time.GetUtcNow();
        List<TimeSpan> waits = [];
        List<TimeSpan> renewals = [];
        string? last = null;
        for (TimeSpan at = TimeSpan.Zero; at < TimeSpan.FromHours(24); at += TimeSpan.FromMinutes(1))
        {
            if (at == TimeSpan.FromHours(12))
            {
                at += TimeSpan.FromHours(3);
                _scene.Time.JumpTo(begin + at);
            }

            int paidBefore = paid();
            int attestations = _scene.Asked(EvidenceSource.Attestation);
            ValueTask<SecretLease> acquiring = AcquireAsync(session, async);
            if (!acquiring.IsCompleted || paid() > paidBefore)
            {
                waits.Add(at);
            }

            using (SecretLease lease = await acquiring.AsTask().OrTimeout())
            {
                if (lease.Session.Id != last)
                {
                    renewals.Add(at);
                    last = lease.Session.Id;
                }

                Assert.True(waits is not [.., var wait] || wait != at || at == TimeSpan.Zero || _scene.Asked(EvidenceSource.Attestation) == attestations);
            }

            await session.Exchange.OrTimeout();
            await authority.Renewal.OrTimeout();
            _scene.Time.Advance(TimeSpan.FromMinutes(1));
        }

        return (waits, renewals);
    }

    private void AssertOnSchedule(List<TimeSpan> renewals)
    {
        Assert.Equal(renewals.Count, _scene.Deployment.KeyExchangeCount);

        // Agreed in the fortieth minute of its forty-five, used from the next call on.
        TimeSpan[] gaps = [.. renewals.Zip(renewals.Skip(1), (one, next) => next - one)];
        Assert.All(gaps.Where(gap => gap < TimeSpan.FromHours(1)), gap => Assert.InRange(gap, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(41)));
        Assert.InRange(renewals.Count, 31, 34);

        // The verdict of the beginning, and the one that was renewed in the background before it ended.
        Assert.Equal(2, _scene.Asked(EvidenceSource.Attestation));
    }

    private ValueTask<SecretLease> AcquireAsync(AccountSession session, bool async)
    {
        session.Enter();
        CallDeadline deadline = new(Timeout.InfiniteTimeSpan, _scene.Time, async: true, CancellationToken.None);
        return async
            ? session.AcquireAsync(null, async: true, deadline)
            : new(session.AcquireAsync(null, async: false, deadline).Completed());
    }
}
