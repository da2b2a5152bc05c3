using System.Text;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What a new manifest says differently, for somebody who has to decide about it.</summary>
internal sealed class ManifestDifference
{
    /// <summary>The most that is shown, in characters; a whole manifest of the service has some ten thousand. Nobody reads more.</summary>
    public const int MostShown = 256 * 1024;

    private static readonly Dictionary<string, string> Nothing = [];

    private ManifestDifference(string? before, string after, IReadOnlyList<ManifestChange> changes, int omitted)
    {
        Omitted = omitted;
        Before = before;
        After = after;
        Changes = changes;
    }

    /// <summary>SHA-256 of the old manifest in hexadecimal; null when there is none.</summary>
    public string? Before { get; }

    /// <summary>SHA-256 of the new manifest in hexadecimal.</summary>
    public string After { get; }

    /// <summary>What differs in meaning: coordinators first, then reference values, owners of seed shares, workloads that changed, and the rest.</summary>
    /// <remarks>Members this client does not know are among the rest. White space and the order of members are not a difference.</remarks>
    public IReadOnlyList<ManifestChange> Changes { get; }

    /// <summary>How many more there are, because those shown have <see cref="MostShown"/> characters already.</summary>
    public int Omitted { get; }

    /// <summary>Whether <see cref="Changes"/> holds every difference.</summary>
    public bool IsComplete => Omitted == 0;

    /// <summary>A line for each change, and one for all that are not shown.</summary>
    public IReadOnlyList<string> Lines =>
    [
        .. Changes.Select(change => change.ToString()),
        .. Omitted > 0 ? [$"! {Omitted} more differences are not shown. Compare the files before you decide."] : Array.Empty<string>(),
    ];

    /// <summary>Compares a new manifest with the old one, or with nothing.</summary>
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
            if (shown <= MostShown && omitted == 0)
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
