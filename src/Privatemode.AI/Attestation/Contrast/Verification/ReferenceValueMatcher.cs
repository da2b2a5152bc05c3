using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Finds the reference value and the coordinator's policy that authentic evidence matches.</summary>
internal static class ReferenceValueMatcher
{
    /// <summary>Compares evidence with each reference value until one matches. If none does, the exception contains all mismatches of all reference
    /// values.</summary>
    public static T FindAny<T>(
        IReadOnlyList<T> values, Func<T, string> path, Func<T, IReadOnlyList<VerificationMismatch>> compare, string kind)
    {
        ThrowIfNone(values, kind);
        List<VerificationMismatch> all = [];
        foreach (T value in values)
        {
            IReadOnlyList<VerificationMismatch> mismatches = compare(value);
            if (mismatches.Count == 0)
            {
                return value;
            }

            all.AddRange(values.Count == 1
                ? mismatches
                : mismatches.Select(mismatch => mismatch with { Expected = $"{path(value)}: {mismatch.Expected}" }));
        }

        throw PrivatemodeVerificationException.FromMismatches(
            $"The deployment's {kind} evidence is authentic, but {ProblemOf(all[0].Check)}. Do not send anything.", all);
    }

    private static string ProblemOf(string check) => check switch
    {
        SnpPolicyChecks.ReportData or TdxPolicyChecks.ReportData => "was created for another nonce, manifest or CA than those of this verification",
        ContrastChecks.OptionProduct or ContrastChecks.OptionChip => "is from hardware that HardwarePolicy does not allow",
        ContrastChecks.CoordinatorPolicy => "is from a machine that was started with another policy than those of the manifest",
        _ => "has a value that is not allowed",
    };

    /// <summary>Refuses a manifest without reference values of a kind.</summary>
    public static void ThrowIfNone<T>(IReadOnlyList<T> values, string kind)
    {
        if (values.Count == 0)
        {
            throw PrivatemodeVerificationException.Create(
                ContrastChecks.ReferenceValueKind,
                $"The manifest has no reference value for {kind}, which the deployment runs on. Do not send anything.",
                $"at least one reference value for {kind}",
                "none");
        }
    }

    /// <summary>Checks that the policy with which the machine was launched is one of the coordinator's policies.</summary>
    public static void ComparePolicy(Manifest manifest, ReadOnlyMemory<byte> found, List<VerificationMismatch> mismatches) =>
        mismatches.CompareBytes(ContrastChecks.CoordinatorPolicy, manifest.CoordinatorPolicyHashes, found, VerificationCause.Deployment);
}

/// <summary>Checks whether the manifest allows an authentic SEV-SNP report.</summary>
internal sealed class SnpReferenceMatcher(
    VerifiedSnpReport verified, Manifest manifest, ReadOnlyMemory<byte> reportData, ContrastOptions options)
{
    /// <summary>The kind, for messages.</summary>
    public const string Kind = "SEV-SNP";

    /// <summary>The number of processors at launch; null if the manifest requires an exact measurement.</summary>
    public int? Processors { get; private set; }

    // Not a bare null: next to ReadOnlyMemory<byte> it would become an empty value.
    private static ReadOnlyMemory<byte>? NotCompared => null;

    /// <summary>Tries every reference value for SEV-SNP until one matches.</summary>
    public SnpReferenceValue Evaluate() => ReferenceValueMatcher.FindAny(manifest.Snp, value => value.Path, Compare, Kind);

    private List<VerificationMismatch> Compare(SnpReferenceValue value)
    {
        List<VerificationMismatch> mismatches = [];
        ReferenceValueMatcher.ComparePolicy(manifest, verified.Report.HostData, mismatches);
        ReadOnlyMemory<byte>? measurement = FindMeasurement(value, mismatches);
        mismatches.AddRange(SnpPolicy.Compare(verified, new SnpPolicy
        {
            ReportData = reportData,
            Measurement = value.ResetAddress is null ? value.Measurement : NotCompared,
            IdKeyDigest = measurement is { } launched ? options.IdKeyDigests.Get(launched.Span, value.GuestPolicy.Value) : NotCompared,
            Vmpl = 0,
            GuestPolicy = value.GuestPolicy,
            PlatformInfo = value.PlatformInfo,
            RefuseUnknownPlatformBits = true,
            MinimumTcb = value.MinimumTcb,
            MinimumMitigationVector = value.MinimumMitigationVector,
            AllowedChipIds = value.AllowedChipIds.Count > 0 ? value.AllowedChipIds : null,
            AllowedProducts = [value.Product],
            AllowedSigners = [SnpSigner.Vcek],
        }));
        CompareOptions(mismatches);
        return mismatches;
    }

    // The report's measurement if it matches this reference value: only then is there an ID key to compare.
    private ReadOnlyMemory<byte>? FindMeasurement(SnpReferenceValue value, List<VerificationMismatch> mismatches)
    {
        ReadOnlyMemory<byte> found = verified.Report.Measurement;
        Processors = null;
        if (value.ResetAddress is not { } resetAddress)
        {
            return value.Measurement.Span.SequenceEqual(found.Span) ? found : NotCompared;
        }

        uint signature = LaunchDigests.ProcessorSignature(value.Product)!.Value; // manifests can only contain products that have a signature
        Processors = LaunchDigests.FindProcessors(value.Measurement.Span, resetAddress, signature, found.Span);
        mismatches.Compare(
            Processors is not null,
            ContrastChecks.SnpMeasurement,
            $"{Hex(value.Measurement)}, or what follows from it for 2 to {LaunchDigests.MaxProcessors} processors",
            Hex(found));
        return Processors is not null ? found : NotCompared;
    }

    private void CompareOptions(List<VerificationMismatch> mismatches)
    {
        if (options.AllowedProducts is { } products)
        {
            mismatches.Compare(
                products.Contains(verified.Product), ContrastChecks.OptionProduct, string.Join(" or ", products), $"{verified.Product}");
        }

        // Any chip can hide its ID behind zeros, so zeros do not identify a chip.
        ReadOnlyMemory<byte> chip = verified.Report.ChipId;
        if (options.AllowedChipIds is { } chips)
        {
            mismatches.Compare(
                !verified.Report.IsChipIdMasked && chips.Any(allowed => allowed.Span.SequenceEqual(chip.Span)),
                ContrastChecks.OptionChip,
                string.Join(" or ", chips.Select(Hex)),
                Hex(chip));
        }
    }

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);
}

/// <summary>Checks whether the manifest allows an authentic TDX quote.</summary>
internal sealed class TdxReferenceMatcher(
    VerifiedTdxQuote verified, Manifest manifest, ReadOnlyMemory<byte> reportData, ContrastOptions options)
{
    /// <summary>The kind, for messages.</summary>
    public const string Kind = "TDX";

    private const int PolicyHashSize = 32;

    // Only SEPT_VE_DISABLE: the host cannot inject exceptions by removing pages, and debugging is off.
    private static readonly byte[] Attributes = [0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00];

    /// <summary>The policy with which the machine was launched: the first part of MRCONFIGID.</summary>
    public ReadOnlyMemory<byte> PolicyHash => verified.Report.MrConfigId[..PolicyHashSize];

    /// <summary>Tries every reference value for TDX until one matches.</summary>
    public TdxReferenceValue Evaluate() => ReferenceValueMatcher.FindAny(manifest.Tdx, value => value.Path, Compare, Kind);

    private List<VerificationMismatch> Compare(TdxReferenceValue value)
    {
        List<VerificationMismatch> mismatches = [];
        ReferenceValueMatcher.ComparePolicy(manifest, PolicyHash, mismatches);
        ReadOnlySpan<byte> tail = verified.Report.MrConfigId.Span[PolicyHashSize..];
        mismatches.Compare(
            !tail.ContainsAnyExcept((byte)0), ContrastChecks.TdxConfigurationTail, "16 zero bytes", Convert.ToHexStringLower(tail));
        mismatches.AddRange(new TdxPolicyComparison(verified, new TdxPolicy
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
            RequireMemoryIntegrity = value.MemoryIntegrity,
            RequireSmtDisabled = value.SmtDisabled,
            RequireStaticPlatform = value.StaticPlatform,
        }).Compare());
        return mismatches;
    }
}
