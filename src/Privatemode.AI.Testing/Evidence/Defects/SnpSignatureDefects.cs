using Privatemode.AI.Testing.Evidence.Certificates;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with the signature of an SNP report.</summary>
internal static class SnpSignatureDefects
{
    private const int NumberSize = 72;
    private const int UsedSize = 48;

    public static IReadOnlyList<DefectDefinition> All { get; } =
    [
        new("SnpSignatureChanged", "One bit of the signature is changed.", plan => plan.Snp.ChangeSignature = signature => signature[0] ^= 1),
        new("SnpSignatureZero", "The signature is zero.", plan => plan.Snp.ChangeSignature = signature => signature.AsSpan().Clear()),
        new("SnpSignatureHighR", "The unused bytes of r are not zero.", plan => plan.Snp.ChangeSignature = signature => signature[NumberSize - 1] = 1),
        new("SnpSignatureHighS", "The unused bytes of s are not zero.", plan => plan.Snp.ChangeSignature = signature => signature[NumberSize + UsedSize] = 1),
        new("SnpSignatureTrailing", "The bytes after the signature are not zero.", plan => plan.Snp.ChangeSignature = signature => signature[^1] = 1),
        new(
            "SnpSignatureBigEndian",
            "r and s are written in the wrong byte order.",
            plan => plan.Snp.ChangeSignature = signature =>
            {
                signature.AsSpan(0, UsedSize).Reverse();
                signature.AsSpan(NumberSize, UsedSize).Reverse();
            }),
        new("SnpSignatureByOtherKey", "The report is signed with another key.", plan => plan.Snp.ReportKey = TestKeys.StrangerP384),
        new("SnpChangedAfterSigning", "The report was changed after it was signed.", plan => plan.Snp.AfterSigning = report => report.GuestSvn += 1),
    ];
}
