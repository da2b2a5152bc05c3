using Privatemode.AI.Testing;

namespace Privatemode.AI.Soak;

/// <summary>What goes wrong with the deployment while callers call it.</summary>
internal sealed class Disturbances(SoakHost host, SoakOptions options)
{
    /// <summary>The words of errors that the model server is made to answer.</summary>
    public const string OnPurpose = "failed on purpose";

    private const int MaxPending = 3;
    private static readonly TimeSpan FaultInterval = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan JumpInterval = TimeSpan.FromSeconds(5);

    private readonly Random _random = new(options.Seed);

    /// <summary>How often each disturbance was ordered.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>Disturbs until the time is over, and then mends everything.</summary>
    public async Task RunAsync(CancellationToken end)
    {
        long jumpedAt = TimeProvider.System.GetTimestamp();
        long turnedAt = jumpedAt;
        try
        {
            while (!end.IsCancellationRequested)
            {
                await Task.Delay(FaultInterval, TimeProvider.System, end);
                if (host.Deployment.Faults.PendingCount < MaxPending)
                {
                    Fault fault = NextFault();
                    host.Deployment.Faults.Inject(fault);
                    Count($"fault {fault.ToString().Split('(')[0]}");
                }

                if (TimeProvider.System.GetElapsedTime(turnedAt) > TimeSpan.FromSeconds(1.5))
                {
                    await TurnAsync(end);
                    turnedAt = TimeProvider.System.GetTimestamp();
                }

                if (TimeProvider.System.GetElapsedTime(jumpedAt) > JumpInterval)
                {
                    Jump();
                    jumpedAt = TimeProvider.System.GetTimestamp();
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The time is over, in the middle of a turn or a pause.
        }

        Mend();
    }

    /// <summary>The secret is about to end, which renews it in the background, or has ended. Now and then, so has the verdict.</summary>
    private void Jump()
    {
        bool isEnd = _random.Next(4) == 0;
        host.Clock.Jump(TimeSpan.FromMinutes(isEnd ? 50 : 41));
        Count(isEnd ? "secret ended" : "secret renewed");
    }

    private void Mend()
    {
        host.Deployment.Faults.Clear();
        host.Deployment.Evidence.Defect = EvidenceDefect.None;
        host.Deployment.RotateMeshCa(); // with the right names
    }

    private Fault NextFault()
    {
        int at = _random.Next(0, 8);
        return _random.Next(27) switch
        {
            0 => Fault.UnknownSecret,
            1 => Fault.ReflectRequest,
            2 => Fault.RemoveFinishEvent,
            3 => Fault.RemoveEndMarker,
            4 => Fault.NewerResponseFormat,
            5 => _random.Next(6) == 0 ? Fault.NoResponse : Fault.TamperEvent(0),
            6 => Fault.UnencryptedError(429, null, TimeSpan.FromSeconds(_random.Next(0, 2))),
            7 => Fault.UnencryptedError(503),
            8 => Fault.UnencryptedError(_random.Next(500, 505)),
            9 => Fault.UnencryptedError(408),
            10 => Fault.EncryptedError(422, OnPurpose),
            11 => Fault.EncryptedError(500, OnPurpose),
            12 => Fault.UnencryptedSuccess(_random.Next(2) == 0),
            13 => Fault.ChangeStatus(_random.Next(2) == 0 ? 201 : 500),
            14 => Fault.UnencryptedEvent(at),
            15 or 16 => Fault.TamperEvent(at),
            17 => Fault.DropEvent(at),
            18 => Fault.DuplicateEvent(at),
            19 => Fault.SwapEvents(at),
            20 => Fault.TruncateEvent(at),
            21 => Fault.ReplaceEventWithError(at, OnPurpose),
            22 => Fault.CutConnection(0),
            23 => Fault.CutConnection(_random.Next(1, 6000)),
            24 => _random.Next(6) == 0 ? Fault.StallBeforeEvent(_random.Next(0, 4)) : Fault.TamperEvent(_random.Next(0, 4)),
            25 => Fault.Delay(TimeSpan.FromMilliseconds(_random.Next(1, 2600))),
            _ => _random.Next(2) == 0 ? Fault.GpuRevocationUnknown() : Fault.GpuRevoked(host.Clock.GetUtcNow()),
        };
    }

    /// <summary>Something larger, which all callers feel.</summary>
    private async Task TurnAsync(CancellationToken end)
    {
        PrivatemodeTestDeployment deployment = host.Deployment;
        int turn = _random.Next(9);
        Count(((string[])["secrets forgotten", "mesh CA rotated", "manifest changed", "key exchange faulty", "evidence faulty", "evidence false",
            "wrong secret service", "model list faulty", "verified anew"])[turn]);
        switch (turn)
        {
            case 0:
                deployment.ForgetSecrets();
                break;
            case 1:
                deployment.RotateMeshCa();
                break;
            case 2:
                deployment.Evidence.ChangeManifest();
                deployment.RotateMeshCa();
                break;
            case 3:
                deployment.Faults.InjectIntoKeyExchange(Unencrypted(), _random.Next(1, 3));
                deployment.ForgetSecrets();
                break;
            case 4:
                deployment.Faults.InjectIntoEvidence((EvidenceSource)_random.Next(0, 2), Unencrypted());
                deployment.RotateMeshCa();
                break;
            case 5:
                deployment.Evidence.Defect = _random.Next(2) == 0 ? EvidenceDefect.SnpDebug : EvidenceDefect.SwappedMeshCa;
                deployment.RotateMeshCa();
                await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(50, 500)), TimeProvider.System, end);
                deployment.Evidence.Defect = EvidenceDefect.None;
                break;
            case 6:
                deployment.SetSecretServiceDnsNames("other.example");
                deployment.ForgetSecrets();
                await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(50, 300)), TimeProvider.System, end);
                deployment.RotateMeshCa();
                break;
            case 7:
                deployment.Faults.InjectIntoModelList(Unencrypted());
                break;
            default:
                await VerifyAsync(end);
                break;
        }
    }

    private async Task VerifyAsync(CancellationToken end)
    {
        try
        {
            _ = await host.Client.VerifyAsync(end);
        }
        catch (PrivatemodeException)
        {
            // A fault that was ordered before.
        }
    }

    private Fault Unencrypted() => _random.Next(4) switch
    {
        0 => Fault.UnencryptedError(503),
        1 => Fault.UnencryptedError(500),
        2 => Fault.CutConnection(0),
        _ => Fault.Delay(TimeSpan.FromMilliseconds(_random.Next(1, 400))),
    };

    private void Count(string what) => Counts[what] = Counts.GetValueOrDefault(what) + 1;
}
