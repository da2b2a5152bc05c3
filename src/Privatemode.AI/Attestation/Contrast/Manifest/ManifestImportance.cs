namespace Privatemode.AI.Attestation.Contrast;

/// <summary>Puts the differences of two manifests in order: what decides comes first, so that a heap of anything else cannot push it out of sight.</summary>
internal sealed class ManifestImportance
{
    private const string Policies = "Policies.";
    private const string Wildcard = "*";

    private static readonly string[] Measurements = ["TrustedMeasurement", "MrTd", "MrSeam", "Rtmrs", "Rtmr0Alternatives"];
    private static readonly string[] Machines = ["AllowedChipIDs", "AllowedPIIDs"];

    private readonly IReadOnlyDictionary<string, string> _known;
    private readonly Dictionary<string, int> _policies = new(StringComparer.Ordinal);

    /// <param name="before">The old manifest; null for none.</param>
    /// <param name="after">The new one.</param>
    /// <param name="known">The values of the old one: their number is bounded by what was adopted.</param>
    public ManifestImportance(Manifest? before, Manifest after, IReadOnlyDictionary<string, string> known)
    {
        _known = known;
        Dictionary<string, WorkloadPolicy> old = (before?.Policies ?? []).ToDictionary(policy => policy.Hash, StringComparer.Ordinal);
        HashSet<string> names = [.. old.Values.SelectMany(policy => policy.Names).Where(name => name != Wildcard)];
        foreach (WorkloadPolicy policy in old.Values)
        {
            _policies[policy.Hash] = policy.Role == WorkloadPolicy.Coordinator ? Rank.Coordinator : Rank.ChangedWorkload;
        }

        foreach (WorkloadPolicy policy in after.Policies)
        {
            bool isCoordinator = policy.Role == WorkloadPolicy.Coordinator || _policies.GetValueOrDefault(policy.Hash, Rank.Rest) == Rank.Coordinator;
            bool isChanged = old.ContainsKey(policy.Hash) || policy.Names.Any(names.Contains);
            _policies[policy.Hash] = isCoordinator ? Rank.Coordinator : isChanged ? Rank.ChangedWorkload : Rank.NewWorkload;
        }
    }

    /// <summary>Lower comes first.</summary>
    /// <param name="path">A place as <see cref="ManifestValues"/> names it.</param>
    public int RankOf(string path) =>
        path.StartsWith(Policies, StringComparison.Ordinal) ? _policies.GetValueOrDefault(path[Policies.Length..], Rank.Rest)
        : path.StartsWith("ReferenceValues.", StringComparison.Ordinal) ? RankOfReferenceValue(path)
        : path.StartsWith("SeedshareOwnerPubKeys[", StringComparison.Ordinal) ? Rank.SeedShareOwner
        : Rank.Rest;

    private int RankOfReferenceValue(string path)
    {
        // ReferenceValues.snp[0].Member: one that this client does not know decides nothing.
        int end = path.IndexOf("].", StringComparison.Ordinal);
        string member = end < 0 ? "" : path[(end + 2)..].Split('.', '[')[0];
        bool isMeasurement = Measurements.Contains(member);
        return !SnpReferenceValue.Members.Contains(member) && !TdxReferenceValue.Members.Contains(member) ? Rank.Rest
            : _known.ContainsKey(path) ? isMeasurement ? Rank.ChangedMeasurement : Rank.ChangedReferenceValue
            : isMeasurement ? Rank.NewMeasurement
            : Machines.Contains(member) ? Rank.NewMachine
            : Rank.NewReferenceValue;
    }

    private static class Rank
    {
        public const int Coordinator = 0;
        public const int ChangedMeasurement = 1;
        public const int ChangedReferenceValue = 2;
        public const int NewMeasurement = 3;
        public const int NewReferenceValue = 4;
        public const int NewMachine = 5;
        public const int SeedShareOwner = 6;
        public const int ChangedWorkload = 7;
        public const int NewWorkload = 8;
        public const int Rest = 9;
    }
}
