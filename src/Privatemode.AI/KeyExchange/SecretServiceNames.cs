namespace Privatemode.AI.KeyExchange;

/// <summary>The DNS names by which a certificate of the mesh is known to be the secret service's. Immutable.</summary>
/// <remarks>
/// The mesh CA signs a certificate for every workload of the manifest, and writes into it the names of that workload's entry. A name tells
/// workloads apart only if it stands in one entry.
/// </remarks>
/// <param name="names">The names that the manifest gives to the secret service and to nobody else; compared without regard to case.</param>
/// <param name="acceptsUnnamed">Also accept a certificate without any DNS name.</param>
internal sealed class SecretServiceNames(IEnumerable<string> names, bool acceptsUnnamed = false)
{
    private readonly HashSet<string> _names = new(names, StringComparer.OrdinalIgnoreCase);

    /// <summary>The names, for a message.</summary>
    public override string ToString() => _names.Count == 0 ? "a name that only the secret service has; the manifest gives it none" : string.Join(", ", _names);

    /// <summary>Whether a certificate with these DNS names is the secret service's.</summary>
    public bool Match(IReadOnlyCollection<string> certificate) => certificate.Count == 0 ? acceptsUnnamed : certificate.Any(_names.Contains);
}
