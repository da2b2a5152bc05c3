using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>The differences between two manifests, for the user who decides about the new one.</summary>
internal sealed class ManifestDifference(string? before, string after, IReadOnlyList<ManifestChange> changes, int omitted)
{
    /// <summary>The maximum length of the shown text in characters. A whole manifest of the service has about 10,000.</summary>
    public const int MaxShownLength = 256 * 1024;

    private static readonly Dictionary<string, string> Nothing = [];

    /// <summary>SHA-256 of the old manifest in hexadecimal; null if there is no old manifest.</summary>
    public string? Before { get; } = before;

    /// <summary>SHA-256 of the new manifest in hexadecimal.</summary>
    public string After { get; } = after;

    /// <summary>The differences in meaning: coordinators first, then reference values, owners of seed shares, changed workloads, and the rest.</summary>
    /// <remarks>Members that this client does not know belong to the rest. White space and the order of members are not differences.</remarks>
    public IReadOnlyList<ManifestChange> Changes { get; } = changes;

    /// <summary>The number of differences that are not shown because of <see cref="MaxShownLength"/>.</summary>
    public int Omitted { get; } = omitted;

    /// <summary>Whether <see cref="Changes"/> contains every difference.</summary>
    public bool IsComplete => Omitted == 0;

    /// <summary>A line for each change, and one line for all that are not shown.</summary>
    public IReadOnlyList<string> Lines =>
    [
        .. Changes.Select(change => change.ToString()),
        .. Omitted > 0 ? [$"! {Omitted} more differences are not shown. Compare the files before you decide."] : Array.Empty<string>(),
    ];

    /// <summary>Compares a new manifest with the old one, or lists the new one if there is no old one.</summary>
    public static ManifestDifference Between(Manifest? before, Manifest after)
    {
        IReadOnlyDictionary<string, string> old = before is null ? Nothing : ManifestValues.Read(before);
        IReadOnlyDictionary<string, string> current = ManifestValues.Read(after);
        List<ManifestChange> changes = [];
        int shown = 0;
        int omitted = 0;
        ManifestImportance importance = new(before, after, old);
        foreach (string path in old.Keys.Union(current.Keys).OrderBy(importance.RankOf).ThenBy(path => path, StringComparer.Ordinal))
        {
            string? was = old.GetValueOrDefault(path);
            string? becomes = current.GetValueOrDefault(path);
            if (was == becomes)
            {
                continue;
            }

            shown += path.Length + (was?.Length ?? 0) + (becomes?.Length ?? 0);
            if (shown <= MaxShownLength && omitted == 0)
            {
                changes.Add(new ManifestChange(path, was, becomes));
            }
            else
            {
                omitted++;
            }
        }

        return new ManifestDifference(
            before is null ? null : Convert.ToHexStringLower(before.Digest.Span), Convert.ToHexStringLower(after.Digest.Span), changes, omitted);
    }

    /// <summary>The digests, then one line for each change.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Before is null ? "no manifest" : $"manifest {Before}").Append(" -> ").Append(After).Append('\n');
        foreach (string line in Lines)
        {
            text.Append(line).Append('\n');
        }

        if (Changes.Count == 0 && Omitted == 0)
        {
            text.Append(Before == After ? "the same bytes\n" : "the same meaning: only white space or the order of members differs\n");
        }

        return text.ToString();
    }
}

/// <summary>One difference between two manifests.</summary>
/// <param name="Path">The place of the difference, for example <c>ReferenceValues.snp[0].MinimumTCB.SNPVersion</c>.</param>
/// <param name="Before">The value in the old manifest, or null.</param>
/// <param name="After">The value in the new manifest, or null.</param>
/// <remarks>All three are printable ASCII, so that a manifest cannot manipulate the terminal that shows it.</remarks>
internal sealed record ManifestChange(string Path, string? Before, string? After)
{
    /// <summary>One line: <c>+</c> for added, <c>-</c> for removed, <c>~</c> for changed.</summary>
    public override string ToString() => (Before, After) switch
    {
        (null, _) => $"+ {Path}: {After}",
        (_, null) => $"- {Path}: {Before}",
        _ => $"~ {Path}: {Before} -> {After}",
    };
}

/// <summary>Orders the differences of two manifests: the important ones come first, so that many others cannot push them out of the shown part.</summary>
internal sealed class ManifestImportance
{
    private const string Policies = "Policies.";
    private const string Wildcard = "*";

    private static readonly string[] Measurements = ["TrustedMeasurement", "MrTd", "MrSeam", "Rtmrs", "Rtmr0Alternatives"];
    private static readonly string[] Machines = ["AllowedChipIDs", "AllowedPIIDs"];

    private readonly IReadOnlyDictionary<string, string> _known;
    private readonly Dictionary<string, int> _policies = new(StringComparer.Ordinal);

    /// <param name="before">The old manifest, or null.</param>
    /// <param name="known">The values of the old manifest: their number is limited by what was adopted.</param>
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

    /// <summary>Returns the position: lower comes first.</summary>
    /// <param name="path">A path in the form of <see cref="ManifestValues"/>.</param>
    public int RankOf(string path) =>
        path.StartsWith(Policies, StringComparison.Ordinal) ? _policies.GetValueOrDefault(path[Policies.Length..], Rank.Rest)
        : path.StartsWith("ReferenceValues.", StringComparison.Ordinal) ? RankOfReferenceValue(path)
        : path.StartsWith("SeedshareOwnerPubKeys[", StringComparison.Ordinal) ? Rank.SeedShareOwner
        : Rank.Rest;

    private int RankOfReferenceValue(string path)
    {
        // ReferenceValues.snp[0].Member: a member that this client does not know has no effect.
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

/// <summary>A manifest as a flat list of paths and printable values, so that two of them can be compared.</summary>
/// <remarks>
/// Manifests that are not approved yet are untrusted. Therefore, different positions never have the same path, different values never have the same text, and
/// all output is printable ASCII.
/// </remarks>
internal sealed class ManifestValues
{
    private const string Policies = "Policies";
    private const string OrderedList = ".Rtmrs";
    private const int MaxTextLength = 256;
    private const int ShownOfLongText = 40;
    private const int MaxPathLength = 512;
    private const int ShownOfLongPath = 200;

    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly Stack<(string Path, JsonElement Element)> _rest = new();

    private ManifestValues()
    {
    }

    /// <summary>
    /// Returns one entry for each workload, and one for each value elsewhere. An element of a list of strings is identified by its text, because only the order
    /// of the runtime measurements is significant.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Read(Manifest manifest)
    {
        using JsonDocument document = JsonDocument.Parse(manifest.Raw);
        ManifestValues values = new();
        values.AddPolicies(manifest, document.RootElement.GetProperty(Policies));
        foreach (JsonProperty member in document.RootElement.EnumerateObject().Where(member => member.Name != Policies))
        {
            values._rest.Push((Short(Name(member.Name)), member.Value));
        }

        while (values._rest.TryPop(out (string Path, JsonElement Element) next))
        {
            values.Add(next.Path, next.Element);
        }

        return values._values;
    }

    private void AddPolicies(Manifest manifest, JsonElement policies)
    {
        foreach (WorkloadPolicy policy in manifest.Policies)
        {
            _values[$"{Policies}.{policy.Hash}"] = Describe(policy);
        }

        foreach (JsonProperty policy in policies.EnumerateObject())
        {
            foreach (JsonProperty member in policy.Value.EnumerateObject().Where(member => !WorkloadPolicy.Members.Contains(member.Name)))
            {
                _rest.Push((Short($"{Policies}.{policy.Name.ToLowerInvariant()}.{Name(member.Name)}"), member.Value));
            }
        }
    }

    private void Add(string path, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    _rest.Push((Short($"{path}.{Name(member.Name)}"), member.Value));
                }

                break;
            case JsonValueKind.Array:
                AddList(path, element);
                break;
            default:
                _values[path] = Text(element.GetRawText());
                break;
        }
    }

    private void AddList(string path, JsonElement list)
    {
        bool ordered = path.EndsWith(OrderedList, StringComparison.Ordinal);
        int index = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String && !ordered)
            {
                _values[Short($"{path}[{Text(item.GetRawText())}]")] = "listed";
            }
            else
            {
                _rest.Push(($"{path}[{index.ToString(CultureInfo.InvariantCulture)}]", item));
            }

            index++;
        }
    }

    // Never shortened: one of many names, or the end of a long ID, makes a workload the secret service.
    private static string Describe(WorkloadPolicy policy)
    {
        string names = string.Join(", ", policy.Names.Select(name => Printable(Json(name))));
        string role = policy.Role.Length == 0 ? "" : $"role {policy.Role}, ";
        string secret = policy.WorkloadSecretId.Length == 0 ? "" : $", secrets of {Printable(Json(policy.WorkloadSecretId))}";
        return $"{role}names {names}{secret}";
    }

    private static string Quoted(string text) => Text(Json(text));

    private static string Json(string text) => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";

    // A name that contains path characters, or that is long, is shown as a text, so that it cannot look like another path.
    private static string Name(string name) =>
        name.Length is > 0 and <= MaxTextLength && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '$')
            ? name
            : Quoted(name);

    // Below a long name there can be thousands of paths that each repeat it. In other paths, a bracket never follows dots.
    private static string Short(string path) => path.Length <= MaxPathLength
        ? path
        : $"{path[..ShownOfLongPath]}...[{path.Length} characters, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(path)))}]";

    // The JSON text with quotation marks; long ones are distinguished by their digest.
    private static string Text(string json)
    {
        if (json.Length > MaxTextLength)
        {
            string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)));
            return $"{Printable(json[..ShownOfLongText])}... ({json.Length} characters, SHA-256 {digest})";
        }

        return Printable(json);
    }

    // Characters that are not printable ASCII are shown as their code.
    private static string Printable(string json)
    {
        StringBuilder printable = new();
        foreach (char character in json)
        {
            _ = character is >= ' ' and <= '~'
                ? printable.Append(character)
                : printable.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture));
        }

        return printable.ToString();
    }
}
