using System.Text;
using Privatemode.AI.Sessions;

namespace Privatemode.AI;

/// <summary>What a deployment proved about itself, and until when that counts. Immutable.</summary>
public sealed record VerifiedDeployment
{
    private readonly EvidenceBundle _evidence;

    internal VerifiedDeployment(EvidenceBundle evidence) => _evidence = evidence;

    /// <summary>Address of the service.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The time of the verdict.</summary>
    public required DateTimeOffset VerifiedAt { get; init; }

    /// <summary>
    /// Until when the verdict counts: <see cref="VerificationOptions.EvidenceLifetime"/> at most, never past the first date in
    /// <see cref="Collateral"/>.
    /// </summary>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>SHA-256 of the manifest, 64 lower-case hexadecimal digits: it names all code that may see prompts.</summary>
    public required string ManifestSha256 { get; init; }

    /// <summary>Why this manifest was the expected one.</summary>
    public required ManifestSource ManifestSource { get; init; }

    /// <summary>Since when this manifest is the expected one.</summary>
    public required DateTimeOffset ManifestAdoptedAt { get; init; }

    /// <summary>SHA-256 of the manifest that the publisher named at the time and that you did not approve, 64 lower-case hexadecimal digits;
    /// <see langword="null"/> if there was none. The approved manifest goes on counting while the deployment proves it.</summary>
    public string? UnapprovedManifestSha256 { get; init; }

    /// <summary>The exact bytes of the manifest.</summary>
    public required ReadOnlyMemory<byte> Manifest { get; init; }

    /// <summary>The technology: <c>SEV-SNP</c> or <c>TDX</c>.</summary>
    public required string Tee { get; init; }

    /// <summary>The product line, for example <c>Genoa</c>.</summary>
    public required string Product { get; init; }

    /// <summary>Launch measurement (SEV-SNP) or MRTD (TDX), 96 lower-case hexadecimal digits.</summary>
    public required string Measurement { get; init; }

    /// <summary>SHA-256 of the coordinator's policy, 64 lower-case hexadecimal digits.</summary>
    public required string PolicyHash { get; init; }

    /// <summary>The place of the reference value in the manifest that the evidence equals, for example <c>ReferenceValues.snp[0]</c>.</summary>
    public required string ReferenceValue { get; init; }

    /// <summary>Versions of firmware and microcode, or Intel's verdict about them, by name.</summary>
    public required IReadOnlyDictionary<string, string> Tcb { get; init; }

    /// <summary>What the evidence was judged by, with its dates.</summary>
    public required IReadOnlyList<CollateralDate> Collateral { get; init; }

    /// <summary>SHA-256 of the mesh CA's certificate (DER), 64 lower-case hexadecimal digits: the root of everything sent from here on.</summary>
    public required string MeshCaSha256 { get; init; }

    /// <summary>The version the coordinator claims to have; nothing proves it.</summary>
    public string? ClaimedVersion { get; init; }

    /// <summary>What was accepted and should be known; usually empty.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Gets every check: passed, accepted with a warning, or not checked and why.</summary>
    public required IReadOnlyList<VerificationCheck> Checks { get; init; }

    /// <summary>The whole report, without the evidence.</summary>
    /// <returns>JSON, indented; times are RFC 3339.</returns>
    public string ToJson() => Encoding.UTF8.GetString(DeploymentReport.ToJson(this));

    /// <summary>Writes everything the verdict was made of, so that it can be made again: see <see cref="SavedEvidence"/>.</summary>
    /// <param name="destination">Takes JSON; not closed.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>Completes when all is written.</returns>
    public async Task SaveEvidenceAsync(Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        await destination.WriteAsync(EvidenceFile.Write(_evidence), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Determines whether another report has the same content.</summary>
    /// <param name="other">The other report.</param>
    /// <returns><see langword="true"/> if the manifests and <see cref="ToJson"/> are equal; otherwise, <see langword="false"/>.</returns>
    public bool Equals(VerifiedDeployment? other) =>
        other is not null && Manifest.Span.SequenceEqual(other.Manifest.Span) && ToJson() == other.ToJson();

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(VerifiedAt, ManifestSha256);

    /// <summary>One line: technology, manifest, time.</summary>
    /// <returns>For logs.</returns>
    public override string ToString() => $"{Tee} ({Product}), manifest {ManifestSha256}, verified {VerifiedAt:u}, counts until {ValidUntil:u}";
}
