namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Finds the reference value, and the policy of the coordinator, that authentic evidence equals.</summary>
internal static class ReferenceValues
{
    /// <summary>Compares evidence with each reference value until one has no mismatch; otherwise every mismatch of each is kept.</summary>
    /// <exception cref="PrivatemodeVerificationException">Nothing fits.</exception>
    public static T FindAny<T>(
        IReadOnlyList<T> values, Func<T, string> path, Func<T, IReadOnlyList<VerificationMismatch>> compare, string kind)
    {
        DemandAny(values, kind);
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
            $"The deployment's {kind} evidence is authentic, but shows something else than the manifest allows. Do not send anything.", all);
    }

    /// <summary>Refuses a manifest without reference values of a kind.</summary>
    /// <exception cref="PrivatemodeVerificationException">There is none.</exception>
    public static void DemandAny<T>(IReadOnlyList<T> values, string kind)
    {
        if (values.Count == 0)
        {
            throw new PrivatemodeVerificationException(
                ContrastChecks.ReferenceValueKind,
                $"The manifest has no reference value for {kind}, which the deployment runs on. Do not send anything.")
            {
                Expected = $"at least one reference value for {kind}",
                Found = "none",
            };
        }
    }

    /// <summary>Compares the policy that the machine was launched with to those of the coordinator; any of them will do.</summary>
    public static void ComparePolicy(Manifest manifest, ReadOnlyMemory<byte> found, List<VerificationMismatch> mismatches)
    {
        if (!manifest.CoordinatorPolicyHashes.Any(hash => hash.Span.SequenceEqual(found.Span)))
        {
            mismatches.Add(new VerificationMismatch
            {
                Check = ContrastChecks.CoordinatorPolicy,
                Expected = string.Join(" or ", manifest.CoordinatorPolicyHashes.Select(hash => Convert.ToHexStringLower(hash.Span))),
                Found = Convert.ToHexStringLower(found.Span),
            });
        }
    }
}
