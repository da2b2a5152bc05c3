using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Whether an authentic TDX quote is one that the manifest allows.</summary>
internal sealed class TdxJudgement(
    VerifiedTdxQuote verified, Manifest manifest, ReadOnlyMemory<byte> reportData, ContrastOptions options)
{
    /// <summary>The kind, for messages.</summary>
    public const string Kind = "TDX";

    private const int PolicyHashSize = 32;

    // SEPT_VE_DISABLE and nothing else: the host cannot inject exceptions by taking pages away, and debugging is off.
    private static readonly byte[] Attributes = [0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00];

    /// <summary>The policy the machine was launched with: the first part of MRCONFIGID.</summary>
    public ReadOnlyMemory<byte> PolicyHash => verified.Report.MrConfigId[..PolicyHashSize];

    /// <summary>Tries every reference value for TDX until one fits.</summary>
    /// <exception cref="PrivatemodeVerificationException">None fits; every mismatch is in it.</exception>
    public TdxReferenceValue Judge() => ReferenceValues.FindAny(manifest.Tdx, value => value.Path, Compare, Kind);

    private List<VerificationMismatch> Compare(TdxReferenceValue value)
    {
        List<VerificationMismatch> mismatches = [];
        ReferenceValues.ComparePolicy(manifest, PolicyHash, mismatches);
        ReadOnlySpan<byte> tail = verified.Report.MrConfigId.Span[PolicyHashSize..];
        if (tail.ContainsAnyExcept((byte)0))
        {
            mismatches.Add(new VerificationMismatch
            {
                Check = ContrastChecks.TdxConfigurationTail,
                Expected = "16 zero bytes",
                Found = Convert.ToHexStringLower(tail),
            });
        }

        mismatches.AddRange(TdxPolicy.Compare(verified, new TdxPolicy
        {
            ReportData = reportData,
            MrTd = value.Measurement,
            MrSeam = value.SeamMeasurement,
            Rtmrs = value.RuntimeMeasurements,
            Rtmr0Alternatives = value.FirstRuntimeMeasurementAlternatives,
            TdAttributes = Attributes,
            Xfam = value.Xfam,
            DangerousAcceptOutdatedTdxPlatform = options.DangerousAcceptOutdatedTdxPlatform,
            RequireNewestTdxTcbInfo = options.RequireNewestTdxTcbInfo,
            MinimumEvaluationDataNumber = value.MinimumEvaluationDataNumber,
            PlatformInstanceIds = value.AllowedPlatformInstances,
            DemandMemoryIntegrity = value.MemoryIntegrity,
            DemandSmtDisabled = value.SmtDisabled,
            DemandStaticPlatform = value.StaticPlatform,
        }));
        return mismatches;
    }
}
