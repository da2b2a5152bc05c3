namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>What can be wrong with the attestation document, whatever hardware is under it.</summary>
internal static class DocumentDefects
{
    public static Dictionary<EvidenceDefect, Action<EvidencePlan>> All { get; } = new()
    {
        [EvidenceDefect.WrongNonce] = plan => plan.Document.BindNonce = nonce => Flip(nonce, 0),
        [EvidenceDefect.WrongReportDataTail] = plan => plan.Document.ChangeReportData = data => data[^1] = 1,
        [EvidenceDefect.SwappedMeshCa] = plan => plan.Document.ShowMeshCa = _ => TestAuthorities.StrangersMeshCa(),
        [EvidenceDefect.SwappedRootCa] = plan => plan.Document.ShowRootCa = _ => TestAuthorities.StrangersRootCa(),
        [EvidenceDefect.MeshCaEmpty] = plan => plan.Document.ReplaceMeshCa = _ => [],
        [EvidenceDefect.MeshCaNoCertificate] = plan => plan.Document.ReplaceMeshCa = _ => "not a certificate\n"u8.ToArray(),
        [EvidenceDefect.MeshCaExpired] = plan => plan.Document.ReplaceMeshCa = _ => TestAuthorities.ExpiredMeshCa(plan.Day),
        [EvidenceDefect.NoManifest] = plan => plan.Document.Manifests = _ => [],
        [EvidenceDefect.TwoManifests] = plan => plan.Document.Manifests = manifest => [[.. manifest, (byte)'\n'], manifest],
        [EvidenceDefect.ManifestByteChanged] = plan => plan.Document.Manifests = manifest => [[.. manifest, (byte)'\n']],
        [EvidenceDefect.WrongManifestBound] = plan => plan.Document.BindManifest = manifest => [.. manifest, (byte)'\n'],
        [EvidenceDefect.InsecureEvidenceType] = plan => plan.Document.EvidenceType = EvidenceTypes.Insecure,
        [EvidenceDefect.OtherEvidenceType] = plan => plan.Document.EvidenceType =
            EvidenceTypes.Of(plan.Kind == EvidenceKind.Snp ? EvidenceKind.Tdx : EvidenceKind.Snp),
        [EvidenceDefect.EvidenceTruncated] = plan => plan.Document.ChangeEvidence = evidence => evidence[..^7],
        [EvidenceDefect.EvidenceEmpty] = plan => plan.Document.ChangeEvidence = _ => [],
        [EvidenceDefect.DocumentTruncated] = plan => plan.Document.ChangeDocument = text => text[..^1],
        [EvidenceDefect.DocumentRepeatsMember] = plan => plan.Document.ChangeDocument = text => $"{text[..^1]},\"mesh_ca\":\"\"}}",
        [EvidenceDefect.DocumentBadBase64] = plan => plan.Document.ChangeDocument =
            text => text.Replace("\"raw_attestation_doc\":\"", "\"raw_attestation_doc\":\"*", StringComparison.Ordinal),
        [EvidenceDefect.DocumentUnknownMember] = plan => plan.Document.ChangeDocument = text => $"{text[..^1]},\"added_later\":{{\"a\":[1]}}}}",
    };

    /// <summary>A copy with one bit changed.</summary>
    public static byte[] Flip(byte[] bytes, int index)
    {
        byte[] copy = [.. bytes];
        copy[index] ^= 1;
        return copy;
    }
}
