using System.Text.Json;

namespace Privatemode.AI.Attestation.Contrast;

/// <summary>The parsed answer of the coordinator, which is not verified yet.</summary>
/// <remarks>
/// It can have an <c>attestation_type</c> (Contrast 1.22 and later); in documents without one, the evidence itself shows its kind. Parsing is stricter than in
/// Contrast's verifier (Go), which accepts names in other case, line breaks in Base64, and bytes after the object. The policies are not decoded, because the
/// report does not cover them.
/// </remarks>
internal sealed record AttestationDocument
{
    /// <summary>The maximum length of a document in bytes.</summary>
    public const int MaxSize = 3 << 20;

    private static readonly int[] SevSnpType = [1, 3, 9901, 2, 1];
    private static readonly int[] TdxType = [1, 3, 9901, 2, 2];
    private static readonly int[] InsecureType = [1, 3, 9901, 2, 99];

    private static readonly StrictJsonExceptions Failure = new(
        ContrastChecks.DocumentFormat,
        "The attestation document has an invalid format. Do not send anything; update this package if the service is newer.");

    private AttestationDocument()
    {
    }

    /// <summary>The document as it was received.</summary>
    public required ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>The version that the coordinator claims. It is not verified.</summary>
    public required string? Version { get; init; }

    public required EvidenceKind Kind { get; init; }

    /// <summary>Protobuf: <see cref="SevSnpMessage"/> or <see cref="TdxQuoteMessage"/>.</summary>
    public required ReadOnlyMemory<byte> Evidence { get; init; }

    /// <summary>The history of manifests, oldest first, each as the exact bytes of its file.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Manifests { get; init; }

    /// <summary>PEM text.</summary>
    public required ReadOnlyMemory<byte> RootAuthority { get; init; }

    /// <summary>PEM text.</summary>
    public required ReadOnlyMemory<byte> MeshAuthority { get; init; }

    public static AttestationDocument Parse(ReadOnlyMemory<byte> json) => StrictObject.Read(json, MaxSize, Failure, root =>
    {
        StrictObject document = new(
            root, "", Failure, "version", "raw_attestation_doc", "attestation_type", "manifests", "policies", "root_ca", "mesh_ca");
        document.RequireTexts("policies");
        byte[] evidence = document.Base64("raw_attestation_doc");
        return new AttestationDocument
        {
            Raw = json,
            Version = document.OptionalText("version"),
            Kind = ReadKind(document) ?? InferKind(evidence),
            Evidence = evidence,
            Manifests = document.Base64Items("manifests"),
            RootAuthority = document.Base64("root_ca"),
            MeshAuthority = document.Base64("mesh_ca"),
        };
    });

    private static EvidenceKind? ReadKind(StrictObject document)
    {
        List<int> type = [];
        foreach (JsonElement part in document.Items("attestation_type"))
        {
            type.Add(part.ValueKind == JsonValueKind.Number && part.TryGetInt32(out int value)
                ? value
                : throw Failure.Create("attestation_type as an array of integers"));
        }

        if (type.Count == 0)
        {
            return null;
        }

        if (type.SequenceEqual(InsecureType))
        {
            throw PrivatemodeVerificationException.Create(
                ContrastChecks.InsecureEvidence,
                "The deployment says that it runs without confidential computing. Do not send anything.",
                "1.3.9901.2.1 (SEV-SNP) or 1.3.9901.2.2 (TDX)",
                string.Join('.', type));
        }

        return type.SequenceEqual(SevSnpType) ? EvidenceKind.SevSnp
            : type.SequenceEqual(TdxType) ? EvidenceKind.Tdx
            : throw UnknownType(string.Join('.', type.Take(SevSnpType.Length + 1)));
    }

    private static EvidenceKind InferKind(ReadOnlyMemory<byte> evidence)
    {
        ProtobufMessage message = ProtobufMessage.Parse(evidence);
        bool isSnp = SevSnpMessage.IsLikely(message);
        bool isTdx = TdxQuoteMessage.IsLikely(message);
        return isSnp && !isTdx ? EvidenceKind.SevSnp
            : isTdx && !isSnp ? EvidenceKind.Tdx
            : throw UnknownType("neither SEV-SNP nor TDX evidence");
    }

    private static PrivatemodeVerificationException UnknownType(string found) => PrivatemodeVerificationException.Create(
        ContrastChecks.EvidenceType,
        "The deployment's evidence has a type that this package does not support. Do not send anything; update this package.",
        "1.3.9901.2.1 (SEV-SNP) or 1.3.9901.2.2 (TDX)",
        found);
}

/// <summary>The answer of <c>/privatemode/v1/attest</c>, which contains the attestation document.</summary>
internal static class AttestResponse
{
    /// <summary>The maximum length of the answer in bytes. From 4 MiB on, the platform's parser allocates twice the text, and keeps it.</summary>
    public const int MaxSize = (4 << 20) - 1024;

    private static readonly StrictJsonExceptions Failure = new(
        ContrastChecks.ResponseFormat,
        "The answer to the attestation request has an invalid format. Do not send anything; update this package if the service is newer.");

    /// <summary>Returns the bytes of the attestation document.</summary>
    public static ReadOnlyMemory<byte> ReadDocument(ReadOnlyMemory<byte> body) =>
        StrictObject.Read(body, MaxSize, Failure, root => new StrictObject(root, "", Failure, "AttestationDoc").Base64("AttestationDoc"));
}

/// <summary>The technology of the evidence in a document.</summary>
internal enum EvidenceKind
{
    /// <summary>AMD SEV-SNP: a report and its certificates.</summary>
    SevSnp,

    /// <summary>Intel TDX: a quote.</summary>
    Tdx,
}
