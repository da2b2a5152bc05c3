namespace Privatemode.AI;

/// <summary>What is demanded of the hardware beyond the manifest, and the one thing that can be demanded less. Immutable.</summary>
public sealed record HardwarePolicy
{
    /// <summary>What the manifest lists, and Intel's own rule for TDX.</summary>
    public static HardwarePolicy Default { get; } = new();

    /// <summary>
    /// Technologies accepted, as in <see cref="VerifiedDeployment.Tee"/>: <c>SEV-SNP</c>, <c>TDX</c>. Null: those the manifest lists. What is
    /// demanded of AMD says nothing about Intel: name <c>SEV-SNP</c> alone here if only the listed chips or product lines may answer.
    /// </summary>
    public IReadOnlyCollection<TeeKind>? Tees { get; init; }

    /// <summary>
    /// AMD product lines accepted: <c>Milan</c>, <c>Genoa</c>; <c>Turin</c> too, but no manifest this version reads lists it. Null: those the
    /// manifest lists. Leave out Milan, whose root seed can be extracted by software alone (arXiv 2605.12990), if you can. TDX stays accepted, see
    /// <see cref="Tees"/>.
    /// </summary>
    public IReadOnlyCollection<AmdProduct>? AmdProducts { get; init; }

    /// <summary>
    /// AMD chips accepted, each 128 hexadecimal digits. Null: those the manifest allows. A machine that hides its chip's id is none of them. TDX
    /// stays accepted, see <see cref="Tees"/>.
    /// </summary>
    public IReadOnlyCollection<string>? AmdChipIds { get; init; }

    /// <summary>
    /// Gets a value that indicates whether a TDX platform with outdated firmware or microcode is accepted, as the Go reference does. Intel's verdicts about
    /// the TDX module and the quoting enclave still count. The default is <see langword="false"/>.
    /// </summary>
    public bool DangerousAcceptOutdatedTdxPlatform { get; init; }

    /// <summary>
    /// Refuses a TDX platform that is not up to date under Intel's newest TCB info, and any TDX platform while that cannot be retrieved. By default,
    /// the platform must be up to date under the evaluation that the manifest names, as for the Go reference, and the newest one is a check of its
    /// own in <see cref="VerifiedDeployment.Checks"/>, with a warning. Default false.
    /// </summary>
    public bool RequireUpToDateUnderNewestTcbInfo { get; init; }

    /// <summary>
    /// The oldest revocation list of AMD that is accepted from the evidence, counted from its date of issue, when AMD's current one cannot be
    /// retrieved. Zero to 366 days; zero accepts none. Default 30 days.
    /// </summary>
    /// <remarks>Whoever sends the evidence chooses that list: the longer this is, the longer a revoked key can be used while AMD is blocked.</remarks>
    public TimeSpan SuppliedRevocationListMaxAge { get; init; } = DefaultSuppliedRevocationListMaxAge;

    internal static TimeSpan DefaultSuppliedRevocationListMaxAge => TimeSpan.FromDays(30);
}
