namespace Privatemode.AI.Attestation.Tdx;

/// <summary>The requirements for a verified quote. A property that is null is not checked. Debug mode, service TDs and impossible CPU features are always
/// refused.</summary>
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

    /// <summary>Further accepted values of RTMR 0, 48 bytes each.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Rtmr0Alternatives { get; init => field = AllSized(value, TdReport.MeasurementSize); } = [];

    /// <summary>All attributes of the trust domain, 8 bytes, compared exactly.</summary>
    public ReadOnlyMemory<byte>? TdAttributes { get; init => field = Sized(value, sizeof(ulong)); }

    /// <summary>The CPU features that are available to the trust domain. The two bits of CET are not compared, because the guest can change them.</summary>
    public ulong? Xfam { get; init; }

    /// <summary>Ignores the status of the platform, and checks only that of the TDX module and the quoting enclave, as Contrast's verifier (Go) does.</summary>
    /// <remarks>Firmware and microcode of the platform can then be out of date. If Intel evaluates the module together with the platform, the status of the
    /// platform is checked nevertheless.</remarks>
    public bool DangerousAcceptOutdatedTdxPlatform { get; init; }

    /// <summary>Requires an accepted status under Intel's newest TCB info too.</summary>
    public bool RequireNewestTdxTcbInfo { get; init; }

    /// <summary>The minimum TCB evaluation data number of Intel's TCB info and QE identity. The default is 0: any that has not expired.</summary>
    public int MinimumEvaluationDataNumber { get; init; }

    /// <summary>The accepted platform IDs, 16 bytes each; empty for any.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> PlatformInstanceIds { get; init => field = AllSized(value, PlatformInstanceIdSize); } = [];

    /// <summary>Requires cryptographic integrity of the platform's memory.</summary>
    public bool RequireMemoryIntegrity { get; init; }

    /// <summary>Requires that simultaneous multithreading is off. A platform whose certificate does not state this is refused.</summary>
    public bool RequireSmtDisabled { get; init; }

    /// <summary>Requires a platform to which CPU packages cannot be added. A platform whose certificate does not state this is refused.</summary>
    public bool RequireStaticPlatform { get; init; }

    /// <summary>Returns whether the module, the quoting enclave and the platform are up to date. With <see cref="DangerousAcceptOutdatedTdxPlatform"/>, the
    /// platform is ignored.</summary>
    public bool Accepts(TcbEvaluation tcb) =>
        (DangerousAcceptOutdatedTdxPlatform ? tcb.WithoutPlatform : tcb.Overall.Status) == TcbStatus.UpToDate;

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

/// <summary>Compares a verified quote with the requirements and collects all differences.</summary>
internal sealed class TdxPolicyComparison(VerifiedTdxQuote quote, TdxPolicy policy)
{
    // XFAM: x87 and SSE are always on; the mask contains all features that the TDX module can offer a guest. CET is bits 11 and 12.
    private const ulong XfamFixed1 = 0x3;
    private const ulong XfamPossible = 0x6DBE7;
    private const ulong XfamCet = 0x1800;

    private static readonly string[] RtmrChecks =
        [TdxPolicyChecks.Rtmr0, TdxPolicyChecks.Rtmr1, TdxPolicyChecks.Rtmr2, TdxPolicyChecks.Rtmr3];

    private readonly List<VerificationMismatch> _mismatches = [];

    /// <summary>Returns all differences; empty if the quote meets the policy. Call this method once.</summary>
    public IReadOnlyList<VerificationMismatch> Compare()
    {
        CompareGuest(quote.Report);
        CompareMeasurements(quote.Report);
        CompareTcb();
        ComparePlatform(quote.Platform);
        return _mismatches;
    }

    private void CompareGuest(TdReport report)
    {
        // Bit 0 is DEBUG; bits 1 to 7 are reserved for other ways to inspect the trust domain.
        byte debug = report.TdAttributes.Span[0];
        _mismatches.Compare(debug == 0, TdxPolicyChecks.Debug, "00", $"{debug:x2}");
        _mismatches.Compare(
            !report.MrServiceTd.Span.ContainsAnyExcept((byte)0),
            TdxPolicyChecks.ServiceTd,
            "none",
            Convert.ToHexStringLower(report.MrServiceTd.Span));
        _mismatches.CompareBytes(TdxPolicyChecks.Attributes, policy.TdAttributes, report.TdAttributes);

        ulong xfam = report.Xfam;
        _mismatches.Compare(
            (xfam & XfamFixed1) == XfamFixed1 && (xfam & ~XfamPossible) == 0,
            TdxPolicyChecks.XfamBits,
            $"0x{XfamFixed1:x} and bits of 0x{XfamPossible:x}",
            $"0x{xfam:x}");
        if (policy.Xfam is { } expected)
        {
            _mismatches.Compare((xfam & ~XfamCet) == (expected & ~XfamCet), TdxPolicyChecks.Xfam, $"0x{expected:x}", $"0x{xfam:x}");
        }
    }

    private void CompareMeasurements(TdReport report)
    {
        _mismatches.CompareBytes(TdxPolicyChecks.ReportData, policy.ReportData, report.ReportData, VerificationCause.Deployment);
        _mismatches.CompareBytes(TdxPolicyChecks.MrTd, policy.MrTd, report.MrTd);
        _mismatches.CompareBytes(TdxPolicyChecks.MrSeam, policy.MrSeam, report.MrSeam);
        _mismatches.CompareBytes(TdxPolicyChecks.MrConfigId, policy.MrConfigId, report.MrConfigId);
        if (policy.Rtmrs is not { } rtmrs)
        {
            return;
        }

        for (int i = 0; i < RtmrChecks.Length; i++)
        {
            IEnumerable<ReadOnlyMemory<byte>> allowed = i == 0 ? [rtmrs[0], .. policy.Rtmr0Alternatives] : [rtmrs[i]];
            _mismatches.CompareBytes(RtmrChecks[i], allowed, report.Rtmr(i));
        }
    }

    private void CompareTcb()
    {
        string accepted = $"{TcbStatus.UpToDate}";
        _mismatches.Compare(policy.Accepts(quote.Tcb), TdxPolicyChecks.TcbStatus, accepted, quote.Tcb.ToText(), VerificationCause.Collateral);
        _mismatches.Compare(
            !policy.RequireNewestTdxTcbInfo || (quote.Newest.Tcb is { } newest && policy.Accepts(newest)),
            TdxPolicyChecks.NewestTcbStatus,
            accepted,
            quote.Newest.ToText());
        CompareEvaluation(quote.TcbInfo.EvaluationDataNumber, TdxPolicyChecks.TcbInfoEvaluation);
        CompareEvaluation(quote.QeIdentity.EvaluationDataNumber, TdxPolicyChecks.QeIdentityEvaluation);
    }

    private void ComparePlatform(PckExtensions platform)
    {
        if (policy.PlatformInstanceIds.Count > 0)
        {
            _mismatches.CompareBytes(TdxPolicyChecks.PlatformInstance, policy.PlatformInstanceIds, platform.PlatformInstanceId);
        }

        _mismatches.Compare(
            !policy.RequireMemoryIntegrity || platform.SgxType == SgxType.ScalableWithIntegrity,
            TdxPolicyChecks.MemoryIntegrity,
            $"{SgxType.ScalableWithIntegrity}",
            platform.SgxType?.ToString() ?? "not stated");
        _mismatches.Compare(!policy.RequireSmtDisabled || platform.SmtEnabled == false, TdxPolicyChecks.Multithreading, "off", ToText(platform.SmtEnabled));
        _mismatches.Compare(
            !policy.RequireStaticPlatform || platform.DynamicPlatform == false,
            TdxPolicyChecks.StaticPlatform,
            "not dynamic",
            ToText(platform.DynamicPlatform));
    }

    private void CompareEvaluation(int number, string check) => _mismatches.Compare(
        number >= policy.MinimumEvaluationDataNumber, check, $"{policy.MinimumEvaluationDataNumber} or higher", $"{number}", VerificationCause.Collateral);

    private static string ToText(bool? value) => value switch
    {
        true => "on",
        false => "off",
        null => "not stated",
    };
}
