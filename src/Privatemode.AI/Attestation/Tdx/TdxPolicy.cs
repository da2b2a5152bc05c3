namespace Privatemode.AI.Attestation.Tdx;

/// <summary>What is expected of a verified quote. Null: not checked. Debug, service TDs and impossible CPU features are always refused.</summary>
internal sealed record TdxPolicy
{
    private const int PlatformInstanceIdSize = 16;

    /// <summary>64 bytes.</summary>
    public ReadOnlyMemory<byte>? ReportData { get; init => field = Sized(value, TdReport.ReportDataSize); }

    /// <summary>48 bytes.</summary>
    public ReadOnlyMemory<byte>? MrTd { get; init => field = Sized(value, TdReport.MeasurementSize); }

    /// <summary>48 bytes.</summary>
    public ReadOnlyMemory<byte>? MrSeam { get; init => field = Sized(value, TdReport.MeasurementSize); }

    /// <summary>48 bytes.</summary>
    public ReadOnlyMemory<byte>? MrConfigId { get; init => field = Sized(value, TdReport.MeasurementSize); }

    /// <summary>RTMR 0 to 3, 48 bytes each.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Rtmrs { get; init => field = Counted(value); }

    /// <summary>Other values that RTMR 0 may have, 48 bytes each.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Rtmr0Alternatives { get; init => field = AllSized(value, TdReport.MeasurementSize); } = [];

    /// <summary>All attributes of the trust domain, 8 bytes; nothing more, nothing less.</summary>
    public ReadOnlyMemory<byte>? TdAttributes { get; init => field = Sized(value, sizeof(ulong)); }

    /// <summary>CPU features open to the trust domain. The two of CET are left to the guest and not compared.</summary>
    public ulong? Xfam { get; init; }

    /// <summary>The accepted statuses of platform, module and quoting enclave together. Default: up to date only.</summary>
    /// <remarks>Accepting more gives up the protection that Intel's update was made for. Revoked cannot be accepted.</remarks>
    public IReadOnlyList<TcbStatus> AcceptedTcbStatuses { get; init; } = [TcbStatus.UpToDate];

    /// <summary>Looks at the status of the TDX module and the quoting enclave only, as the Go reference does.</summary>
    /// <remarks>Gives up that firmware and microcode of the platform are up to date. A module judged with its platform is not affected.</remarks>
    public bool DangerousAcceptOutdatedTdxPlatform { get; init; }

    /// <summary>Demands that the status is an accepted one under Intel's newest TCB info too.</summary>
    public bool RequireNewestTdxTcbInfo { get; init; }

    /// <summary>The oldest evaluation of Intel's that counts, of TCB info and QE identity alike. Default 0: any that is not expired.</summary>
    public int MinimumEvaluationDataNumber { get; init; }

    /// <summary>The platforms that are accepted, 16 bytes each; empty for any.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> PlatformInstanceIds { get; init => field = AllSized(value, PlatformInstanceIdSize); } = [];

    /// <summary>Demands cryptographic integrity of the platform's memory.</summary>
    public bool DemandMemoryIntegrity { get; init; }

    /// <summary>Demands that simultaneous multithreading is off. A platform that does not say so does not pass.</summary>
    public bool DemandSmtDisabled { get; init; }

    /// <summary>Demands a platform that cannot be extended by CPU packages. A platform that does not say so does not pass.</summary>
    public bool DemandStaticPlatform { get; init; }

    /// <summary>Returns whether a status is an accepted one.</summary>
    public bool Accepts(TcbJudgement tcb) =>
        AcceptedTcbStatuses.Contains(DangerousAcceptOutdatedTdxPlatform ? tcb.WithoutPlatform : tcb.Overall.Status);

    /// <summary>Everything in a verified quote that is not as expected; empty when all is.</summary>
    public static IReadOnlyList<VerificationMismatch> Compare(VerifiedTdxQuote quote, TdxPolicy policy) =>
        new TdxPolicyComparison(quote, policy).Compare();

    private static ReadOnlyMemory<byte>? Sized(ReadOnlyMemory<byte>? value, int size) => value is null || value.Value.Length == size
        ? value
        : throw new ArgumentException($"The expected value must have {size} bytes, not {value.Value.Length}.", nameof(value));

    private static IReadOnlyList<ReadOnlyMemory<byte>> AllSized(IReadOnlyList<ReadOnlyMemory<byte>> values, int size)
    {
        foreach (ReadOnlyMemory<byte> value in values)
        {
            _ = Sized(value, size);
        }

        return values;
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>>? Counted(IReadOnlyList<ReadOnlyMemory<byte>>? values) =>
        values is null || values.Count == TdReport.RtmrCount
            ? values is null ? null : AllSized(values, TdReport.MeasurementSize)
            : throw new ArgumentException($"There are {TdReport.RtmrCount} RTMRs, not {values.Count}.", nameof(values));
}
