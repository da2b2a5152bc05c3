namespace Privatemode.AI.Attestation.Tdx;

/// <summary>Compares a verified quote with what is expected, and names everything that differs.</summary>
internal sealed class TdxPolicyComparison(VerifiedTdxQuote quote, TdxPolicy policy)
{
    // XFAM: x87 and SSE are always on; the mask holds all features the TDX module can open to a guest. CET is bits 11 and 12.
    private const ulong XfamFixed1 = 0x3;
    private const ulong XfamPossible = 0x6DBE7;
    private const ulong XfamCet = 0x1800;

    private static readonly string[] RtmrChecks =
        [TdxPolicyChecks.Rtmr0, TdxPolicyChecks.Rtmr1, TdxPolicyChecks.Rtmr2, TdxPolicyChecks.Rtmr3];

    private readonly List<VerificationMismatch> _mismatches = [];

    /// <summary>Everything that is not as expected; empty when all is. To be called once.</summary>
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
        // Bit 0 is DEBUG; bits 1 to 7 are reserved for further ways of looking into the trust domain.
        byte debug = report.TdAttributes.Span[0];
        Demand(debug == 0, TdxPolicyChecks.Debug, "00", $"{debug:x2}");
        Demand(
            !report.MrServiceTd.Span.ContainsAnyExcept((byte)0),
            TdxPolicyChecks.ServiceTd,
            "none",
            TdxFailure.Hex(report.MrServiceTd.Span));
        DemandEqual(policy.TdAttributes, report.TdAttributes, TdxPolicyChecks.Attributes);

        ulong xfam = report.Xfam;
        Demand(
            (xfam & XfamFixed1) == XfamFixed1 && (xfam & ~XfamPossible) == 0,
            TdxPolicyChecks.XfamBits,
            $"0x{XfamFixed1:x} and bits of 0x{XfamPossible:x}",
            $"0x{xfam:x}");
        if (policy.Xfam is { } expected)
        {
            Demand((xfam & ~XfamCet) == (expected & ~XfamCet), TdxPolicyChecks.Xfam, $"0x{expected:x}", $"0x{xfam:x}");
        }
    }

    private void CompareMeasurements(TdReport report)
    {
        DemandEqual(policy.ReportData, report.ReportData, TdxPolicyChecks.ReportData);
        DemandEqual(policy.MrTd, report.MrTd, TdxPolicyChecks.MrTd);
        DemandEqual(policy.MrSeam, report.MrSeam, TdxPolicyChecks.MrSeam);
        DemandEqual(policy.MrConfigId, report.MrConfigId, TdxPolicyChecks.MrConfigId);
        if (policy.Rtmrs is not { } rtmrs)
        {
            return;
        }

        for (int i = 0; i < RtmrChecks.Length; i++)
        {
            IEnumerable<ReadOnlyMemory<byte>> allowed = i == 0 ? [rtmrs[0], .. policy.Rtmr0Alternatives] : [rtmrs[i]];
            DemandOneOf(allowed, report.Rtmr(i), RtmrChecks[i]);
        }
    }

    private void CompareTcb()
    {
        string accepted = string.Join(" or ", policy.AcceptedTcbStatuses);
        Demand(policy.Accepts(quote.Tcb), TdxPolicyChecks.TcbStatus, accepted, quote.Tcb.ToText());
        Demand(
            !policy.RequireNewestTdxTcbInfo || (quote.Newest.Tcb is { } newest && policy.Accepts(newest)),
            TdxPolicyChecks.NewestTcbStatus,
            accepted,
            quote.Newest.ToText());
        DemandEvaluation(quote.TcbInfo.EvaluationDataNumber, TdxPolicyChecks.TcbInfoEvaluation);
        DemandEvaluation(quote.QeIdentity.EvaluationDataNumber, TdxPolicyChecks.QeIdentityEvaluation);
    }

    private void ComparePlatform(PckExtensions platform)
    {
        if (policy.PlatformInstanceIds.Count > 0)
        {
            DemandOneOf(policy.PlatformInstanceIds, platform.PlatformInstanceId, TdxPolicyChecks.PlatformInstance);
        }

        Demand(
            !policy.DemandMemoryIntegrity || platform.SgxType == SgxType.ScalableWithIntegrity,
            TdxPolicyChecks.MemoryIntegrity,
            $"{SgxType.ScalableWithIntegrity}",
            platform.SgxType?.ToString() ?? "not said");
        Demand(!policy.DemandSmtDisabled || platform.SmtEnabled == false, TdxPolicyChecks.Multithreading, "off", ToText(platform.SmtEnabled));
        Demand(
            !policy.DemandStaticPlatform || platform.DynamicPlatform == false,
            TdxPolicyChecks.StaticPlatform,
            "not dynamic",
            ToText(platform.DynamicPlatform));
    }

    private void DemandEvaluation(int number, string check) =>
        Demand(number >= policy.MinimumEvaluationDataNumber, check, $"{policy.MinimumEvaluationDataNumber} or higher", $"{number}");

    private void DemandEqual(ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> found, string check)
    {
        if (expected is { } value)
        {
            DemandOneOf([value], found, check);
        }
    }

    private void DemandOneOf(IEnumerable<ReadOnlyMemory<byte>> allowed, ReadOnlyMemory<byte> found, string check) => Demand(
        allowed.Any(value => value.Span.SequenceEqual(found.Span)),
        check,
        string.Join(" or ", allowed.Select(value => TdxFailure.Hex(value.Span))),
        TdxFailure.Hex(found.Span));

    private void Demand(bool condition, string check, string expected, string found)
    {
        if (!condition)
        {
            _mismatches.Add(new VerificationMismatch { Check = check, Expected = expected, Found = found });
        }
    }

    private static string ToText(bool? value) => value switch
    {
        true => "on",
        false => "off",
        null => "not said",
    };
}
