using Privatemode.AI.Attestation.Sev;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Whether an authentic SEV-SNP report is one that the manifest allows.</summary>
internal sealed class SnpJudgement(
    VerifiedSnpReport verified, Manifest manifest, ReadOnlyMemory<byte> reportData, ContrastOptions options)
{
    /// <summary>The kind, for messages.</summary>
    public const string Kind = "SEV-SNP";

    /// <summary>With how many processors the machine was launched; null when the manifest does not leave it open.</summary>
    public int? Processors { get; private set; }

    // Not a bare null: beside ReadOnlyMemory<byte> that would become an empty one.
    private static ReadOnlyMemory<byte>? NotCompared => null;

    /// <summary>Tries every reference value for SEV-SNP until one fits.</summary>
    /// <exception cref="PrivatemodeVerificationException">None fits; every mismatch is in it.</exception>
    public SnpReferenceValue Judge() => ReferenceValues.FindAny(manifest.Snp, value => value.Path, Compare, Kind);

    private List<VerificationMismatch> Compare(SnpReferenceValue value)
    {
        List<VerificationMismatch> mismatches = [];
        ReferenceValues.ComparePolicy(manifest, verified.Report.HostData, mismatches);
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

    // The measurement the report has, if this reference value stands for it: only then there is an ID key to compare.
    private ReadOnlyMemory<byte>? FindMeasurement(SnpReferenceValue value, List<VerificationMismatch> mismatches)
    {
        ReadOnlyMemory<byte> found = verified.Report.Measurement;
        Processors = null;
        if (value.ResetAddress is not { } resetAddress)
        {
            return value.Measurement.Span.SequenceEqual(found.Span) ? found : NotCompared;
        }

        uint signature = LaunchDigests.ProcessorSignature(value.Product)!.Value; // a manifest can only name products that have one
        Processors = LaunchDigests.FindProcessors(value.Measurement.Span, resetAddress, signature, found.Span);
        if (Processors is not null)
        {
            return found;
        }

        mismatches.Add(new VerificationMismatch
        {
            Check = ContrastChecks.SnpMeasurement,
            Expected = $"{Hex(value.Measurement)}, or what follows from it for 2 to {LaunchDigests.MaxProcessors} processors",
            Found = Hex(found),
        });
        return null;
    }

    private void CompareOptions(List<VerificationMismatch> mismatches)
    {
        if (options.AllowedProducts is { } products && !products.Contains(verified.Product))
        {
            mismatches.Add(new VerificationMismatch
            {
                Check = ContrastChecks.OptionProduct,
                Expected = string.Join(" or ", products),
                Found = $"{verified.Product}",
            });
        }

        // Any chip may hide its id behind zeros, so that they name none.
        ReadOnlyMemory<byte> chip = verified.Report.ChipId;
        if (options.AllowedChipIds is { } chips && (verified.Report.IsChipIdMasked || !chips.Any(allowed => allowed.Span.SequenceEqual(chip.Span))))
        {
            mismatches.Add(new VerificationMismatch
            {
                Check = ContrastChecks.OptionChip,
                Expected = string.Join(" or ", chips.Select(Hex)),
                Found = Hex(chip),
            });
        }
    }

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);
}
