using Privatemode.AI.Attestation.Contrast;

namespace Privatemode.AI;

/// <summary>Specifies requirements for the hardware beyond those of the manifest. See <see cref="VerificationOptions.Hardware"/>.</summary>
/// <remarks>A policy is immutable. Only <see cref="DangerousAcceptOutdatedTdxPlatform"/> requires less than the manifest does.</remarks>
public sealed record HardwarePolicy
{
    /// <summary>Gets the default policy: what the manifest lists, and for TDX the status <c>UpToDate</c>.</summary>
    public static HardwarePolicy Default { get; } = new();

    /// <summary>Gets the technologies that are accepted, as in <see cref="VerifiedDeployment.Tee"/>.</summary>
    /// <value><see cref="TeeKind.SevSnp"/>, <see cref="TeeKind.Tdx"/> or both. The default is <see langword="null"/>: those that the manifest lists.</value>
    /// <remarks><see cref="AllowedAmdChipIds"/> and <see cref="AllowedAmdProducts"/> do not restrict Intel hardware. To accept only the AMD chips or product
    /// lines that they list, allow <see cref="TeeKind.SevSnp"/> alone.</remarks>
    public IReadOnlyCollection<TeeKind>? AllowedTees { get; init; }

    /// <summary>Gets the AMD product lines that are accepted.</summary>
    /// <value>For example <see cref="AmdProduct.Genoa"/>; no manifest that this version reads lists <see cref="AmdProduct.Turin"/>. The default is
    /// <see langword="null"/>: those that the manifest lists.</value>
    /// <remarks>Leave out Milan if you can: its root seed can be extracted by software alone (arXiv 2605.12990). TDX is still accepted, see
    /// <see cref="AllowedTees"/>.</remarks>
    public IReadOnlyCollection<AmdProduct>? AllowedAmdProducts { get; init; }

    /// <summary>Gets the IDs of the AMD chips that are accepted.</summary>
    /// <value>128 hexadecimal digits each, not all of them zero. The default is <see langword="null"/>: those that the manifest allows.</value>
    /// <remarks>A machine whose report does not contain the ID of its chip is refused. TDX is still accepted, see <see cref="AllowedTees"/>.</remarks>
    public IReadOnlyCollection<string>? AllowedAmdChipIds { get; init; }

    /// <summary>Gets a value that indicates whether Intel's status of a TDX platform is ignored, unless it is <c>Revoked</c>. This is insecure.</summary>
    /// <value>The default is <see langword="false"/>: the status must be <c>UpToDate</c>.</value>
    /// <remarks>The status covers CPU, firmware and microcode. The option waives <c>OutOfDate</c>, <c>ConfigurationNeeded</c>, <c>SWHardeningNeeded</c>, their
    /// combinations, and those that advise a relaunch, as Privatemode's own proxy does. It does not waive <c>Revoked</c>, nor a platform that is older than
    /// all levels that Intel lists. The statuses of the TDX module and the quoting enclave must still be <c>UpToDate</c>; for a module that Intel
    /// evaluates together with the platform, the platform's status applies.</remarks>
    public bool DangerousAcceptOutdatedTdxPlatform { get; init; }

    /// <summary>Gets a value that indicates whether a TDX platform must be up to date under Intel's newest TCB info.</summary>
    /// <value>The default is <see langword="false"/>: the platform must be up to date under the TCB evaluation that the manifest
    /// names, as for Privatemode's own proxy. If the platform is not up to date under the newest TCB info, a check in
    /// <see cref="VerifiedDeployment.Checks"/> has the outcome <see cref="VerificationOutcome.Warning"/>.</value>
    /// <remarks>If it is <see langword="true"/>, any TDX platform is refused while the newest TCB info cannot be retrieved and no stored copy of it is valid.
    /// <see cref="DangerousAcceptOutdatedTdxPlatform"/> applies under the newest TCB info as well.</remarks>
    public bool RequireNewestTdxTcbInfo { get; init; }

    /// <summary>Gets the maximum age of the AMD revocation list in the evidence. That list is used only while AMD's current list cannot be retrieved and no
    /// newer copy is stored.</summary>
    /// <value>From zero, which accepts no such list, to 366 days. The age is counted from the date of issue of the list. The default is 30 days.</value>
    /// <remarks>The sender of the evidence chooses this list. The longer this time is, the longer a revoked key can be used while AMD is blocked.</remarks>
    public TimeSpan MaxAmdFallbackRevocationListAge { get; init; } = ContrastOptions.DefaultMaxAmdFallbackRevocationListAge;

    /// <summary>Determines whether another policy has the same values. Collections are compared by their elements, in order.</summary>
    /// <param name="other">The other policy.</param>
    /// <returns><see langword="true"/> if all values are equal; otherwise, <see langword="false"/>.</returns>
    public bool Equals(HardwarePolicy? other) => other is not null
        && AreEqual(AllowedTees, other.AllowedTees)
        && AreEqual(AllowedAmdProducts, other.AllowedAmdProducts)
        && AreEqual(AllowedAmdChipIds, other.AllowedAmdChipIds)
        && DangerousAcceptOutdatedTdxPlatform == other.DangerousAcceptOutdatedTdxPlatform
        && RequireNewestTdxTcbInfo == other.RequireNewestTdxTcbInfo
        && MaxAmdFallbackRevocationListAge == other.MaxAmdFallbackRevocationListAge;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(
        AllowedTees?.Count,
        AllowedAmdProducts?.Count,
        AllowedAmdChipIds?.Count,
        DangerousAcceptOutdatedTdxPlatform,
        RequireNewestTdxTcbInfo,
        MaxAmdFallbackRevocationListAge);

    private static bool AreEqual<T>(IReadOnlyCollection<T>? one, IReadOnlyCollection<T>? other) =>
        one is null || other is null ? ReferenceEquals(one, other) : one.SequenceEqual(other);
}
