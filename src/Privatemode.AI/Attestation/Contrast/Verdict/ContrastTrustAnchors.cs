using Privatemode.AI.Attestation.Sev;
using Privatemode.AI.Attestation.Tdx;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>The root keys of both makers of hardware.</summary>
internal sealed record ContrastTrustAnchors(SevTrustAnchors Sev, TdxTrustAnchors Tdx)
{
    /// <summary>AMD's and Intel's own.</summary>
    public static ContrastTrustAnchors Production { get; } = new(SevTrustAnchors.Production, TdxTrustAnchors.Production);
}
