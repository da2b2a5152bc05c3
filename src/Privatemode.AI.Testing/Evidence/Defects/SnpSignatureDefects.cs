using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with the signature of an SNP report.</summary>
internal static class SnpSignatureDefects
{
    private const int NumberSize = 72;
    private const int UsedSize = 48;

    public static Dictionary<EvidenceDefect, Action<EvidencePlan>> All { get; } = new()
    {
        [EvidenceDefect.SnpSignatureChanged] = plan => plan.Snp.ChangeSignature = signature => signature[0] ^= 1,
        [EvidenceDefect.SnpSignatureZero] = plan => plan.Snp.ChangeSignature = signature => signature.AsSpan().Clear(),
        [EvidenceDefect.SnpSignatureHighR] = plan => plan.Snp.ChangeSignature = signature => signature[NumberSize - 1] = 1,
        [EvidenceDefect.SnpSignatureHighS] = plan => plan.Snp.ChangeSignature = signature => signature[NumberSize + UsedSize] = 1,
        [EvidenceDefect.SnpSignatureTrailing] = plan => plan.Snp.ChangeSignature = signature => signature[^1] = 1,
        [EvidenceDefect.SnpSignatureBigEndian] = plan => plan.Snp.ChangeSignature = signature =>
        {
            signature.AsSpan(0, UsedSize).Reverse();
            signature.AsSpan(NumberSize, UsedSize).Reverse();
        },
        [EvidenceDefect.SnpSignatureByOtherKey] = plan => plan.Snp.ReportKey = TestKeys.StrangerP384,
        [EvidenceDefect.SnpChangedAfterSigning] = plan => plan.Snp.AfterSigning = report => report.GuestSvn += 1,
    };
}
