using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with a manifest, or with what it allows. CDN and document agree about it.</summary>
internal static class ManifestDefects
{
    public static Dictionary<EvidenceDefect, Action<EvidencePlan>> All { get; } = new()
    {
        [EvidenceDefect.ManifestWithoutCoordinator] = plan => plan.Manifest.Coordinator.Role = null,
        [EvidenceDefect.ManifestUnknownRole] = plan => plan.Manifest.SecretService.Role = "administrator",
        [EvidenceDefect.ManifestShortPolicyKey] = plan => plan.Manifest.SecretService.Key = plan.Manifest.SecretService.Key[..^2],
        [EvidenceDefect.ManifestWithoutReferenceValues] = plan =>
        {
            plan.Manifest.Snp.Clear();
            plan.Manifest.Tdx.Clear();
        },
        [EvidenceDefect.ManifestUnknownKind] = plan => plan.Manifest.HasUnknownKind = true,
        [EvidenceDefect.ManifestUnknownMember] = plan => plan.Manifest.HasUnknownMember = true,
        [EvidenceDefect.ManifestRepeatsMember] = plan => plan.Manifest.RepeatsMember = true,
        [EvidenceDefect.ManifestOtherHardwareOnly] = plan =>
        {
            if (plan.Kind == EvidenceKind.Snp)
            {
                plan.Manifest.Snp.Clear();
            }
            else
            {
                plan.Manifest.Tdx.Clear();
            }
        },
        [EvidenceDefect.ManifestAllowsDebug] = plan => AllowOnSnp(plan, GuestPolicyBits.Debug),
        [EvidenceDefect.ManifestAllowsMigration] = plan => AllowOnSnp(plan, GuestPolicyBits.MigrateMa),
        [EvidenceDefect.ManifestInsecurePlatform] = plan =>
        {
            foreach (SnpReference reference in plan.Manifest.Snp)
            {
                reference.Platform = "Metal-QEMU-SNP-Insecure";
            }
        },
        [EvidenceDefect.WrongCoordinatorPolicy] = plan =>
        {
            byte[] hash = plan.Manifest.SecretService.Hash;
            if (plan.Kind == EvidenceKind.Snp)
            {
                plan.Snp.Report.HostData = hash;
            }
            else
            {
                plan.Tdx.Body.MrConfigId = [.. hash, .. new byte[16]];
            }
        },
    };

    // The guest itself keeps the sound policy, and its ID block with it.
    private static void AllowOnSnp(EvidencePlan plan, ulong bit)
    {
        foreach (SnpReference reference in plan.Manifest.Snp)
        {
            reference.GuestPolicy |= bit;
        }
    }
}
