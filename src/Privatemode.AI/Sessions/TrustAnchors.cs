using Privatemode.AI.Attestation.Contrast;
using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Sessions;

/// <summary>Public settings in the words of the Attestation rooms.</summary>
internal static class TrustAnchors
{
    internal static readonly TimeSpan LongestSuppliedRevocationList = TimeSpan.FromDays(366);

    /// <summary>The technologies that a policy can name.</summary>
    internal static IReadOnlyList<string> Tees { get; } = [SnpJudgement.Kind, TdxJudgement.Kind];

    /// <summary>The product lines of AMD that a policy can name.</summary>
    internal static IReadOnlyList<string> AmdProducts { get; } = Enum.GetNames<SnpProduct>();

    /// <summary>The vendors' roots, or those of a test.</summary>
    public static ContrastTrustAnchors Of(InsecureLoopbackTrust? trust) => trust is null
        ? ContrastTrustAnchors.Production
        : new ContrastTrustAnchors(
            new SevTrustAnchors(trust.AmdRootKeys.ToDictionary(entry => Product(entry.Key), entry => entry.Value)),
            new TdxTrustAnchors([trust.IntelRootKey]));

    /// <exception cref="PrivatemodeConfigurationException">A technology, product line or chip is not written as it should be.</exception>
    public static ContrastOptions OptionsOf(HardwarePolicy policy) => new()
    {
        AllowedKinds = policy.Tees?.Select(Kind).ToHashSet(),
        AllowedProducts = policy.AmdProducts?.Select(Product).ToHashSet(),
        AllowedChipIds = policy.AmdChipIds?.Select(Chip).ToList(),
        DangerousAcceptOutdatedTdxPlatform = policy.DangerousAcceptOutdatedTdxPlatform,
        RequireUpToDateUnderNewestTcbInfo = policy.RequireUpToDateUnderNewestTcbInfo,
        SuppliedRevocationListMaxAge = policy.SuppliedRevocationListMaxAge >= TimeSpan.Zero
            && policy.SuppliedRevocationListMaxAge <= LongestSuppliedRevocationList
            ? policy.SuppliedRevocationListMaxAge
            : throw new PrivatemodeConfigurationException(
                OptionNames.Hardware,
                $"{nameof(policy.SuppliedRevocationListMaxAge)} must be from zero to {LongestSuppliedRevocationList.TotalDays:0} days."),
    };

    // Values are not quoted: one in the wrong place can be an API key.
    private static SnpProduct Product(AmdProduct product) => SnpProducts.FromName(product.Value) ?? throw new PrivatemodeConfigurationException(
        OptionNames.Hardware,
        $"{OptionNames.Hardware}.{nameof(HardwarePolicy.AmdProducts)} contains an unknown value (length {product.ToString().Length}). " +
            $"Use {string.Join(", ", Enum.GetNames<SnpProduct>())}.");

    private static EvidenceKind Kind(TeeKind tee) => tee.Value switch
    {
        SnpJudgement.Kind => EvidenceKind.SevSnp,
        TdxJudgement.Kind => EvidenceKind.Tdx,
        _ => throw new PrivatemodeConfigurationException(
            OptionNames.Hardware,
            $"{OptionNames.Hardware}.{nameof(HardwarePolicy.Tees)} contains an unknown value (length {tee.ToString().Length}). " +
                $"Use {SnpJudgement.Kind} or {TdxJudgement.Kind}."),
    };

    private static ReadOnlyMemory<byte> Chip(string id) => id is { Length: 128 } && id.All(char.IsAsciiHexDigit) && id.AsSpan().ContainsAnyExcept('0')
        ? Convert.FromHexString(id)
        : throw new PrivatemodeConfigurationException(
            OptionNames.Hardware, "The id of an AMD chip is 128 hexadecimal digits, not all of them zero: zeros stand for a hidden id.");
}
