using System.Text;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>What a new manifest says differently, for somebody who has to decide about it.</summary>
internal sealed class ManifestDifference
{
    private static readonly Dictionary<string, string> Nothing = [];

    private ManifestDifference(string? before, string after, IReadOnlyList<ManifestChange> changes)
    {
        Before = before;
        After = after;
        Changes = changes;
    }

    /// <summary>SHA-256 of the old manifest in hexadecimal; null when there is none.</summary>
    public string? Before { get; }

    /// <summary>SHA-256 of the new manifest in hexadecimal.</summary>
    public string After { get; }

    /// <summary>Everything that differs in meaning: workloads first, then every other value by its place in the file.</summary>
    /// <remarks>Members this client does not know are among them. White space and the order of members are not.</remarks>
    public IReadOnlyList<ManifestChange> Changes { get; }

    /// <summary>Compares a new manifest with the old one, or with nothing.</summary>
    public static ManifestDifference Between(Manifest? before, Manifest after)
    {
        IReadOnlyDictionary<string, string> old = before is null ? Nothing : ManifestValues.Read(before);
        IReadOnlyDictionary<string, string> current = ManifestValues.Read(after);
        List<ManifestChange> changes = [];
        foreach (string path in old.Keys.Union(current.Keys).Order(StringComparer.Ordinal))
        {
            string? was = old.GetValueOrDefault(path);
            string? becomes = current.GetValueOrDefault(path);
            if (was != becomes)
            {
                changes.Add(new ManifestChange(path, was, becomes));
            }
        }

        return new ManifestDifference(
            before is null ? null : Convert.ToHexStringLower(before.Digest.Span), Convert.ToHexStringLower(after.Digest.Span), changes);
    }

    /// <summary>The digests, then one line for each change.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Before is null ? "no manifest" : $"manifest {Before}").Append(" -> ").Append(After).Append('\n');
        foreach (ManifestChange change in Changes)
        {
            text.Append(change).Append('\n');
        }

        if (Changes.Count == 0)
        {
            text.Append(Before == After ? "the same bytes\n" : "the same meaning: only white space or the order of members differs\n");
        }

        return text.ToString();
    }
}
