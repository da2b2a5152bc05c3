namespace Privatemode.AI.Testing.Evidence.Defects;

/// <summary>The defects of attestation documents, for both kinds of hardware.</summary>
internal static class DocumentDefects
{
    public static IReadOnlyList<DefectDefinition> All { get; } =
    [
        new("WrongNonce", "The evidence was issued for another nonce.", plan => plan.Document.BindNonce = nonce => Flip(nonce, 0)),
        new("WrongReportDataTail", "The second half of the report data is not zero.", plan => plan.Document.ChangeReportData = data => data[^1] = 1),
        new(
            "SwappedMeshCa",
            "The document contains another mesh CA than the evidence is bound to.",
            plan => plan.Document.ShowMeshCa = _ => TestAuthorities.StrangersMeshCa()),
        new(
            "SwappedRootCa",
            "The document contains another root CA than the evidence is bound to.",
            plan => plan.Document.ShowRootCa = _ => TestAuthorities.StrangersRootCa()),
        new("MeshCaEmpty", "The mesh CA is empty, and the evidence is bound to it.", plan => plan.Document.ReplaceMeshCa = _ => []),
        new(
            "MeshCaNoCertificate",
            "The mesh CA is not a certificate; the evidence is about that.",
            plan => plan.Document.ReplaceMeshCa = _ => "not a certificate\n"u8.ToArray()),
        new(
            "MeshCaExpired",
            "The mesh CA has expired; the evidence is about it. This is found when a certificate issued by it is verified.",
            plan => plan.Document.ReplaceMeshCa = _ => TestAuthorities.ExpiredMeshCa(plan.Day)),
        new("NoManifest", "The document has no manifest.", plan => plan.Document.Manifests = _ => []),
        new(
            "TwoManifests",
            "The document has two manifests, the expected one last.",
            plan => plan.Document.Manifests = manifest => [[.. manifest, (byte)'\n'], manifest]),
        new(
            "ManifestByteChanged",
            "The document's manifest has one byte more than the expected one.",
            plan => plan.Document.Manifests = manifest => [[.. manifest, (byte)'\n']]),
        new(
            "WrongManifestBound",
            "The evidence is about another manifest than the document shows.",
            plan => plan.Document.BindManifest = manifest => [.. manifest, (byte)'\n']),
        new("InsecureEvidenceType", "The document says that there is no confidential hardware.", plan => plan.Document.EvidenceType = EvidenceTypes.Insecure),
        new(
            "OtherEvidenceType",
            "The document names the other hardware.",
            plan => plan.Document.EvidenceType =
                EvidenceTypes.Of(plan.Kind == EvidenceKind.SevSnp ? EvidenceKind.Tdx : EvidenceKind.SevSnp)),
        new("EvidenceTruncated", "The encoded evidence ends early.", plan => plan.Document.ChangeEvidence = evidence => evidence[..^7]),
        new("EvidenceEmpty", "The encoded evidence is empty.", plan => plan.Document.ChangeEvidence = _ => []),
        new("DocumentTruncated", "The document ends early.", plan => plan.Document.ChangeDocument = text => text[..^1]),
        new("DocumentRepeatsMember", "The document has its mesh CA twice.", plan => plan.Document.ChangeDocument = text => $"{text[..^1]},\"mesh_ca\":\"\"}}"),
        new(
            "DocumentBadBase64",
            "The document's evidence is not base64.",
            plan => plan.Document.ChangeDocument =
                text => text.Replace("\"raw_attestation_doc\":\"", "\"raw_attestation_doc\":\"*", StringComparison.Ordinal)),
        new(
            "DocumentUnknownMember",
            "The document has an unknown member.",
            plan => plan.Document.ChangeDocument = text => $"{text[..^1]},\"added_later\":{{\"a\":[1]}}}}"),
    ];

    /// <summary>Returns a copy with one changed bit.</summary>
    public static byte[] Flip(byte[] bytes, int index)
    {
        byte[] copy = [.. bytes];
        copy[index] ^= 1;
        return copy;
    }
}
