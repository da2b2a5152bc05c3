namespace Privatemode.AI.Attestation.Contrast;

/// <summary>One workload the manifest allows to run.</summary>
/// <param name="Hash">SHA-256 of its policy document, in hexadecimal, lower case.</param>
/// <param name="Names">The names its certificates may carry, in the manifest's order.</param>
/// <param name="WorkloadSecretId">The id its secrets are derived for; empty when it has none.</param>
/// <param name="Role">Empty, or <see cref="Coordinator"/>.</param>
internal sealed record WorkloadPolicy(string Hash, IReadOnlyList<string> Names, string WorkloadSecretId, string Role)
{
    /// <summary>The role of the one that answers attestation requests and issues certificates.</summary>
    public const string Coordinator = "coordinator";

    /// <summary>The name that Contrast gave every workload up to version 1.24; it says nothing about which one it is.</summary>
    public const string Wildcard = "*";

    /// <summary>The members of a policy's entry in the manifest.</summary>
    public static readonly string[] Members = ["SANs", "WorkloadSecretID", "Role"];

    /// <summary>Whether this is the secret service: a Kubernetes resource of that name, as in <c>apps/v1/StatefulSet/continuum-0/secret-service</c>.</summary>
    public bool IsSecretService => Role.Length == 0 && WorkloadSecretId.EndsWith("/secret-service", StringComparison.Ordinal);
}
