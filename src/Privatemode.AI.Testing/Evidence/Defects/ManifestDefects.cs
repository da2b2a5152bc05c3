using Privatemode.AI.Testing.Evidence.Contrast;
using Privatemode.AI.Testing.Evidence.Sev;

namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>The defects of manifests and of what they allow. The publisher's file and the attestation document contain the same manifest.</summary>
internal static class ManifestDefects
{
    public static IReadOnlyList<DefectDefinition> All { get; } =
    [
        new("ManifestWithoutCoordinator", "No workload is the coordinator.", plan => plan.Manifest.Coordinator.Role = null),
        new("ManifestUnknownRole", "A workload has an unknown role.", plan => plan.Manifest.SecretService.Role = "administrator"),
        new(
            "ManifestShortPolicyKey",
            "The hash of a workload is one byte too short.",
            plan => plan.Manifest.SecretService.Key = plan.Manifest.SecretService.Key[..^2]),
        new(
            "ManifestWithoutReferenceValues",
            "There are no reference values.",
            plan =>
            {
                plan.Manifest.Snp.Clear();
                plan.Manifest.Tdx.Clear();
            }),
        new("ManifestUnknownKind", "There are reference values of an unknown kind.", plan => plan.Manifest.HasUnknownKind = true),
        new("ManifestUnknownMember", "There is an unknown member.", plan => plan.Manifest.HasUnknownMember = true),
        new("ManifestRepeatsMember", "The reference values come twice.", plan => plan.Manifest.RepeatsMember = true),
        new(
            "ManifestOtherHardwareOnly",
            "There are reference values for the other hardware only.",
            plan =>
            {
                if (plan.Kind == EvidenceKind.SevSnp)
                {
                    plan.Manifest.Snp.Clear();
                }
                else
                {
                    plan.Manifest.Tdx.Clear();
                }
            }),
        new("ManifestAllowsDebug", "The guest policy for SNP allows debugging.", plan => AllowOnSnp(plan, GuestPolicyBits.Debug)),
        new("ManifestAllowsMigration", "The guest policy for SNP allows migration agents.", plan => AllowOnSnp(plan, GuestPolicyBits.MigrateMa)),
        new(
            "ManifestInsecurePlatform",
            "The platform for SNP is marked as insecure.",
            plan =>
            {
                foreach (SnpReference reference in plan.Manifest.Snp)
                {
                    reference.Platform = "Metal-QEMU-SNP-Insecure";
                }
            }),
        new(
            "WrongCoordinatorPolicy",
            "The evidence is that of another workload than the coordinator.",
            plan =>
            {
                byte[] hash = plan.Manifest.SecretService.Hash;
                if (plan.Kind == EvidenceKind.SevSnp)
                {
                    plan.Snp.Report.HostData = hash;
                }
                else
                {
                    plan.Tdx.Body.MrConfigId = [.. hash, .. new byte[16]];
                }
            }),
    ];

    // The guest itself keeps the sound policy, and its ID block with it.
    private static void AllowOnSnp(EvidencePlan plan, ulong bit)
    {
        foreach (SnpReference reference in plan.Manifest.Snp)
        {
            reference.GuestPolicy |= bit;
        }
    }
}
