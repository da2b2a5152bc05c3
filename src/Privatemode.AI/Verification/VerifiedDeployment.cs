using System.Text;
using Privatemode.AI.Verification;

namespace Privatemode.AI;

/// <summary>Represents the immutable report of a successful verification of a deployment.</summary>
/// <remarks>The report is for people, logs and audits. It proves nothing to others; for that, save the evidence with <see cref="SaveEvidenceAsync"/>.</remarks>
public sealed record VerifiedDeployment
{
    private readonly EvidenceBundle _evidence;

    internal VerifiedDeployment(EvidenceBundle evidence) => _evidence = evidence;

    /// <summary>Gets the address of the service.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Gets the time of the verification.</summary>
    public required DateTimeOffset VerifiedAt { get; init; }

    /// <summary>Gets the time until which the verification is valid.</summary>
    /// <value>At most <see cref="VerificationOptions.Lifetime"/> after <see cref="VerifiedAt"/>, and never later than the earliest
    /// <see cref="CollateralInfo.ValidUntil"/> in <see cref="Collateral"/>.</value>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>Gets the SHA-256 digest of the manifest, which names all code that can process prompts.</summary>
    /// <value>64 lower-case hexadecimal digits.</value>
    public required string ManifestSha256 { get; init; }

    /// <summary>Gets the reason why the verification expected this manifest.</summary>
    public required ManifestSource ManifestSource { get; init; }

    /// <summary>Gets the time at which this manifest was adopted: accepted and recorded by this client, or by any client that uses the same log directory. See
    /// <see cref="ManifestPolicy"/>.</summary>
    /// <value>For a pinned manifest, the time of the verification.</value>
    public required DateTimeOffset ManifestAdoptedAt { get; init; }

    /// <summary>Gets the SHA-256 digest of another manifest that the publisher names and that was not approved.</summary>
    /// <value>64 lower-case hexadecimal digits, or <see langword="null"/> if there is no such manifest. The approved manifest is still accepted while the
    /// deployment runs it.</value>
    public string? UnapprovedManifestSha256 { get; init; }

    /// <summary>Gets the exact bytes of the manifest.</summary>
    public required ReadOnlyMemory<byte> Manifest { get; init; }

    /// <summary>Gets the technology of the trusted execution environment.</summary>
    public required TeeKind Tee { get; init; }

    /// <summary>Gets the product line of the processor, or <see langword="null"/> if <see cref="Tee"/> is not <see cref="TeeKind.SevSnp"/>.</summary>
    public required AmdProduct? AmdProduct { get; init; }

    /// <summary>Gets the launch measurement (SEV-SNP) or the MRTD (TDX) of the deployment's coordinator.</summary>
    /// <value>96 lower-case hexadecimal digits.</value>
    public required string Measurement { get; init; }

    /// <summary>Gets the SHA-256 digest of the policy of the coordinator's virtual machine, as the hardware reported it. The manifest contains this digest for
    /// the coordinator.</summary>
    /// <value>64 lower-case hexadecimal digits.</value>
    public required string CoordinatorPolicySha256 { get; init; }

    /// <summary>Gets the path in the manifest of the reference value that the evidence matches, for example <c>ReferenceValues.snp[0]</c>.</summary>
    public required string ReferenceValuePath { get; init; }

    /// <summary>Gets information about the trusted computing base (TCB): the firmware and microcode of the processor.</summary>
    /// <value>For SEV-SNP, the versions <c>reported</c>, <c>committed</c>, <c>current</c> and <c>launch</c>. For TDX, Intel's <c>status</c> with its
    /// <c>date</c>, <c>evaluation</c> number and <c>advisories</c>. Later versions can add names.</value>
    public required IReadOnlyDictionary<string, string> Tcb { get; init; }

    /// <summary>Gets the names and validity of the certificates, revocation lists and other collateral with which the evidence was verified.</summary>
    /// <remarks><see cref="SaveEvidenceAsync"/> writes the collateral itself.</remarks>
    public required IReadOnlyList<CollateralInfo> Collateral { get; init; }

    /// <summary>Gets the SHA-256 digest of the mesh CA's certificate (DER), the root of trust for the key exchange.</summary>
    /// <value>64 lower-case hexadecimal digits.</value>
    public required string MeshCaSha256 { get; init; }

    /// <summary>Gets the version that the coordinator claims to have. It is not verified.</summary>
    /// <value>The version, or <see langword="null"/> if the coordinator does not state one.</value>
    public string? ClaimedCoordinatorVersion { get; init; }

    /// <summary>Gets human-readable warnings about what was accepted. The list is usually empty.</summary>
    /// <remarks>To decide in code, use the names and outcomes in <see cref="Checks"/> instead.</remarks>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Gets all checks, including those that resulted in a warning and those that were not performed.</summary>
    public required IReadOnlyList<VerificationCheck> Checks { get; init; }

    /// <summary>Gets a value that indicates whether the deployment was verified with the roots of a test deployment (<see cref="InsecureLoopbackTrust"/>).
    /// </summary>
    /// <value>If <see langword="true"/>, the verification proves nothing about hardware.</value>
    public bool IsInsecureLoopback { get; init; }

    /// <summary>Returns the report as JSON, without the manifest and the evidence.</summary>
    /// <returns>Indented JSON; times are in the format of RFC 3339. Later versions can add members, checks and values of <c>manifestSource</c>.</returns>
    public string ToJson() => Encoding.UTF8.GetString(DeploymentReport.ToJson(this));

    /// <summary>Writes the evidence and the collateral of this verification, so that it can be repeated offline with <see cref="SavedEvidence"/>.</summary>
    /// <param name="destination">The stream to which JSON is written. It is not closed.</param>
    /// <param name="cancellationToken">A token that cancels the operation.</param>
    /// <returns>A task that completes when everything is written.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="destination"/> is <see langword="null"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
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

    /// <summary>Returns the technology, the manifest and the times in one line, for logs.</summary>
    /// <returns>One line of text. With <see cref="InsecureLoopbackTrust"/>, it says that the roots are test roots.</returns>
    public override string ToString()
    {
        string hardware = AmdProduct is { } product ? $"{Tee} ({product})" : $"{Tee}";
        string trust = IsInsecureLoopback ? ", with test roots, which prove nothing about hardware" : "";
        return $"{hardware}, manifest {ManifestSha256}, verified {VerifiedAt:u}, valid until {ValidUntil:u}{trust}";
    }
}

/// <summary>Represents the validity of one piece of collateral, such as a certificate or a revocation list, that was used in a verification.</summary>
public sealed record CollateralInfo
{
    /// <summary>Gets the human-readable name of the collateral, for example <c>AMD revocation list</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the time at which the collateral was issued, or <see langword="null"/> if this library does not record it.</summary>
    /// <value>It is not recorded for intermediate and root certificates of AMD, for the mesh CA, and for the certificates and lists of Intel that are combined
    /// into one entry.</value>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>Gets the last time at which the collateral is valid.</summary>
    public required DateTimeOffset ValidUntil { get; init; }
}
